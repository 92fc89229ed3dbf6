#include "services/catalog/when.hpp"

#include <algorithm>

namespace portico::catalog {

namespace {

constexpr std::size_t header_size = 44;

/// RFC 8536 section 3.1.
struct Counts {
    std::size_t is_utc, is_standard, leap, times, types, characters;

    /// Of the block that follows, with times of so many octets.
    std::size_t block(std::size_t time_size) const
    {
        return times * (time_size + 1) + types * 6 + characters + leap * (time_size + 4) +
               is_standard + is_utc;
    }
};

std::int64_t big_endian(std::string_view octets, std::size_t offset, std::size_t size)
{
    std::uint64_t value = octets[offset] < 0 ? ~std::uint64_t{0} : 0;
    for (std::size_t i = 0; i < size; ++i)
        value = value << 8 | static_cast<unsigned char>(octets[offset + i]);
    return static_cast<std::int64_t>(value);
}

std::optional<Counts> counts(std::string_view octets)
{
    if (octets.size() < header_size || !octets.starts_with("TZif")) return std::nullopt;
    const auto count = [&](std::size_t i) {
        return static_cast<std::uint32_t>(big_endian(octets, 20 + 4 * i, 4));
    };
    const Counts result{count(0), count(1), count(2), count(3), count(4), count(5)};
    if (result.types == 0) return std::nullopt;
    return result;
}

} // namespace

std::optional<Zone> parse_zone(std::string_view tzif)
{
    auto count = counts(tzif);
    if (!count) return std::nullopt;
    std::size_t time_size = 4;
    if (tzif[4] >= '2') { // the same again with times of 64 bits
        const auto first = header_size + count->block(4);
        count = counts(tzif.substr(std::min(first, tzif.size())));
        if (!count) return std::nullopt;
        tzif.remove_prefix(first);
        time_size = 8;
    }
    tzif.remove_prefix(header_size);
    if (tzif.size() < count->block(time_size)) return std::nullopt;
    const auto types = count->times * (time_size + 1);
    const auto offset_of = [&](std::size_t type) {
        return static_cast<std::int32_t>(big_endian(tzif, types + 6 * type, 4));
    };
    Zone zone;
    zone.first_offset_ = offset_of(0);
    for (std::size_t i = 0; i < count->times; ++i) {
        const auto type = static_cast<unsigned char>(tzif[count->times * time_size + i]);
        if (type >= count->types) return std::nullopt;
        zone.changes_.push_back({big_endian(tzif, i * time_size, time_size), offset_of(type)});
    }
    const bool sorted = std::ranges::is_sorted(zone.changes_, {}, &Zone::Change::time);
    return sorted ? std::optional{std::move(zone)} : std::nullopt;
}

std::chrono::seconds Zone::offset_at(std::chrono::sys_seconds time) const
{
    const auto after =
        std::ranges::upper_bound(changes_, time.time_since_epoch().count(), {}, &Change::time);
    return std::chrono::seconds{after == changes_.begin() ? first_offset_
                                                          : std::prev(after)->offset};
}

std::chrono::sys_seconds Zone::to_utc(std::chrono::local_seconds time) const
{
    const std::chrono::sys_seconds as_utc{time.time_since_epoch()};
    // No zone is further than a day from UTC, and no two changes are so near to one another.
    const auto before = offset_at(as_utc - std::chrono::days{1});
    const auto later = offset_at(as_utc + std::chrono::days{1});
    if (offset_at(as_utc - before) == before) return as_utc - before;
    if (offset_at(as_utc - later) == later) return as_utc - later;
    return as_utc - before;
}

} // namespace portico::catalog
