#include "services/mime/iso2022jp.hpp"

#include "services/mime/charset_tables.hpp"
#include "services/mime/utf8.hpp"

#include <cstdint>

namespace portico::mime {

namespace {

enum class Set : std::uint8_t { ascii, katakana, jis_x_0208, unknown };

/// Row and cell, each 1 to 94, by way of Shift_JIS, whose table we have.
char32_t jis_x_0208(unsigned row, unsigned cell)
{
    if (row < 1 || row > 94 || cell < 1 || cell > 94) return replacement;
    const auto lead = (row - 1) / 2 + (row <= 62 ? 0x81 : 0xC1);
    const auto second = row % 2 == 0 ? cell + 0x9E : cell + (cell <= 63 ? 0x3F : 0x40);
    return shift_jis(static_cast<unsigned char>(lead), static_cast<unsigned char>(second));
}

/// What comes after an escape sequence (RFC 1468), and takes it away.
Set take_escape(std::string_view& octets)
{
    static constexpr struct {
        std::string_view sequence;
        Set set;
    } known[] = {
        {"\x1B(B", Set::ascii},      {"\x1B(J", Set::ascii},    {"\x1B$@", Set::jis_x_0208},
        {"\x1B$B", Set::jis_x_0208}, {"\x1B(I", Set::katakana}, {"\x1B$(D", Set::unknown},
    };
    for (const auto& escape : known) {
        if (!octets.starts_with(escape.sequence)) continue;
        octets.remove_prefix(escape.sequence.size());
        return escape.set;
    }
    octets.remove_prefix(1);
    return Set::ascii;
}

unsigned second_octet(std::string_view octets)
{
    return octets.size() > 1 ? static_cast<unsigned char>(octets[1]) : 0u;
}

} // namespace

std::string from_iso2022jp(std::string_view octets)
{
    std::string text;
    auto set = Set::ascii;
    while (!octets.empty()) {
        const unsigned c = static_cast<unsigned char>(octets.front());
        if (c == 0x1B) {
            set = take_escape(octets);
            continue;
        }
        // RFC 1468: a line ends in ASCII. Who forgot that loses one line, not the text.
        if (c == '\r' || c == '\n') set = Set::ascii;
        std::size_t size = 1;
        if (set == Set::ascii || c <= 0x20) {
            append(text, c < 0x80 ? c : replacement);
        } else if (set == Set::katakana) {
            append(text, c >= 0x21 && c <= 0x5F ? 0xFF61 + c - 0x21 : replacement);
        } else {
            const auto second = second_octet(octets);
            size = second > 0x20 ? 2 : 1;
            append(text, set == Set::jis_x_0208 && size == 2 ? jis_x_0208(c - 0x20, second - 0x20)
                                                             : replacement);
        }
        octets.remove_prefix(size);
    }
    return text;
}

std::string from_euc_jp(std::string_view octets)
{
    std::string text;
    while (!octets.empty()) {
        const unsigned c = static_cast<unsigned char>(octets.front());
        const auto second = second_octet(octets);
        std::size_t size = 1;
        if (c < 0x80) {
            append(text, c);
        } else if (c == 0x8E && second >= 0xA1 && second <= 0xDF) {
            append(text, 0xFF61 + second - 0xA1);
            size = 2;
        } else if (c == 0x8F && second >= 0xA1) {
            append(text, replacement);
            size = 3;
        } else {
            const bool pair = c >= 0xA1 && second >= 0xA1;
            append(text, pair ? jis_x_0208(c - 0xA0, second - 0xA0) : replacement);
            size = pair ? 2 : 1;
        }
        octets.remove_prefix(std::min(size, octets.size()));
    }
    return text;
}

} // namespace portico::mime
