#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace portico::http {

/// Octets of a representation; never empty.
struct ByteRange {
    std::uint64_t offset;
    std::uint64_t length;

    bool operator==(const ByteRange&) const = default;
};

enum class RangeError : std::uint8_t {
    ignored,       // not bytes, malformed, or too many: as if it had not been asked for
    unsatisfiable, // 416
};

/// With more ranges than this in one request, Range is ignored (RFC 9110 section 14.2).
inline constexpr std::size_t most_ranges = 16;

/// Ranges nearer to each other than this are sent as one: the head of a part costs more.
inline constexpr std::uint64_t gap = 80;

/// The value of Range (RFC 9110 section 14.1.2) for a representation of `size` octets: in the
/// order they are asked for, without those that cannot be satisfied; overlapping and near ones
/// made one (section 15.3.7.2), so that nobody is sent more than there is, and a little.
std::expected<std::vector<ByteRange>, RangeError> parse_range(std::string_view value,
                                                              std::uint64_t size);

/// The field lines of section 14.4, for a part and for 416.
std::string content_range(const ByteRange& range, std::uint64_t size);
std::string unsatisfied_range(std::uint64_t size);

} // namespace portico::http
