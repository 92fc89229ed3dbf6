#include "services/mime/charset.hpp"
#include "services/mime/utf8.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>

namespace portico::mime {

TEST(MimeCharset, BecomesUtf8)
{
    rule("2045", "5.2", "text is converted from the charset it says");
    const struct {
        std::string charset, octets, text;
    } cases[] = {
        {"us-ascii", "plain", "plain"},
        {"",
         "gr\xC3\xBC\xC3\x9F"
         "e",
         "grüße"},
        {"utf-8",
         "gr\xC3\xBC\xC3\x9F"
         "e",
         "grüße"},
        {"ISO-8859-1",
         "gr\xFC\xDF"
         "e \x80",
         "grüße €"}, // as windows-1252 has it
        {"latin1", "\xE9", "é"},
        {"iso8859-15", "\xA4", "€"},
        {"ISO_8859-2", "\xB1", "ą"},
        {"windows-1251", "\xCF\xF0\xE8\xE2\xE5\xF2", "Привет"},
        {"cp1251", "\xCF", "П"},
        {"windows-1252", "\x93x\x94 \x81", "“x” \xC2\x81"},
        {"KOI8-R", "\xF0\xD2\xC9\xD7\xC5\xD4", "Привет"},
        {"koi8-u", "\xA4", "є"},
        {"TIS-620", "\xA1", "ก"},
        {"ibm866", "\x8F", "П"},
        {"macintosh", "\x8A", "ä"},
        {"Shift_JIS", "\x82\xA0\x82\xA2 a\xB1", "あい aｱ"},
        {"x-sjis", "\x93\xFA\x96\x7B", "日本"},
        {"cp932", "\xFA\xB1", "﨑"},
        {"EUC-JP", "\xC6\xFC\xCB\xDC\x8E\xB1", "日本ｱ"},
        {"ISO-2022-JP", "\x1B$BF|K\\\x1B(B ok", "日本 ok"},
        {"iso-2022-jp", "\x1B(I1\x1B(Jx", "ｱx"},
        {"EUC-KR", "\xC7\xD1\xB1\xDB", "한글"},
        {"ks_c_5601-1987", "\x8C\x63", "똠"},
        {"GB2312", "\xD6\xD0\xCE\xC4", "中文"},
        {"gbk", "\x81\x40", "丂"},
        {"gb18030", "\x81\x30\x81\x30\x94\x39\xFC\x36", "\xC2\x80😀"},
        {"big5", "\xA4\xA4\xA4\xE5", "中文"},
        {"utf-16", std::string{"\xFF\xFE\x41\0\x3D\xD8\0\xDE", 8}, "A😀"},
        {"utf-16be", std::string{"\0A\x20\xAC", 4}, "A€"},
        {"utf-16le", std::string{"A\0", 2}, "A"},
    };
    for (const auto& c : cases) EXPECT_EQ(to_utf8(c.octets, c.charset), c.text) << c.charset;
}

TEST(MimeCharset, WhatIsNoCharacterIsReplaced)
{
    const std::string bad = "\xEF\xBF\xBD";
    const struct {
        std::string charset, octets, text;
    } cases[] = {
        {"utf-8",
         "a\xFF"
         "b",
         "a" + bad + "b"},
        {"utf-8", "\xC3", bad},
        {"utf-8", "\xED\xA0\x80", bad + bad + bad}, // a surrogate
        {"utf-8", "\xF4\x90\x80\x80", bad + bad + bad + bad},
        {"utf-8", "\xC0\xAF", bad + bad}, // a longer form of "/"
        {"us-ascii", "\xE9", bad},
        {"x-unknown", "a\xE9", "a" + bad},
        {"NONE", "ok", "ok"},
        {"shift_jis", "\x81", bad},
        {"shift_jis", "\x82<b>", bad + "<b>"}, // no mark-up is swallowed
        {"euc-jp", "\x8F\xA1", bad},
        {"gb18030", "\xFE\x39\xFE\x39", bad},
        {"gb18030", "\x81\x30", bad + "0"},
        {"big5", "\xFF", bad},
        {"iso-2022-jp", "\x1B$B\x21", bad},
        {"utf-16", "\xD8", bad},
        {"utf-16be", "\xD8\x3D\x20\xAC", bad + "€"},
    };
    for (const auto& c : cases) EXPECT_EQ(to_utf8(c.octets, c.charset), c.text) << c.charset;
}

TEST(MimeUtf8, IsToldFromOther)
{
    for (std::string text : {"", "a", "é", "日本", "😀", "\xEF\xBF\xBD"}) EXPECT_TRUE(is_utf8(text));
    for (std::string text : {"\x80", "\xC3", "\xE9t", "\xF8\x88\x80\x80\x80"})
        EXPECT_FALSE(is_utf8(text));
}

TEST(MimeUtf8, LowersEveryCharacterAlone)
{
    EXPECT_EQ(lower("GRÜSSE ПРИВЕТ ΣΑΣ 日 A1"), "grüsse привет σασ 日 a1");
    EXPECT_EQ(lower("\xFF"), "\xEF\xBF\xBD");
}

TEST(MimeUtf8, IsCutBetweenCharacters)
{
    EXPECT_EQ(cut("abc", 3), "abc");
    EXPECT_EQ(cut("aé", 2), "a");
    EXPECT_EQ(cut("😀", 3), "");
}

} // namespace portico::mime
