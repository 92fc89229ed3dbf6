#pragma once

#include <array>
#include <cstdint>
#include <string_view>

/// What tables/make_charsets.cpp writes while portico is built. U+FFFD: no character there.
namespace portico::mime {

/// A charset whose lower half is ASCII.
struct SingleByte {
    std::string_view name; // in lower case, letters and digits only
    char16_t upper_half[128];
};

/// A charset of pairs, each led by an octet from 0x80 up.
struct DoubleByte {
    struct Row {
        std::uint16_t offset; // of its first value
        std::uint8_t first;   // second octet that it has
        std::uint8_t size;
    };
    std::array<Row, 128> rows; // by the leading octet
    const char16_t* values;

    char16_t operator()(unsigned char lead, unsigned char second) const
    {
        if (lead < 0x80) return 0xFFFD;
        const auto& row = rows[lead - 0x80u];
        if (second < row.first || second - row.first >= row.size) return 0xFFFD;
        return values[row.offset + second - row.first];
    }
};

/// From this index on (of GB 18030's four octets) characters count up from `first`.
struct Gb18030Range {
    std::uint16_t index;
    char16_t first;
};

extern const SingleByte single_byte_charsets[]; // the last has no name
extern const DoubleByte shift_jis;              // CP932: JIS X 0208 and what vendors added to it
extern const DoubleByte gbk;                    // the two octets of GB 18030
extern const DoubleByte uhc;                    // CP949: EUC-KR and the rest of Hangul
extern const DoubleByte big5;                   // CP950
extern const Gb18030Range gb18030_ranges[];     // the last has index 39420

} // namespace portico::mime
