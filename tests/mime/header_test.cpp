#include "services/mime/address.hpp"
#include "services/mime/date.hpp"
#include "services/mime/header.hpp"
#include "services/mime/list_unsubscribe.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace portico::mime {

namespace {

std::string told(const Header& header)
{
    std::string text;
    for (const auto& field : header.fields) text += field.name + "=" + field.value + "|";
    return text;
}

} // namespace

TEST(MimeHeader, IsFieldsUpToAnEmptyLine)
{
    rule("5322", "2.2.3", "a folded field is one line");
    rule("5322", "4.5", "blanks before the colon");
    const struct {
        std::string source, fields, body;
    } cases[] = {
        {"A: 1\r\nB: 2\r\n\r\nbody", "A=1|B=2|", "body"},
        {"A: 1\nB: 2\n\nbody", "A=1|B=2|", "body"},
        {"A: 1\r\n  2\r\n\t3\r\n\r\n", "A=1 2 3|", ""},
        {"A:\r\n 1\r\n\r\n", "A=1|", ""},
        {"A: 1\r\n \r\n 2\r\n\r\n", "A=1 2|", ""}, // RFC 5322 section 4.2
        {"A : 1\r\n\r\n", "A=1|", ""},
        {"A: b: c\r\n\r\n", "A=b: c|", ""},
        {"A: 1\r\nA: 2", "A=1|A=2|", ""},
        {"", "", ""},
        {"\r\nbody", "", "body"},
        {"no field\r\nA: 1\r\n", "", "no field\r\nA: 1\r\n"},
        {": x\r\n", "", ": x\r\n"},
        {"From ana Mon Jan  1\r\nA: 1\r\n\r\nbody", "A=1|", "body"}, // an mbox's line
        {"A: 1\r\nno field\r\nB: 2\r\n\r\n", "A=1 no field|B=2|", ""},
        {"A: \xE9\r\n\r\n", "A=\xEF\xBF\xBD|", ""},
        {"A: 1\rB: 2\r\n\r\n", "A=1\rB: 2|", ""}, // a CR alone ends no line
    };
    for (const auto& c : cases) {
        const auto header = parse_header(c.source);
        EXPECT_EQ(told(header), c.fields) << c.source;
        EXPECT_EQ(c.source.substr(header.body), c.body) << c.source;
    }
}

TEST(MimeHeader, NamesAreFoundInAnyCase)
{
    const auto header = parse_header("subject: a\r\nSUBJECT: b\r\n\r\n");
    EXPECT_EQ(header["Subject"], "a");
    EXPECT_EQ(header["To"], "");
}

TEST(MimeHeader, CanonicalNames)
{
    EXPECT_EQ(canonical_name("message-ID"), "Message-Id");
    EXPECT_EQ(canonical_name("MIME-Version"), "Mime-Version");
    EXPECT_EQ(canonical_name("dkim-signature"), "Dkim-Signature");
    EXPECT_EQ(canonical_name("x-tags"), "X-Tags");
    EXPECT_EQ(canonical_name("-a"), "-A");
}

TEST(MimeAddress, Lists)
{
    rule("5322", "3.4", "mailboxes and groups, names quoted or not");
    rule("5322", "4.4", "obsolete forms: routes, blanks, empty members");
    rule("5322", "A.5", "white space and comments, as in the example");
    using List = std::vector<Address>;
    const struct {
        std::string text;
        List addresses;
    } cases[] = {
        {"ana@example.net", {{"", "ana@example.net"}}},
        {"Ana <ana@example.net>", {{"Ana", "ana@example.net"}}},
        {"<ana@example.net>", {{"", "ana@example.net"}}},
        {"\"Doe, Jane\" <jane@x.org>, b@x.org", {{"Doe, Jane", "jane@x.org"}, {"", "b@x.org"}}},
        {"\"Giant; \\\"Big\\\" Box\" <a@x.org>", {{"Giant; \"Big\" Box", "a@x.org"}}},
        {"A Group:Ed Jones <joe@x.org>,b@x.org;", {{"Ed Jones", "joe@x.org"}, {"", "b@x.org"}}},
        {"Undisclosed recipients:;", {}},
        {"a@x.org; b@x.org", {{"", "a@x.org"}, {"", "b@x.org"}}},
        {"Joe Q. Public <john.q.public@example.com>",
         {{"Joe Q. Public", "john.q.public@example.com"}}},
        {"ana@example.net (Ana Banana)", {{"Ana Banana", "ana@example.net"}}},
        {"Pete(A wonderful \\) chap) <pete(his account)@silly.test(his host)>",
         {{"Pete", "pete@silly.test"}}},
        {"<@node.test,@node2.test:mary@example.net>", {{"", "mary@example.net"}}},
        {"john . doe @ x . org", {{"", "john.doe@x.org"}}},
        {"\"john doe\"@x.org", {{"", "\"john doe\"@x.org"}}},
        {"\"<a>\" <b@x.org>", {{"<a>", "b@x.org"}}},
        {"=?utf-8?Q?J=C3=B6rg?= <j@x.org>", {{"Jörg", "j@x.org"}}},
        {"\"=?utf-8?Q?J=C3=B6rg?=\" <j@x.org>", {{"Jörg", "j@x.org"}}},
        {"Jörg <jörg@exämple.org>", {{"Jörg", "jörg@exämple.org"}}},
        {" , ,a@x.org,", {{"", "a@x.org"}}},
        {"a@[127.0.0.1]", {{"", "a@[127.0.0.1]"}}},
        {"root", {}},
        {"some words here", {}},
        {"", {}},
        {"<>", {}},
        {"<a@x.org", {{"", "a@x.org"}}},
        {"A <a@x.org, B <b@x.org>", {{"A", "a@x.org"}, {"B", "b@x.org"}}},
        {"(a(b)c", {}},
        {"\"open <a@x.org>", {}},
        {"a@x.org\r\n b@x.org", {}}, // which one?
        {"bob@b", {{"", "bob@b"}}},
        {"user+tag@x.org", {{"", "user+tag@x.org"}}},
    };
    for (const auto& c : cases) {
        const auto found = parse_addresses(c.text);
        ASSERT_EQ(found.size(), c.addresses.size()) << c.text;
        for (std::size_t i = 0; i < found.size(); ++i) {
            EXPECT_EQ(found[i].name, c.addresses[i].name) << c.text;
            EXPECT_EQ(found[i].address, c.addresses[i].address) << c.text;
        }
    }
}

TEST(MimeAddress, AFromThatIsNoneIsAName)
{
    EXPECT_EQ(parse_from("Ana <a@x.org>"), (Address{"Ana", "a@x.org"}));
    EXPECT_EQ(parse_from("a@x.org, b@x.org"), (Address{"", "a@x.org"}));
    EXPECT_EQ(parse_from("=?utf-8?Q?J=C3=B6rg?="), (Address{"Jörg", ""}));
    EXPECT_EQ(parse_from(""), (Address{"", ""}));
}

TEST(MimeDate, IsReadWithItsOffset)
{
    rule("5322", "3.3", "date and time");
    rule("5322", "4.3", "obsolete forms: two-digit years, names of zones");
    rule("3339", "5.6", "a date is told with its own offset");
    const struct {
        std::string text, told; // "": no date
    } cases[] = {
        {"Tue, 5 Mar 2024 10:20:30 +0530", "2024-03-05T10:20:30+05:30"},
        {"5 Mar 2024 10:20:30 -0000", "2024-03-05T10:20:30Z"},
        {"Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T09:55:06-06:00"},
        {"Thu,\r\n 13\r\n Feb\r\n 1969\r\n 23:32\r\n -0330 (Newfoundland Time)",
         "1969-02-13T23:32:00-03:30"},
        {"21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06Z"},
        {"21 Nov 49 09:55 EST", "2049-11-21T09:55:00-05:00"},
        {"21 Nov 102 09:55 PDT", "2002-11-21T09:55:00-07:00"},
        {"21 Nov 1997 09:55:06 CEST", "1997-11-21T09:55:06Z"}, // nobody knows which
        {"21 Nov 1997 09:55:06", "1997-11-21T09:55:06Z"},
        {"MON, 1 JANUARY 2024 00:00:00 +0000", "2024-01-01T00:00:00Z"},
        {"30 Jun 2015 23:59:60 +0000", "2015-07-01T00:00:00Z"}, // a leap second
        {"29 Feb 2023 00:00:00 +0000", ""},
        {"32 Jan 2023 00:00:00 +0000", ""},
        {"1 Foo 2023 00:00:00 +0000", ""},
        {"1 Jan 2023 24:00:00 +0000", ""},
        {"1 Jan 2023 00:00:00 +0060", ""},
        {"1 Jan 2023 00:00:00 +2400", ""},
        {"1 Jan 2023 00 +0000", ""},
        {"1 Jan 99999 00:00:00 +0000", ""},
        {"-1 Jan 2023 00:00:00 +0000", ""},
        {"yesterday", ""},
        {"", ""},
        {"((((", ""},
    };
    for (const auto& c : cases) {
        const auto date = parse_date(c.text);
        EXPECT_EQ(date ? to_rfc3339(*date) : "", c.told) << c.text;
    }
    EXPECT_EQ(parse_date("1 Jan 1970 01:00:00 +0100")->time.time_since_epoch().count(), 0);
}

TEST(MimeListUnsubscribe, HasAtMostTwoLinks)
{
    rule("2369", "3.2", "List-Unsubscribe: URLs in angle brackets");
    rule("8058", "3.1", "List-Unsubscribe-Post has one value, and goes with an https link");
    const struct {
        std::string value, post, links, errors;
    } cases[] = {
        {"<mailto:a@x.org>, <https://x.org/u>", "", "mailto:a@x.org https://x.org/u ", ""},
        {"<https://x.org/u>", "List-Unsubscribe=One-Click", "https://x.org/u ", ""},
        {"(comment) <HTTP://x.org/\r\n u>", "", "HTTP://x.org/\r\nu ", ""},
        {"<http://x.org/ u>", "", "http://x.org/u ", ""},
        {"<mailto:a@x.org>, <mailto:b@x.org>", "", "mailto:a@x.org ", "more than one mailto: link"},
        {"<ftp://x.org>", "", "", "a link is neither mailto: nor http(s):"},
        {"https://x.org/u", "", "", "no link in angle brackets"},
        {"<https://x.org/u", "", "", "no link in angle brackets"},
        {"<https://x.org/u>", "yes", "https://x.org/u ",
         "List-Unsubscribe-Post is not List-Unsubscribe=One-Click"},
        {"<mailto:a@x.org>", "List-Unsubscribe=One-Click", "mailto:a@x.org ",
         "List-Unsubscribe-Post needs an https: link"},
    };
    for (const auto& c : cases) {
        const auto parsed = parse_list_unsubscribe(c.value, c.post);
        std::string links;
        for (const auto& link : parsed.links) links += link + " ";
        EXPECT_EQ(links, c.links) << c.value;
        EXPECT_EQ(parsed.errors, c.errors) << c.value;
        EXPECT_EQ(parsed.header, c.value);
        EXPECT_EQ(parsed.header_post, c.post);
    }
}

} // namespace portico::mime
