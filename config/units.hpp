#pragma once

#include "config/config.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Sizes and times as people write them: a whole number, perhaps one space, and a unit.
/// There is one spelling of each unit, so that "MB" is never read as what it does not mean.
namespace portico::config {

/// "512 B", "64 KiB", "50 MiB", "2 GiB", "1 TiB" in octets; nothing if it is not one of these
/// or does not fit.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// "500ms", "8s", "10m", "1h", "30d"; nothing if it is not one of these or does not fit.
std::optional<Duration> parse_duration(std::string_view text);

/// A short spelling that parse_size() and parse_duration() read back as the same value.
std::string format_size(std::uint64_t octets);
std::string format_duration(Duration duration);

} // namespace portico::config
