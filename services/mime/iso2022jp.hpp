#pragma once

#include <string>
#include <string_view>

/// The two Japanese charsets whose pairs are row and cell of JIS X 0208.
namespace portico::mime {

/// RFC 1468, and half-width katakana as many mailers send them.
std::string from_iso2022jp(std::string_view octets);

/// JIS X 0212 (three octets) is U+FFFD.
std::string from_euc_jp(std::string_view octets);

} // namespace portico::mime
