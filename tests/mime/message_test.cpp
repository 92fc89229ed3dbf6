#include "services/mime/message.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace portico::mime {

namespace {

/// "id type name(cid) size" of each, a line each.
std::string told(const std::vector<Part>& parts)
{
    std::string text;
    for (const auto& part : parts)
        text += part.id + " " + part.content_type + " " + part.file_name + " (" + part.content_id +
                ") " + std::to_string(part.size) + "\n";
    return text;
}

/// Lines as they are written here, with the line ends of mail.
std::string crlf(std::string_view text)
{
    std::string result;
    for (char c : text) result += c == '\n' ? std::string{"\r\n"} : std::string(1, c);
    return result;
}

std::string ids(const Structure& structure)
{
    std::string text;
    for (const auto& node : structure.nodes) text += node.id + " " + node.content_type + "\n";
    return text;
}

const auto related = crlf(R"(From: Ana <ana@example.net>
To: bob@example.org
Subject: =?utf-8?Q?gr=C3=BC=C3=9Fe?=
Message-ID: <1@example.net>
Date: Tue, 5 Mar 2024 10:20:30 +0530
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="outer"

preamble
--outer
Content-Type: multipart/related; boundary=middle

--middle
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

gr=FC=DFe
--inner
Content-Type: text/html; charset=utf-8

<p>grüße</p><img src="cid:logo@x">
--inner--

--middle
Content-Type: image/png; name=logo.png
Content-ID: <logo@x>
Content-Transfer-Encoding: base64

aGVsbG8=
--middle--
--outer
Content-Type: application/pdf
Content-Disposition: attachment; filename*=utf-8''R%C3%A9sum%C3%A9.pdf
Content-Transfer-Encoding: base64

JVBERi0=

--outer
Content-Type: text/plain

a signature
--outer--
epilogue
)");

} // namespace

TEST(MimeMessage, PartsAreNumberedInOrder)
{
    rule("2046", "5.1", "parts, preamble and epilogue of nested multiparts");
    EXPECT_EQ(ids(split(related)), "0 multipart/mixed\n1 multipart/related\n"
                                   "1.1 multipart/alternative\n1.1.1 text/plain\n1.1.2 text/html\n"
                                   "1.2 image/png\n2 application/pdf\n3 text/plain\n");
}

TEST(MimeMessage, IsReadAsAWhole)
{
    const auto message = parse(related);
    EXPECT_EQ(message.from, (Address{"Ana", "ana@example.net"}));
    EXPECT_EQ(message.to, (std::vector<Address>{{"", "bob@example.org"}}));
    EXPECT_EQ(message.subject, "grüße");
    EXPECT_EQ(message.message_id, "1@example.net");
    EXPECT_EQ(to_rfc3339(*message.date), "2024-03-05T10:20:30+05:30");
    EXPECT_EQ(message["mime-version"], "1.0");
    EXPECT_EQ(message.text, "grüße\n--\na signature");
    EXPECT_EQ(message.html, "<p>grüße</p><img src=\"cid:logo@x\">");
    EXPECT_EQ(told(message.inlines), "1.2 image/png logo.png (logo@x) 5\n");
    EXPECT_EQ(told(message.attachments), "2 application/pdf Résumé.pdf () 5\n");
    const auto& sums = message.inlines.front().checksums;
    EXPECT_EQ(sums.md5, "5d41402abc4b2a76b9719d911017c592");
    EXPECT_EQ(sums.sha1, "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d");
    EXPECT_EQ(sums.sha256, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
}

TEST(MimeMessage, AnOutlineDecodesNoPart)
{
    const auto message = parse(related, Detail::outline);
    EXPECT_EQ(message.text, "grüße\n--\na signature");
    EXPECT_EQ(told(message.attachments), "2 application/pdf Résumé.pdf () 0\n");
    EXPECT_EQ(message.attachments.front().checksums.md5, "");
}

TEST(MimeMessage, EveryPartCanBeFetched)
{
    const auto fetched = [](std::string_view id) {
        const auto content = part(related, id);
        return content ? content->content_type + "|" + content->file_name + "|" + content->octets
                       : "none";
    };
    EXPECT_EQ(fetched("1.1.1"), "text/plain||grüße");
    EXPECT_EQ(fetched("1.2"), "image/png|logo.png|hello");
    EXPECT_EQ(fetched("2"), "application/pdf|Résumé.pdf|%PDF-");
    for (auto id : {"0", "1", "1.1", "4", "", "1.", "01", "latest"}) EXPECT_EQ(fetched(id), "none");
    EXPECT_EQ(part("Subject: x\r\n\r\nbody\r\n", "0")->octets, "body\r\n");
}

TEST(MimeMessage, LineEndsStay)
{
    rule("2046", "5.1.1", "the line end before a delimiter belongs to it");
    const auto text = [](const std::string& body) {
        return parse("Content-Type: multipart/mixed; boundary=b\r\n\r\n" + body).text;
    };
    EXPECT_EQ(text("--b\r\n\r\na\r\nb\r\n--b--"), "a\r\nb");
    EXPECT_EQ(text("--b\r\n\r\na\r\n\r\n--b--"), "a\r\n");
    EXPECT_EQ(text("--b\n\na\nb\n--b--"), "a\nb");
    EXPECT_EQ(text("--b\r\n\r\na\r\n"), "a\r\n"); // never closed
    EXPECT_EQ(text("--b  \t\r\n\r\na\r\n--b-- \r\nx"), "a");
    EXPECT_EQ(text("--b\r\n\r\na\r\n--bc\r\n--b--"), "a\r\n--bc"); // another's
    EXPECT_EQ(text("--b\r\n--b--"), "");
    EXPECT_EQ(text("--b\r\n\r\n--b\r\n\r\nx\r\n--b--"), "\n--\nx");
    EXPECT_EQ(text("--b--\r\nx"), ""); // no part, and an epilogue
    EXPECT_EQ(text("a\r\n"), "a\r\n"); // no delimiter: what there is can be read
    EXPECT_EQ(parse("Subject: x\r\n\r\na\r\n").text, "a\r\n");
}

TEST(MimeMessage, BoundariesMayBeAlike)
{
    const auto nested = crlf(R"(Content-Type: multipart/mixed; boundary=a

--a
Content-Type: multipart/alternative; boundary=a--

--a--

one
--a----
--a

two
--a--
)");
    EXPECT_EQ(ids(split(nested)),
              "0 multipart/mixed\n1 multipart/alternative\n1.1 text/plain\n2 text/plain\n");
    // A multipart that is never closed ends with the one around it.
    const auto open = crlf(R"(Content-Type: multipart/mixed; boundary=a

--a
Content-Type: multipart/mixed; boundary=b

--b

one
--a

two
--a--
)");
    EXPECT_EQ(ids(split(open)),
              "0 multipart/mixed\n1 multipart/mixed\n1.1 text/plain\n2 text/plain\n");
    EXPECT_EQ(parse(open).text, "one\n--\ntwo");
}

TEST(MimeMessage, TextAndHtmlAreChosen)
{
    const auto multipart = [](std::string_view type, std::string_view parts) {
        return parse("Content-Type: multipart/" + std::string{type} + "; boundary=b\r\n\r\n" +
                     crlf(parts) + "--b--\r\n");
    };
    const std::string two = "--b\n\none\n--b\n\ntwo\n";
    EXPECT_EQ(multipart("alternative", two).text, "one");
    EXPECT_EQ(multipart("mixed", two).text, "one\n--\ntwo");
    const std::string attached = "--b\nContent-Disposition: attachment\n\none\n--b\n\ntwo\n";
    EXPECT_EQ(multipart("mixed", attached).text, "two");
    EXPECT_EQ(multipart("alternative", attached).text, "two");
    const std::string html = "--b\nContent-Type: text/html\n\n<p>one</p>\n"
                             "--b\nContent-Type: text/html\n\ntwo\n";
    EXPECT_EQ(multipart("mixed", html).html, "<p>one</p>");
    EXPECT_EQ(multipart("mixed", html).text, "one"); // the HTML as text
    EXPECT_EQ(multipart("mixed", "").text, "");
    const auto only_html = parse("Content-Type: text/html\r\n\r\n<b>x</b>");
    EXPECT_EQ(only_html.html, "<b>x</b>");
    EXPECT_EQ(only_html.text, "x");
    EXPECT_EQ(parse("Content-Type: text/x-diff\r\n\r\n<b>x</b>").text, "<b>x</b>");
    EXPECT_FALSE(parse("\r\nx").has_html);
}

TEST(MimeMessage, PartsAreAttachedOrInline)
{
    rule("2183", "2.8", "an unknown disposition is an attachment");
    const auto parts = crlf(R"(Content-Type: multipart/mixed; boundary=b

--b
Content-Type: application/octet-stream; name=a.bin

1
--b
Content-Type: text/plain; name=b.txt
Content-Disposition: inline

12
--b
Content-Type: image/png
Content-ID: <c>

123
--b
Content-Type: text/plain; name=body.txt

1234
--b
Content-Type: image/png
Content-Disposition: what; filename="../d.png"

12345
--b
Content-Type: image/png

unnamed
--b
Content-Type: message/rfc822; name=fwd.eml
Content-Disposition: attachment

Subject: x

inner
--b--
)");
    const auto message = parse(parts);
    EXPECT_EQ(told(message.attachments), "1 application/octet-stream a.bin () 1\n"
                                         "5 image/png d.png () 5\n"
                                         "7 message/rfc822 fwd.eml () 19\n");
    EXPECT_EQ(told(message.inlines), "2 text/plain b.txt () 2\n3 image/png c (c) 3\n");
    EXPECT_EQ(message.text, "12\n--\n1234");
    EXPECT_TRUE(message.has_inline);
}

TEST(MimeMessage, ARootMayBeAnAttachment)
{
    const auto pdf = parse("Content-Type: application/pdf; name=a.pdf\r\n\r\nx");
    EXPECT_EQ(told(pdf.attachments), "0 application/pdf a.pdf () 1\n");
    EXPECT_EQ(pdf.text, "");
    const auto text = parse("Content-Disposition: attachment; filename=a.txt\r\n\r\nx");
    EXPECT_EQ(told(text.attachments), "0 text/plain a.txt () 1\n");
    EXPECT_EQ(text.text, "");
}

TEST(MimeMessage, ADigestHoldsMessages)
{
    rule("2046", "5.1.5", "a digest's parts are messages unless they say otherwise");
    const auto structure =
        split(crlf("Content-Type: multipart/digest; boundary=b\n\n--b\n\n"
                   "Subject: x\n\n1\n--b\nContent-Type: text/plain\n\n2\n--b--\n"));
    EXPECT_EQ(ids(structure), "0 multipart/digest\n1 message/rfc822\n2 text/plain\n");
}

TEST(MimeMessage, HeadersAreForgiven)
{
    const auto message = parse("To: a@x.org\r\nto: b@x.org\r\nMessage-ID: 1@x\r\n\r\n");
    EXPECT_EQ(message.to.size(), 2U);
    EXPECT_EQ(message.message_id, "1@x");
    EXPECT_FALSE(message.date);
    EXPECT_EQ(parse("hello\r\nworld").text, "hello\r\nworld");
    EXPECT_EQ(parse("Content-Type: nonsense\r\n\r\nx").text, "x");
    EXPECT_EQ(parse("Content-Type: multipart/mixed\r\n\r\nx").text, "x"); // without boundary
    EXPECT_EQ(parse("Content-Type: text/html\r\n\r\n<meta charset=windows-1251>\xCF").html,
              "<meta charset=windows-1251>П");
}

} // namespace portico::mime
