#pragma once

#include <string>
#include <string_view>

namespace portico::mime {

/// A reader's view of `html`: a line for each block, a paragraph apart from the next, "* " before
/// an item, a link's target behind it: "Confirm ( https://example.org/x )".
std::string html_to_text(std::string_view html);

/// The words of `html`, each apart from the next by one blank; with `targets` those of links, too.
std::string html_to_words(std::string_view html, bool targets);

/// The first words of a message: of the HTML, or of the text if there is none. Above 200 octets cut
/// between characters, with "..." behind.
std::string snippet(std::string_view html, std::string_view text);

} // namespace portico::mime
