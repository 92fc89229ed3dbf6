#include "config/units.hpp"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <limits>
#include <system_error>

namespace portico::config {

namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

// From the largest down: format() takes the first that divides.
constexpr std::array sizes{
    Unit{"TiB", std::uint64_t{1} << 40},
    Unit{"GiB", std::uint64_t{1} << 30},
    Unit{"MiB", std::uint64_t{1} << 20},
    Unit{"KiB", std::uint64_t{1} << 10},
    Unit{"B", 1},
};
constexpr std::array times{
    Unit{"h", 3'600'000},  Unit{"m", 60'000}, Unit{"s", 1'000},
    Unit{"d", 86'400'000}, // here, so that it is only read: limits are better known as "24h"
    Unit{"ms", 1},
};

template <std::size_t count>
std::optional<std::uint64_t> parse(std::string_view text, const std::array<Unit, count>& units,
                                   std::uint64_t most)
{
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return {};
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.starts_with(' ')) text.remove_prefix(1);
    for (const Unit& unit : units) {
        if (text != unit.name) continue;
        if (number > most / unit.factor) return {};
        return number * unit.factor;
    }
    return {};
}

template <std::size_t count>
std::string format(std::uint64_t value, const std::array<Unit, count>& units,
                   std::string_view between)
{
    for (const Unit& unit : units) {
        if (value != 0 && value % unit.factor == 0)
            return fmt::format("{}{}{}", value / unit.factor, between, unit.name);
    }
    return fmt::format("0{}{}", between, units.back().name);
}

} // namespace

std::optional<std::uint64_t> parse_size(std::string_view text)
{
    return parse(text, sizes, std::numeric_limits<std::uint64_t>::max());
}

std::optional<Duration> parse_duration(std::string_view text)
{
    constexpr auto most = static_cast<std::uint64_t>(Duration::max().count());
    const auto milliseconds = parse(text, times, most);
    if (!milliseconds) return {};
    return Duration{static_cast<Duration::rep>(*milliseconds)};
}

std::string format_size(std::uint64_t octets)
{
    return format(octets, sizes, " ");
}

std::string format_duration(Duration duration)
{
    return format(static_cast<std::uint64_t>(duration.count()), times, "");
}

} // namespace portico::config
