#include "services/smtp/utf8.hpp"

#include <cstddef>

namespace portico::smtp {

namespace {

struct Range {
    unsigned char low, high;
    bool contains(unsigned char octet) const { return octet >= low && octet <= high; }
};
constexpr Range tail{0x80, 0xBF};

/// The rows of RFC 3629 section 4: how many octets follow `first`, and what the next may be.
std::size_t following(unsigned char first, Range& second)
{
    second = tail;
    if (first < 0x80) return 0;
    if (Range{0xC2, 0xDF}.contains(first)) return 1;
    if (first == 0xE0) second.low = 0xA0;  // shorter forms exist
    if (first == 0xED) second.high = 0x9F; // surrogates
    if (Range{0xE0, 0xEF}.contains(first)) return 2;
    if (first == 0xF0) second.low = 0x90;
    if (first == 0xF4) second.high = 0x8F; // past U+10FFFF
    if (Range{0xF0, 0xF4}.contains(first)) return 3;
    second = {1, 0};
    return 1; // no octet fits: it is none
}

} // namespace

bool is_utf8(std::string_view text)
{
    while (!text.empty()) {
        Range allowed{};
        const auto more = following(static_cast<unsigned char>(text.front()), allowed);
        if (text.size() <= more) return false;
        for (std::size_t i = 1; i <= more; ++i) {
            if (!allowed.contains(static_cast<unsigned char>(text[i]))) return false;
            allowed = tail;
        }
        text.remove_prefix(1 + more);
    }
    return true;
}

} // namespace portico::smtp
