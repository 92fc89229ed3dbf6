#pragma once

#include "config/config.hpp"

#include <string_view>
#include <vector>

namespace portico::http {

/// The Cache-Control (RFC 9111 section 5.2) for a file (see Path::file): the value of the first
/// rule whose pattern matches, a view into it, or "". A pattern with a "/" in front is for the
/// whole path, any other for its last name; letters match in their own case.
std::string_view cache_control(const std::vector<config::CacheRule>& rules, std::string_view file);

/// Whether the whole of `text` is what `pattern` describes: "*" is any run of characters without
/// "/", "**" any run at all, either possibly empty. Takes time proportional to the product of both
/// lengths, whatever they hold.
bool matches_pattern(std::string_view pattern, std::string_view text);

} // namespace portico::http
