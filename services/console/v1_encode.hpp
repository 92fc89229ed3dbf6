#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// How texts and octets are written in a message. Pure.
namespace portico::console {

/// Of a header field: as it is, if that is printable ASCII and not too long; else in encoded words
/// of at most 75 characters (RFC 2047 section 2), each on a line of its own.
std::string header_text(std::string_view text);

/// A display name (RFC 5322 section 3.4): quoted, or in encoded words.
std::string display_name(std::string_view name);

/// `; name="value"`, or in pieces as RFC 2231 section 4.1 has them, each on a line of its own.
std::string parameter(std::string_view name, std::string_view value);

/// RFC 2045 section 6.8: lines of 76 characters, each with CRLF.
std::string base64_lines(std::string_view octets);

/// RFC 2045 section 6.7, for text: its line ends (CRLF or LF) become CRLF.
std::string quoted_printable(std::string_view text);

} // namespace portico::console
