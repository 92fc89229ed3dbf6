#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace portico::catalog {

/// A zone's clock: UTC, or what a file of the zone data says. Past its last change that one's
/// offset holds (the rule for later years, in the file's footer, is not read).
class Zone {
public:
    Zone() = default;

    std::chrono::seconds offset_at(std::chrono::sys_seconds time) const;
    /// Of a time that comes twice the first, of one that never comes as if the clock had not been
    /// put forward.
    std::chrono::sys_seconds to_utc(std::chrono::local_seconds time) const;

private:
    friend std::optional<Zone> parse_zone(std::string_view tzif);
    struct Change {
        std::int64_t time; // seconds since 1970, UTC
        std::int32_t offset;
    };
    std::vector<Change> changes_ = {};
    std::int32_t first_offset_ = 0; // before the first change
};

/// A file of the zone data (RFC 8536), any version; nothing if it is none.
std::optional<Zone> parse_zone(std::string_view tzif);

/// Whether a name may be one of the zone data's: it leads out of no folder.
bool is_zone_name(std::string_view name);

/// A date of the search grammar: YYYY-MM-DD, YYYY/MM/DD or MM/DD/YYYY, each with HH:MM[:SS] or not,
/// in `zone`; RFC 3339; seconds or milliseconds since 1970.
std::optional<std::chrono::sys_time<std::chrono::milliseconds>> parse_when(std::string_view text,
                                                                           const Zone& zone);

} // namespace portico::catalog
