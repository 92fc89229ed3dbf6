#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace portico::http {

/// An HTTP-date in any of its three forms (RFC 9110 section 5.6.7): IMF-fixdate, the obsolete
/// one of RFC 850, and asctime's. Nothing for anything else, such as a day no month has. `now` is
/// for the two digits of a year that RFC 850 leaves. reply.hpp writes dates.
std::optional<std::chrono::sys_seconds> parse_date(std::string_view text,
                                                   std::chrono::sys_seconds now);

} // namespace portico::http
