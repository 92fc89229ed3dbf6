#pragma once

#include <string_view>

namespace portico::smtp {

/// Whether all of `text` is UTF-8 as RFC 3629 section 4 has it: no overlong forms, no surrogates,
/// nothing past U+10FFFF. ASCII is.
bool is_utf8(std::string_view text);

} // namespace portico::smtp
