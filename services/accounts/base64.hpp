#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace portico::accounts {

/// RFC 4648 section 4: the standard alphabet, padded, without line breaks.
std::string base64(std::string_view octets);

/// The octets of `text`; nothing if it is not exactly what base64() would make of them: other
/// characters (section 3.3), missing or superfluous padding, or pad bits that are not zero
/// (section 3.5). So two texts never mean the same octets.
std::optional<std::string> from_base64(std::string_view text);

} // namespace portico::accounts
