#include "services/mime/charset.hpp"

#include "services/mime/charset_tables.hpp"
#include "services/mime/iso2022jp.hpp"
#include "services/mime/utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace portico::mime {

namespace {

/// Lower case, letters and digits only: "ISO_8859-1", "iso8859-1" and "ISO-8859-1" are one.
std::string spelled(std::string_view name)
{
    std::string result;
    for (char c : ascii_lower(name.substr(0, 40)))
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) result += c;
    return result;
}

struct Alias {
    std::string_view name, means;
};
constexpr Alias aliases[] = {
    {"iso88591", "windows1252"},
    {"latin1", "windows1252"},
    {"l1", "windows1252"},
    {"xansi", "windows1252"},
    {"ansi", "windows1252"},
    {"iso88591windows31latin1", "windows1252"},
    {"latin2", "iso88592"},
    {"latin3", "iso88593"},
    {"latin4", "iso88594"},
    {"iso88599", "windows1254"},
    {"latin5", "windows1254"},
    {"latin6", "iso885910"},
    {"latin9", "iso885915"},
    {"iso88596i", "iso88596"},
    {"iso88598i", "iso88598"},
    {"iso88598e", "iso88598"},
    {"logical", "iso88598"},
    {"visual", "iso88598"},
    {"cyrillic", "iso88595"},
    {"greek", "iso88597"},
    {"hebrew", "iso88598"},
    {"arabic", "iso88596"},
    {"tis620", "windows874"},
    {"iso885911", "windows874"},
    {"cp874", "windows874"},
    {"koi", "koi8r"},
    {"koi8", "koi8r"},
    {"koi8ru", "koi8u"},
    {"cp437", "ibm437"},
    {"cp850", "ibm850"},
    {"cp852", "ibm852"},
    {"cp866", "ibm866"},
    {"mac", "macintosh"},
    {"xmacroman", "macintosh"},
    {"macroman", "macintosh"},
    {"sjis", "shiftjis"},
    {"xsjis", "shiftjis"},
    {"shiftjis", "shiftjis"},
    {"cp932", "shiftjis"},
    {"ms932", "shiftjis"},
    {"mskanji", "shiftjis"},
    {"windows31j", "shiftjis"},
    {"windows932", "shiftjis"},
    {"xeucjp", "eucjp"},
    {"eucjpms", "eucjp"},
    {"ujis", "eucjp"},
    {"csiso2022jp", "iso2022jp"},
    {"iso2022jp1", "iso2022jp"},
    {"iso2022jp2", "iso2022jp"},
    {"iso2022jpms", "iso2022jp"},
    {"gb2312", "gb18030"},
    {"gb231280", "gb18030"},
    {"gbk", "gb18030"},
    {"xgbk", "gb18030"},
    {"cp936", "gb18030"},
    {"ms936", "gb18030"},
    {"windows936", "gb18030"},
    {"euccn", "gb18030"},
    {"chinese", "gb18030"},
    {"euckr", "uhc"},
    {"cp949", "uhc"},
    {"ms949", "uhc"},
    {"windows949", "uhc"},
    {"korean", "uhc"},
    {"ksc56011987", "uhc"},
    {"ksc56011989", "uhc"},
    {"ksc5601", "uhc"},
    {"ksx1001", "uhc"},
    {"big5hkscs", "big5"},
    {"cp950", "big5"},
    {"ms950", "big5"},
    {"xxbig5", "big5"},
    {"cnbig5", "big5"},
    {"utf16", "utf16"},
    {"ucs2", "utf16"},
    {"unicode", "utf16"},
    {"iso10646ucs2", "utf16"},
};

std::string known_name(std::string_view name)
{
    auto result = spelled(name);
    if (result.starts_with("cs") && !result.starts_with("csiso")) result.erase(0, 2);
    for (std::string_view prefix : {"cp125", "xcp125", "win125", "ms125", "windowscp125"})
        if (result.starts_with(prefix)) result.replace(0, prefix.size(), "windows125");
    const auto* found = std::ranges::find(aliases, std::string_view{result}, &Alias::name);
    return found == std::end(aliases) ? result : std::string{found->means};
}

std::string from_single(std::string_view octets, const SingleByte& charset)
{
    std::string text;
    text.reserve(octets.size());
    for (char c : octets) {
        if (c >= 0)
            text += c;
        else
            append(text, charset.upper_half[static_cast<unsigned char>(c) - 0x80u]);
    }
    return text;
}

unsigned octet(std::string_view octets, std::size_t i)
{
    return i < octets.size() ? static_cast<unsigned char>(octets[i]) : 0u;
}

/// Pairs, and what `alone` makes of an octet that leads none. An ASCII octet that does not belong
/// behind its lead stands for itself, so that no mark-up is swallowed.
std::string from_double(std::string_view octets, const DoubleByte& charset,
                        char32_t (*alone)(unsigned octet))
{
    std::string text;
    text.reserve(octets.size() * 3 / 2);
    for (std::size_t i = 0; i < octets.size(); ++i) {
        const auto lead = octet(octets, i);
        const auto second = octet(octets, i + 1);
        if (lead < 0x80 || alone(lead) != replacement) {
            append(text, lead < 0x80 ? lead : alone(lead));
            continue;
        }
        const auto c =
            charset(static_cast<unsigned char>(lead), static_cast<unsigned char>(second));
        append(text, c);
        if (c != replacement || second >= 0x80) ++i;
    }
    return text;
}

char32_t nothing_alone(unsigned)
{
    return replacement;
}
char32_t half_width_katakana(unsigned octet)
{
    return octet >= 0xA1 && octet <= 0xDF ? 0xFF61 + octet - 0xA1 : replacement;
}

/// GB 18030's four octets at `i`, or U+FFFD.
char32_t four_octets(std::string_view octets, std::size_t i)
{
    const auto a = octet(octets, i), b = octet(octets, i + 1);
    const auto c = octet(octets, i + 2), d = octet(octets, i + 3);
    if (b < 0x30 || b > 0x39 || c < 0x81 || c > 0xFE || d < 0x30 || d > 0x39) return replacement;
    const auto index = (((a - 0x81) * 10 + b - 0x30) * 126 + c - 0x81) * 10 + d - 0x30;
    if (index >= 189000) return index - 189000 + 0x10000; // all other planes in one piece
    if (index >= 39420) return replacement;
    const auto* range = gb18030_ranges;
    while (range[1].index <= index) ++range;
    return range->first == replacement ? replacement : range->first + index - range->index;
}

std::string from_gb18030(std::string_view octets)
{
    std::string text;
    text.reserve(octets.size() * 3 / 2);
    for (std::size_t i = 0; i < octets.size(); ++i) {
        const auto lead = octet(octets, i);
        const auto second = octet(octets, i + 1);
        if (lead < 0x80) {
            append(text, lead);
        } else if (second >= 0x30 && second <= 0x39 && octet(octets, i + 3) >= 0x30) {
            append(text, lead == 0x80 || lead == 0xFF ? replacement : four_octets(octets, i));
            i += 3;
        } else {
            const auto c =
                gbk(static_cast<unsigned char>(lead), static_cast<unsigned char>(second));
            append(text, lead == 0x80 ? U'€' : c); // CP936 has it there
            if (lead != 0x80 && (c != replacement || second >= 0x80)) ++i;
        }
    }
    return text;
}

/// RFC 2781. Without a byte order mark big-endian (section 4.3), unless the name says so.
std::string from_utf16(std::string_view octets, bool little)
{
    if (octets.starts_with("\xFF\xFE")) little = true;
    if (octets.starts_with("\xFE\xFF")) little = false;
    if (octets.starts_with("\xFF\xFE") || octets.starts_with("\xFE\xFF")) octets.remove_prefix(2);
    const auto unit = [&](std::size_t i) -> char32_t {
        return octet(octets, i + (little ? 1 : 0)) << 8 | octet(octets, i + (little ? 0 : 1));
    };
    std::string text;
    for (std::size_t i = 0; i + 1 < octets.size(); i += 2) {
        auto c = unit(i);
        const bool leads = c >= 0xD800 && c <= 0xDBFF && i + 3 < octets.size();
        const auto next = leads ? unit(i + 2) : 0;
        if (next >= 0xDC00 && next <= 0xDFFF) {
            c = 0x10000 + ((c - 0xD800) << 10) + next - 0xDC00;
            i += 2;
        }
        append(text, c);
    }
    if (octets.size() % 2 != 0) append(text, replacement);
    return text;
}

} // namespace

std::string to_utf8(std::string_view octets, std::string_view charset)
{
    const auto name = known_name(charset);
    for (const auto* known = single_byte_charsets; !known->name.empty(); ++known)
        if (known->name == name) return from_single(octets, *known);
    if (name == "shiftjis") return from_double(octets, shift_jis, half_width_katakana);
    if (name == "eucjp") return from_euc_jp(octets);
    if (name == "iso2022jp") return from_iso2022jp(octets);
    if (name == "gb18030") return from_gb18030(octets);
    if (name == "uhc") return from_double(octets, uhc, nothing_alone);
    if (name == "big5") return from_double(octets, big5, nothing_alone);
    if (name == "utf16" || name == "utf16be") return from_utf16(octets, false);
    if (name == "utf16le") return from_utf16(octets, true);
    return scrub(octets);
}

} // namespace portico::mime
