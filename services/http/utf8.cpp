#include "services/http/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace portico::http {

namespace {

/// How many octets at the front of `text` are ASCII, perhaps fewer than there are: eight at once.
std::size_t ascii_octets(std::string_view text)
{
    constexpr std::uint64_t high_bits = 0x8080808080808080;
    std::size_t count = 0;
    for (std::uint64_t word = 0; count + sizeof word <= text.size(); count += sizeof word) {
        std::memcpy(&word, text.data() + count, sizeof word);
        if ((word & high_bits) != 0) break;
    }
    return count;
}

} // namespace

bool Utf8::begin(unsigned char octet)
{
    low_ = 0x80;
    high_ = 0xBF;
    if (octet < 0x80) {
        character_ = octet;
    } else if (octet >= 0xC2 && octet <= 0xDF) {
        missing_ = 1;
        character_ = octet & 0x1Fu;
    } else if (octet >= 0xE0 && octet <= 0xEF) {
        if (octet == 0xE0) low_ = 0xA0;  // shorter forms exist
        if (octet == 0xED) high_ = 0x9F; // surrogates
        missing_ = 2;
        character_ = octet & 0x0Fu;
    } else if (octet >= 0xF0 && octet <= 0xF4) {
        if (octet == 0xF0) low_ = 0x90;
        if (octet == 0xF4) high_ = 0x8F; // past U+10FFFF
        missing_ = 3;
        character_ = octet & 0x07u;
    } else {
        return false;
    }
    return true;
}

bool Utf8::take(unsigned char octet)
{
    if (missing_ == 0) return begin(octet);
    if (octet < low_ || octet > high_) return false;
    low_ = 0x80;
    high_ = 0xBF;
    character_ = character_ << 6 | (octet & 0x3Fu);
    --missing_;
    return true;
}

bool Utf8::take(std::string_view piece)
{
    while (!piece.empty()) {
        if (whole()) piece.remove_prefix(ascii_octets(piece));
        if (piece.empty()) break;
        if (!take(static_cast<unsigned char>(piece.front()))) return false;
        piece.remove_prefix(1);
    }
    return true;
}

} // namespace portico::http
