#include "services/mime/parameters.hpp"
#include "services/mime/transfer.hpp"
#include "services/mime/utf8.hpp"
#include "services/mime/words.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>

namespace portico::mime {

TEST(MimeWords, AreDecoded)
{
    rule("2047", "8", "the examples");
    rule("2047", "6.2", "white space between two encoded words is not shown");
    rule("2231", "5", "an encoded word may say its language");
    const struct {
        std::string text, decoded;
    } cases[] = {
        {"plain", "plain"},
        {"=?US-ASCII?Q?Keith_Moore?=", "Keith Moore"},
        {"=?ISO-8859-1?Q?Andr=E9?= Pirard", "André Pirard"},
        {"=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= "
         "=?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
         "If you can read this you understand the example."},
        {"(=?ISO-8859-1?Q?a?=)", "(a)"},
        {"(=?ISO-8859-1?Q?a?= b)", "(a b)"},
        {"(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)"},
        {"(=?ISO-8859-1?Q?a?=  \r\n =?ISO-8859-1?Q?b?=)", "(ab)"},
        {"(=?ISO-8859-1?Q?a_b?=)", "(a b)"},
        {"(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"},
        {"=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore"},
        {"=?utf-8?q?=3D=3F?=", "=?"},
        // A character in two words.
        {"=?utf-8?B?w6?= =?utf-8?B?k=?=", "\xEF\xBF\xBD"},
        {"=?utf-8?Q?=C3?= =?UTF-8?Q?=A9?=", "é"},
        // Beyond the RFC.
        {"\"=?utf-8?Q?=C3=A9?=\"", "\"é\""},
        {"a=?utf-8?Q?b?=c", "abc"},
        {"=?utf-8?Q?a b?=", "a b"},
        // No encoded words.
        {"=?utf-8?Q?open", "=?utf-8?Q?open"},
        {"=?utf-8?X?a?=", "=?utf-8?X?a?="},
        {"=??Q?a?=", "=??Q?a?="},
        {"=?utf-8", "=?utf-8"},
        {"=?a b?Q?c?= =?utf-8?Q?d?=", "=?a b?Q?c?= d"},
        {"1 = 1?", "1 = 1?"},
        {"=?x-none?B?dGVzdA==?=", "test"},
        {"caf\xE9", "caf\xEF\xBF\xBD"},
    };
    for (const auto& c : cases) EXPECT_EQ(decode_words(c.text), c.decoded) << c.text;
}

TEST(MimeTransfer, Base64)
{
    rule("2045", "6.8", "what is not of the alphabet is passed over");
    const struct {
        std::string text, octets;
    } cases[] = {
        {"", ""},
        {"YQ==", "a"},
        {"YWI=", "ab"},
        {"YWJj", "abc"},
        {"YWJj\r\nZGVm\r\n", "abcdef"},
        {"Y W!J*j", "abc"},
        {"YWI", "ab"},
        {"Y", ""},
        {"YQ==YQ==", "aa"}, // encoded piece by piece
    };
    for (const auto& c : cases) EXPECT_EQ(decode_base64(c.text), c.octets) << c.text;
}

TEST(MimeTransfer, QuotedPrintable)
{
    rule("2045", "6.7", "octets, soft line breaks, blanks at the ends of lines");
    const struct {
        std::string text, octets;
    } cases[] = {
        {"a=3Db", "a=b"},
        {"a=3db", "a=b"},
        {"a=\r\nb", "ab"},
        {"a= \t\r\nb", "ab"},
        {"a=\nb", "ab"},
        {"a=", "a"},
        {"a \t\r\nb", "a\r\nb"},
        {"a b", "a b"},
        {"a  ", "a"},
        {"a=XYb", "a=XYb"},
        {"a=3", "a=3"},
        {"a_b", "a_b"},
        {"1\r\n2\r\n", "1\r\n2\r\n"},
    };
    for (const auto& c : cases) EXPECT_EQ(decode_quoted_printable(c.text), c.octets) << c.text;
    EXPECT_EQ(decode_quoted_printable("a_b=5F ", true), "a b_ ");
}

TEST(MimeTransfer, ByItsName)
{
    EXPECT_EQ(decode_transfer("YQ==", "BASE64"), "a");
    EXPECT_EQ(decode_transfer("YQ==", "base64;"), "a");
    EXPECT_EQ(decode_transfer("=41", " Quoted-Printable (yes)"), "A");
    EXPECT_EQ(decode_transfer("=41", "7bit"), "=41");
    EXPECT_EQ(decode_transfer("=41", "what"), "=41");
    EXPECT_EQ(decode_transfer("begin 644 a\r\n#86)C\r\n`\r\nend\r\n", "x-uuencode"), "abc");
}

TEST(MimeParameters, OfATypeOrDisposition)
{
    rule("2045", "5.1", "type and parameters in any case, quoted or not");
    rule("2231", "3", "a value in pieces is put together");
    rule("2231", "4", "a value's charset is decoded");
    const std::string pieces =
        "message/external-body; URL*0=\"ftp://\";\r\n URL*1=\"cs.utk.edu/x\"";
    const struct {
        std::string text, value, name, parameter;
    } cases[] = {
        {"Text/Plain; Charset=UTF-8", "text/plain", "charset", "UTF-8"},
        {"text/plain;charset=\"us-ascii\"", "text/plain", "charset", "us-ascii"},
        {"text/plain (comment); charset=a", "text/plain", "charset", "a"},
        {"text/plain charset=a", "text/plain", "charset", "a"},
        {"attachment; filename=\"a \\\"b\\\".txt\"", "attachment", "filename", "a \"b\".txt"},
        {"attachment; filename=This is a test.pdf", "attachment", "filename", "This is a test.pdf"},
        {"attachment;; filename = x", "attachment", "filename", "x"},
        {"attachment; filename", "attachment", "filename", ""},
        {"attachment; filename=\"open", "attachment", "filename", "open"},
        {"a/b; x=\"1;2\"; y=3", "a/b", "y", "3"},
        {"a/b; name=\"=?utf-8?Q?gr=C3=BC=C3=9Fe?=.txt\"", "a/b", "name", "grüße.txt"},
        {"a/b; x=1; x=2", "a/b", "x", "1"},
        {pieces, "message/external-body", "url", "ftp://cs.utk.edu/x"},
        {"application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
         "application/x-stuff", "title", "This is ***fun***"},
        {"application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20;"
         " title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"",
         "application/x-stuff", "title", "This is even more ***fun*** isn't it!"},
        {"a/b; n*1*=%9F; n*0*=iso-8859-1''gr%FC", "a/b", "n", "gr\xC3\xBC\xC5\xB8"}, // in any order
        {"a/b; n*=utf-8''%e2%82%ac; n=EUR", "a/b", "n", "€"},
        {"a/b; n=EUR; n*=utf-8''%e2%82%ac", "a/b", "n", "€"},
        {"a/b; n*0=a; n*2=c", "a/b", "n", "a"}, // up to the gap
        {"a/b; n*0=a; n*0=x; n*1=b", "a/b", "n", "ab"},
        {"a/b; n*=plain", "a/b", "n", "plain"},
        {"a/b; n*=utf-8''%zz%4", "a/b", "n", "%zz%4"},
    };
    for (const auto& c : cases) {
        const auto parsed = parse_parametrized(c.text);
        EXPECT_EQ(parsed.value, c.value) << c.text;
        EXPECT_EQ(parsed[c.name], c.parameter) << c.text;
    }
    EXPECT_EQ(parse_parametrized("").value, "");
    EXPECT_EQ(parse_parametrized("; charset=x").value, "");
}

} // namespace portico::mime
