#include "services/accounts/saslprep.hpp"

#include <algorithm>
#include <array>

namespace portico::accounts {

namespace {

struct Range {
    char32_t first, last;
};

// RFC 3454 appendix C.1.2; with it U+200B, which appendix B.1 has too.
constexpr std::array spaces{
    Range{0xa0, 0xa0},     Range{0x1680, 0x1680}, Range{0x2000, 0x200b},
    Range{0x202f, 0x202f}, Range{0x205f, 0x205f}, Range{0x3000, 0x3000},
};

constexpr std::array mapped_to_nothing{
    // appendix B.1
    Range{0xad, 0xad},     Range{0x34f, 0x34f},   Range{0x1806, 0x1806}, Range{0x180b, 0x180d},
    Range{0x200c, 0x200d}, Range{0x2060, 0x2060}, Range{0xfe00, 0xfe0f}, Range{0xfeff, 0xfeff},
};

constexpr std::array prohibited{
    Range{0x00, 0x1f},       Range{0x7f, 0x9f},       Range{0x6dd, 0x6dd}, // C.2: controls
    Range{0x70f, 0x70f},     Range{0x180e, 0x180e},   Range{0x2028, 0x2029},
    Range{0x2061, 0x2063},   Range{0xfff9, 0xfffd},   Range{0x1d173, 0x1d17a},
    Range{0xe000, 0xf8ff},   Range{0xf0000, 0xffffd}, Range{0x100000, 0x10fffd}, // C.3: private
    Range{0xfdd0, 0xfdef},                                                       // C.4
    Range{0x340, 0x341},     Range{0x200e, 0x200f},   Range{0x202a, 0x202e},     // C.8
    Range{0x206a, 0x206f},   Range{0x2ff0, 0x2ffb},                              // C.7
    Range{0xe0001, 0xe0001}, Range{0xe0020, 0xe007f},                            // C.9
};

bool in(const auto& table, char32_t c)
{
    return std::ranges::any_of(table, [c](Range r) { return r.first <= c && c <= r.last; });
}

/// The character that `text` begins with, and its octets; 0 of them if it is none.
struct Character {
    char32_t code = 0;
    std::size_t octets = 0;
};

Character first_character(std::string_view text)
{
    const auto octet = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = octet(0);
    if (lead < 0x80) return {lead, 1};
    const std::size_t octets = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < octets) return {};
    char32_t code = lead & (0xffU >> (octets + 1));
    for (std::size_t i = 1; i < octets; ++i) {
        if ((octet(i) & 0xc0) != 0x80) return {};
        code = code << 6 | (octet(i) & 0x3fU);
    }
    constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
    if (code < least[octets] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
    return {code, octets};
}

} // namespace

bool is_utf8(std::string_view text)
{
    while (!text.empty()) {
        const auto character = first_character(text);
        if (character.octets == 0) return false;
        text.remove_prefix(character.octets);
    }
    return true;
}

std::optional<std::string> saslprep(std::string_view text)
{
    std::string prepared;
    while (!text.empty()) {
        const auto [code, octets] = first_character(text);
        if (octets == 0) return std::nullopt;
        if (in(spaces, code))
            prepared += ' ';
        else if (in(prohibited, code) || (code & 0xfffe) == 0xfffe) // U+nFFFE, U+nFFFF: C.4
            return std::nullopt;
        else if (!in(mapped_to_nothing, code))
            prepared += text.substr(0, octets);
        text.remove_prefix(octets);
    }
    return prepared;
}

} // namespace portico::accounts
