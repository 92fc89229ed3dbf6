#pragma once

#include <string>
#include <string_view>

namespace portico::mime {

/// `octets` of a charset as UTF-8. Names in any case and in the spellings that mailers use. What
/// the charset does not have is U+FFFD. An unknown or empty name means UTF-8, of which US-ASCII is
/// a part (RFC 2045 section 5.2).
///
/// ISO-8859-1 is read as windows-1252, GB2312 as GB 18030, KS C 5601 as CP949: what mailers mean
/// who say so. Not known: UTF-7, ISO-2022-KR and -CN, JIS X 0212.
std::string to_utf8(std::string_view octets, std::string_view charset);

} // namespace portico::mime
