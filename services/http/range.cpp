#include "services/http/range.hpp"

#include "services/http/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

namespace portico::http {

namespace {

constexpr auto most = std::numeric_limits<std::uint64_t>::max();

// 1*DIGIT. What is too large for the type is beyond the end of any file, too.
std::optional<std::uint64_t> number(std::string_view text)
{
    if (text.empty()) return std::nullopt;
    std::uint64_t value = 0;
    for (auto c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        value = value > (most - digit) / 10 ? most : value * 10 + digit;
    }
    return value;
}

struct Spec {
    std::uint64_t first;
    std::uint64_t last; // with the last octet; before `first` if it cannot be satisfied
};

// One range-spec: int-range or suffix-range. Nothing if it is malformed.
std::optional<Spec> parse_spec(std::string_view text, std::uint64_t size)
{
    const auto dash = text.find('-');
    if (dash == text.npos) return std::nullopt;
    const auto left = number(text.substr(0, dash));
    const auto right = number(text.substr(dash + 1));
    if (dash == 0) { // the last octets, or all if there are fewer
        if (!right) return std::nullopt;
        return *right == 0 ? Spec{.first = 1, .last = 0}
                           : Spec{.first = size - std::min(*right, size), .last = size - 1};
    }
    if (!left || (!right && dash + 1 != text.size())) return std::nullopt;
    if (right && *right < *left) return std::nullopt; // section 14.1.1: invalid
    if (*left >= size) return Spec{.first = 1, .last = 0};
    return Spec{.first = *left, .last = std::min(right.value_or(most), size - 1)};
}

bool are_near(const ByteRange& one, const ByteRange& other)
{
    const auto& before = one.offset < other.offset ? one : other;
    const auto& after = one.offset < other.offset ? other : one;
    const auto end = before.offset + before.length;
    return after.offset <= end || after.offset - end < gap;
}

// Joins what is near to it, in the place of the one that was asked for first. Grown, it may
// reach others.
void add(std::vector<ByteRange>& ranges, ByteRange range)
{
    auto place = ranges.size();
    for (std::size_t i = 0; i < ranges.size();) {
        const auto other = ranges[i];
        if (!are_near(range, other)) {
            ++i;
            continue;
        }
        const auto end = std::max(other.offset + other.length, range.offset + range.length);
        range.offset = std::min(other.offset, range.offset);
        range.length = end - range.offset;
        place = std::min(place, i);
        ranges.erase(ranges.begin() + static_cast<std::ptrdiff_t>(i));
        i = 0;
    }
    ranges.insert(ranges.begin() + static_cast<std::ptrdiff_t>(place), range);
}

} // namespace

std::expected<std::vector<ByteRange>, RangeError> parse_range(std::string_view value,
                                                              std::uint64_t size)
{
    const auto equals = value.find('=');
    // RFC 9110 section 14.1: names of range units are compared without case.
    if (equals == value.npos || !equals_ignoring_case(value.substr(0, equals), "bytes"))
        return std::unexpected{RangeError::ignored};
    value.remove_prefix(equals + 1);
    // The last octets of nothing are nothing, but Content-Range has no way to say so.
    if (size == 0) return std::unexpected{RangeError::ignored};
    std::vector<ByteRange> ranges;
    std::size_t specs = 0;
    bool malformed = false;
    each_member(value, [&](std::string_view member) {
        if (malformed || ++specs > most_ranges) return;
        const auto spec = parse_spec(member, size);
        if (!spec)
            malformed = true;
        else if (spec->first <= spec->last)
            add(ranges, {.offset = spec->first, .length = spec->last - spec->first + 1});
    });
    if (malformed || specs == 0 || specs > most_ranges) return std::unexpected{RangeError::ignored};
    if (ranges.empty()) return std::unexpected{RangeError::unsatisfiable};
    return ranges;
}

std::string content_range(const ByteRange& range, std::uint64_t size)
{
    return fmt::format("Content-Range: bytes {}-{}/{}\r\n", range.offset,
                       range.offset + range.length - 1, size);
}

std::string unsatisfied_range(std::uint64_t size)
{
    return fmt::format("Content-Range: bytes */{}\r\n", size);
}

} // namespace portico::http
