#pragma once

#include <string>
#include <string_view>

namespace portico::mime {

/// `text` with its encoded words (RFC 2047) decoded, in UTF-8. More is taken than the RFC allows:
/// within quotes and beside other text, with blanks inside, and longer than 75 octets; that is how
/// mailers write them. What is none is left as it stands.
std::string decode_words(std::string_view text);

} // namespace portico::mime
