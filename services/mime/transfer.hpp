#pragma once

#include <string>
#include <string_view>

namespace portico::mime {

/// What `body` is without its Content-Transfer-Encoding (RFC 2045 section 6). An unknown encoding
/// is none; what does not belong into an encoded text is passed over.
std::string decode_transfer(std::string_view body, std::string_view encoding);

/// RFC 2045 section 6.8, as far as it goes.
std::string decode_base64(std::string_view text);

/// RFC 2045 section 6.7; line ends stay as they are. With `underscores` the "Q" encoding of an
/// encoded word (RFC 2047 section 4.2).
std::string decode_quoted_printable(std::string_view text, bool underscores = false);

/// The first file in uuencoded lines; no standard, but found in old mail.
std::string decode_uuencode(std::string_view text);

} // namespace portico::mime
