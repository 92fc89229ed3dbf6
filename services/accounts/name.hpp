#pragma once

#include <string>
#include <string_view>

namespace portico::accounts {

/// Names are compared without case; ASCII's, so that they do not change with the locale.
std::string lowered(std::string_view text);

} // namespace portico::accounts
