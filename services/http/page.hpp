#pragma once

#include <string>
#include <string_view>

namespace portico::http {

/// The beginning of a page of ours, up to the open <main>: no scripts, nothing from elsewhere,
/// light and dark. `title` is HTML already; `style` is added to the common one, which has cards
/// (.card) with tables, and numbers (.n).
std::string begin_page(std::string_view title, std::string_view style);

/// Closes what begin_page() has opened.
inline constexpr std::string_view page_end = "</main>\n</body>\n</html>\n";

/// `text` with everything escaped that means something in HTML, also between quotes.
std::string escape_html(std::string_view text);

} // namespace portico::http
