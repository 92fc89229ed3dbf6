#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace portico::mime {

/// A point in time and the clock on the wall where it was written.
struct Date {
    std::chrono::sys_seconds time = {};
    std::chrono::minutes offset = {}; // east of Greenwich

    bool operator==(const Date&) const = default;
};

/// RFC 5322 section 3.3 with the obsolete forms of 4.3; nothing if it is no date.
std::optional<Date> parse_date(std::string_view text);

/// RFC 3339, with `date`'s own offset; "Z" if that is 0.
std::string to_rfc3339(const Date& date);

} // namespace portico::mime
