#include "services/smtp/parse.hpp"
#include "services/smtp/utf8.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>

namespace portico::smtp {
namespace {

const std::string local64(64, 'a');
const std::string domain255 = std::string(127, 'd') + "." + std::string(127, 'd');

TEST(SmtpParse, Command)
{
    rule("5321", "4.1.1", "white space before CR LF is tolerated");
    struct Row {
        std::string_view line, verb, arguments;
    };
    for (const auto& [line, verb, arguments] : {
             Row{"NOOP", "NOOP", ""},
             Row{"NOOP ", "NOOP", ""},
             Row{"NOOP\t \t", "NOOP", ""},
             Row{"NOOP  a  b ", "NOOP", "a  b"},
             Row{"", "", ""},
             Row{" ", "", ""},
             Row{" NOOP", "", "NOOP"},
             Row{"MAIL FROM:<>", "MAIL", "FROM:<>"},
         }) {
        const auto command = parse_command(line);
        EXPECT_EQ(command.verb, verb) << line;
        EXPECT_EQ(command.arguments, arguments) << line;
    }
}

TEST(SmtpParse, ClientName)
{
    rule("5321", "4.1.3", "EHLO and HELO name a domain or an address literal");
    for (std::string_view good :
         {"c", "client.example.net", "my_host", "-odd-", "192.0.2.1", "[192.0.2.1]", "[IPv6:::1]",
          "[ipv6:2001:db8::1]", "[IPv6:2001:db8:1:2:3:4:5:6]", "[IPv6:::ffff:192.0.2.1]"})
        EXPECT_TRUE(parse_client_name(good)) << good;
    for (std::string_view bad :
         {"", "two words", "[192.0.2]", "[192.0.2.256]", "[192.0.2.1", "[192.0.2.1]x", "[::1]",
          "[IPv6:]", "[IPv6:12345::1]", "[IPv6:fe80::1%lo]", "[X-tag:1]", "caf\xc3\xa9", "a(b",
          "a\tb", "<x>"})
        EXPECT_FALSE(parse_client_name(bad)) << bad;
    EXPECT_TRUE(parse_client_name(domain255));
    EXPECT_FALSE(parse_client_name(domain255 + "d"));
}

TEST(SmtpParse, ReversePath)
{
    rule("5321", "4.1.2", "dot-strings, quoted strings, literals, source routes, the null path");
    struct Row {
        std::string path, mailbox;
    };
    for (const auto& [path, mailbox] : {
             Row{"<>", ""},
             Row{"<ana@example.net>", "ana@example.net"},
             Row{"<Ana.B@Example.NET>", "Ana.B@Example.NET"},
             Row{"<a@b>", "a@b"},
             Row{"<a@1.2-3.d>", "a@1.2-3.d"},
             Row{"<!#$%&'*+-/=?^_`{|}~@x>", "!#$%&'*+-/=?^_`{|}~@x"},
             Row{"<\"ana\"@x>", "\"ana\"@x"},
             Row{"<\"a b@c>,\\\"\\\\\"@x>", "\"a b@c>,\\\"\\\\\"@x"},
             Row{"<\"\"@x>", "\"\"@x"},
             Row{"<ana@[192.0.2.1]>", "ana@[192.0.2.1]"},
             Row{"<ana@[IPv6:2001:db8::1]>", "ana@[IPv6:2001:db8::1]"},
             Row{"<@a.example:ana@x>", "ana@x"},
             Row{"<@a,@b,@c.d:ana@x>", "ana@x"},
             Row{"<" + local64 + "@x>", local64 + "@x"},
         }) {
        const auto arguments = "FROM:" + path; // the result views it
        auto mail = parse_mail(arguments);
        ASSERT_TRUE(mail) << path;
        EXPECT_EQ(mail->reverse_path, mailbox);
    }
}

TEST(SmtpParse, WhatIsNoPath)
{
    rule("5321", "4.1.2", "what is no path is refused");
    for (std::string_view bad : {"",
                                 " ",
                                 "<",
                                 ">",
                                 "<ana>",
                                 "<ana@>",
                                 "<@x>",
                                 "ana@x",
                                 "<ana@x",
                                 "ana@x>",
                                 "<ana@x>>",
                                 "<ana@x>y",
                                 "<ana @x>",
                                 "< ana@x>",
                                 "<ana@x >",
                                 "<ana..b@x>",
                                 "<.ana@x>",
                                 "<ana.@x>",
                                 "<ana@x.>",
                                 "<ana@.x>",
                                 "<ana@-x>",
                                 "<ana@x->",
                                 "<ana@x..y>",
                                 "<ana@x_y>",
                                 "<a@b@c>",
                                 "<a(c)@x>",
                                 "<\"a@x>",
                                 "<\"a\"b@x>",
                                 "<\"a\\\"@x>",
                                 "<a\"b\"@x>",
                                 "<a,b@x>",
                                 "<ana@[192.0.2.1>",
                                 "<ana@192.0.2.1]>",
                                 "<ana@[]>",
                                 "<ana@[1.2.3.4.5]>",
                                 "<ana@[IPv6:x]>",
                                 "<@a ana@x>",
                                 "<@a,b:ana@x>",
                                 "<@a:>",
                                 "<@:ana@x>",
                                 "<@a,:ana@x>",
                                 "<postmaster>",
                                 "<a\x7f@x>",
                                 "<\"a\tb\"@x>"}) {
        auto mail = parse_mail("FROM:" + std::string{bad});
        ASSERT_FALSE(mail) << bad;
        EXPECT_EQ(mail.error(), ParseError::path_syntax) << bad;
    }
    EXPECT_EQ(parse_mail(std::string_view{"FROM:<a\0@x>", 11}).error(), ParseError::path_syntax);
}

TEST(SmtpParse, Lengths)
{
    rule("5321", "4.5.3.1", "local part 64, domain 255, path 256 octets");
    EXPECT_EQ(parse_mail("FROM:<" + local64 + "a@x>").error(), ParseError::path_too_long);
    EXPECT_EQ(parse_mail("FROM:<\"" + local64 + "\"@x>").error(), ParseError::path_too_long);
    EXPECT_EQ(parse_mail("FROM:<a@" + domain255 + "d>").error(), ParseError::path_too_long);
    // 256 with brackets: 252 octets of domain
    const auto domain = domain255.substr(0, 252);
    EXPECT_TRUE(parse_mail("FROM:<a@" + domain + ">"));
    EXPECT_EQ(parse_mail("FROM:<a@" + domain + "d>").error(), ParseError::path_too_long);
    EXPECT_EQ(parse_mail("FROM:<@r:a@" + domain + ">").error(), ParseError::path_too_long);
}

TEST(SmtpParse, Utf8Paths)
{
    rule("6531", "3.3", "UTF-8 in local parts, quoted strings and domains, with SMTPUTF8 only");
    for (std::string path :
         {"<\xc3\xa4@x>", "<a@\xc3\xa4.example>", "<\"\xc3\xa4 b\"@x>",
          "<a@x.\xe4\xb8\xad\xe5\x9b\xbd>", "<@\xc3\xa4:a@x>", "<\xf0\x9f\x93\xab@x>"}) {
        EXPECT_EQ(parse_mail("FROM:" + path).error(), ParseError::non_ascii_path) << path;
        EXPECT_EQ(parse_rcpt("TO:" + path, false).error(), ParseError::non_ascii_path) << path;
        EXPECT_TRUE(parse_mail("FROM:" + path + " SmtpUtf8")) << path;
        EXPECT_TRUE(parse_rcpt("TO:" + path, true)) << path;
    }
    rule("3629", "4", "what is no UTF-8 is no address, with SMTPUTF8 or without");
    for (std::string path : {"<\xff@x>", "<\"\xc3\"@x>", "<a@\xc0\xaf>", "<\xed\xa0\x80@x>",
                             "<\xf4\x90\x80\x80@x>", "<\xe0\x80\x80@x>"}) {
        EXPECT_EQ(parse_mail("FROM:" + path).error(), ParseError::non_ascii_path) << path;
        EXPECT_EQ(parse_mail("FROM:" + path + " SMTPUTF8").error(), ParseError::path_syntax);
        EXPECT_EQ(parse_rcpt("TO:" + path, true).error(), ParseError::path_syntax) << path;
    }
    EXPECT_EQ(parse_mail("FROM:<\xc3\xa4@x SMTPUTF8").error(), ParseError::path_syntax);
}

TEST(SmtpParse, Utf8)
{
    rule("3629", "4", "UTF-8 without overlong forms, surrogates and what is past U+10FFFF");
    for (std::string_view good :
         {"", "abc", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
          "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "a\xc3\xa4z"})
        EXPECT_TRUE(is_utf8(good)) << good;
    for (std::string_view bad :
         {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x7f", "\xc2\xc0", "\xe0\x9f\xbf",
          "\xe1\x80", "\xe1\x80z", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
          "\xf0\x90\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff"})
        EXPECT_FALSE(is_utf8(bad)) << testing::PrintToString(bad);
}

TEST(SmtpParse, MailParameters)
{
    rule("5321", "4.1.1.11", "unknown, repeated and malformed parameters are told apart");
    auto mail = parse_mail("from:<a@x> size=0  Body=8BitMime smtputf8 ret=hdrs EnvID=a+2Bb");
    ASSERT_TRUE(mail);
    EXPECT_EQ(mail->size, 0u);
    EXPECT_EQ(mail->body, mail::BodyType::eight_bit);
    EXPECT_TRUE(mail->smtputf8);
    EXPECT_EQ(mail->ret, "HDRS");
    EXPECT_EQ(mail->envid, "a+2Bb");
    EXPECT_FALSE(mail->submitter);
    mail = parse_mail("FROM:<a@x> BODY=7bit");
    ASSERT_TRUE(mail);
    EXPECT_EQ(mail->body, mail::BodyType::seven_bit);
    EXPECT_FALSE(mail->size);
    EXPECT_EQ(parse_mail("FROM:<> BODY=binarymime")->body, mail::BodyType::binary);
    EXPECT_EQ(parse_mail("FROM:<> SIZE=18446744073709551615")->size, UINT64_MAX);
    EXPECT_EQ(parse_mail("FROM:<> SIZE=99999999999999999999")->size, UINT64_MAX);

    struct Row {
        std::string_view parameters;
        ParseError error;
    };
    for (const auto& [parameters, error] : {
             Row{"SIZE", ParseError::parameter_syntax},
             Row{"SIZE=", ParseError::parameter_syntax},
             Row{"SIZE=-1", ParseError::parameter_syntax},
             Row{"SIZE=1k", ParseError::parameter_syntax},
             Row{"SIZE=000000000000000000001", ParseError::parameter_syntax},
             Row{"SIZE=1=1", ParseError::parameter_syntax},
             Row{"SIZE =1", ParseError::parameter_syntax},
             Row{"SIZE=1 SIZE=1", ParseError::parameter_repeated},
             Row{"BODY=7BIT body=7BIT", ParseError::parameter_repeated},
             Row{"RET=FULL RET=FULL", ParseError::parameter_repeated}, // RFC 3461 section 4.5
             Row{"ENVID=1 ENVID=2", ParseError::parameter_repeated},
             Row{"SMTPUTF8 SMTPUTF8", ParseError::parameter_repeated},
             Row{"X=1 x", ParseError::parameter_repeated},
             Row{"BODY", ParseError::parameter_syntax},
             Row{"BODY=", ParseError::parameter_syntax},
             Row{"BODY=9BIT", ParseError::parameter_value},
             Row{"SMTPUTF8=1", ParseError::parameter_syntax},
             Row{"SMTPUTF8=", ParseError::parameter_syntax},
             Row{"RET", ParseError::parameter_syntax},
             Row{"RET=BODY", ParseError::parameter_syntax},
             Row{"ENVID", ParseError::parameter_syntax},
             Row{"ENVID=+2b", ParseError::parameter_syntax},
             Row{"AUTH", ParseError::parameter_syntax},
             Row{"AUTH=ana", ParseError::parameter_syntax},
             Row{"NOTIFY=NEVER", ParseError::parameter_unknown},
             Row{"XYZZY", ParseError::parameter_unknown},
             Row{"=1", ParseError::parameter_syntax},
             Row{"-X=1", ParseError::parameter_syntax},
             Row{"X_Y=1", ParseError::parameter_syntax},
             Row{"X=a\tb", ParseError::parameter_syntax},
             Row{"X=\xc3\xa4", ParseError::parameter_syntax},
             Row{"SMTPUTF8 X=\xc3\xa4", ParseError::parameter_unknown},
             Row{"SMTPUTF8 X=\xc3", ParseError::parameter_syntax},
         }) {
        auto result = parse_mail("FROM:<a@x> " + std::string{parameters});
        ASSERT_FALSE(result) << parameters;
        EXPECT_EQ(result.error(), error) << parameters;
    }
}

TEST(SmtpParse, ForwardPath)
{
    rule("5321", "4.1.1.3", "a forward path may have a source route, and be that of postmaster");
    EXPECT_EQ(parse_rcpt("TO:<ben@example.org>", false)->forward_path, "ben@example.org");
    EXPECT_EQ(parse_rcpt("to:<@r:\"b c\"@example.org>", false)->forward_path,
              "\"b c\"@example.org");
    EXPECT_EQ(parse_rcpt("TO:<PostMaster>", false)->forward_path, "PostMaster");
    EXPECT_EQ(parse_rcpt("TO:<>", false).error(), ParseError::path_syntax);
    EXPECT_EQ(parse_rcpt("TO:<webmaster>", false).error(), ParseError::path_syntax);
    EXPECT_EQ(parse_rcpt("TO <a@x>", false).error(), ParseError::syntax);
    EXPECT_EQ(parse_rcpt("", false).error(), ParseError::syntax);
}

TEST(SmtpParse, RcptParameters)
{
    const auto rcpt = parse_rcpt("TO:<a@x> notify=Success,Delay ORCPT=rfc822;a+2Bb@x", false);
    ASSERT_TRUE(rcpt);
    EXPECT_EQ(rcpt->notify, "Success,Delay");
    EXPECT_EQ(rcpt->orcpt, "rfc822;a+2Bb@x");
    struct Row {
        std::string_view parameters;
        ParseError error;
    };
    for (const auto& [parameters, error] : {
             Row{"NOTIFY=NEVER NOTIFY=NEVER", ParseError::parameter_repeated},
             Row{"ORCPT=rfc822;a ORCPT=rfc822;a", ParseError::parameter_repeated},
             Row{"NOTIFY", ParseError::parameter_syntax},
             Row{"ORCPT=rfc822", ParseError::parameter_syntax},
             Row{"ORCPT=utf-8;\xc3\xa4@x", ParseError::parameter_syntax},
             Row{"RET=FULL", ParseError::parameter_unknown},
         }) {
        auto result = parse_rcpt("TO:<a@x> " + std::string{parameters}, false);
        ASSERT_FALSE(result) << parameters;
        EXPECT_EQ(result.error(), error) << parameters;
    }
    EXPECT_TRUE(parse_rcpt("TO:<a@x> ORCPT=utf-8;\xc3\xa4@x", true));
}

TEST(SmtpParse, Vrfy)
{
    rule("6531", "3.7.4.2", "VRFY takes the parameter SMTPUTF8, and UTF-8 with it");
    EXPECT_EQ(parse_vrfy("ana")->string, "ana");
    EXPECT_FALSE(parse_vrfy("ana")->smtputf8);
    EXPECT_EQ(parse_vrfy("ana smith smtputf8")->string, "ana smith");
    EXPECT_TRUE(parse_vrfy("\xc3\xa4 SMTPUTF8")->smtputf8);
    EXPECT_EQ(parse_vrfy("SMTPUTF8")->string, "SMTPUTF8");
    EXPECT_EQ(parse_vrfy("").error(), ParseError::syntax);
    EXPECT_EQ(parse_vrfy(" SMTPUTF8").error(), ParseError::syntax);
    EXPECT_EQ(parse_vrfy("\xc3\xa4").error(), ParseError::non_ascii_path);
    EXPECT_EQ(parse_vrfy("\xc3 SMTPUTF8").error(), ParseError::path_syntax);
}

TEST(SmtpParse, Bdat)
{
    rule("3030", "2", "BDAT has a size, and LAST or nothing");
    EXPECT_EQ(parse_bdat("0")->size, 0u);
    EXPECT_FALSE(parse_bdat("0")->last);
    EXPECT_EQ(parse_bdat("00012 last")->size, 12u);
    EXPECT_TRUE(parse_bdat("12  LAST")->last);
    EXPECT_EQ(parse_bdat("99999999999999999999")->size, UINT64_MAX);
    for (std::string_view bad : {"", "LAST", "-1", "+1", "1x", "0x10", " 1", "1\t2"})
        EXPECT_FALSE(parse_bdat(bad)) << bad;
    for (std::string_view bad : {"7 FIRST", "7 LAST LAST", "7 1"}) {
        ASSERT_TRUE(parse_bdat(bad)) << bad;
        EXPECT_FALSE(parse_bdat(bad)->well_formed) << bad;
        EXPECT_EQ(parse_bdat(bad)->size, 7u) << bad;
    }
}

TEST(SmtpParse, Auth)
{
    EXPECT_EQ(parse_auth("PLAIN")->mechanism, "PLAIN");
    EXPECT_FALSE(parse_auth("PLAIN")->initial);
    EXPECT_EQ(parse_auth("PLAIN =")->initial, "=");
    EXPECT_EQ(parse_auth("PLAIN  AA==")->initial, "AA==");
    EXPECT_FALSE(parse_auth(""));
    EXPECT_FALSE(parse_auth("PLAIN a b"));
}

TEST(SmtpParse, SameWord)
{
    rule("5321", "2.4", "verbs and keywords in any case");
    EXPECT_TRUE(same_word("SIZE", "siZe"));
    EXPECT_TRUE(same_word("", ""));
    EXPECT_FALSE(same_word("SIZE", "SIZ"));
    EXPECT_FALSE(same_word("[", "{")); // they differ by the bit that cases differ by
}

} // namespace
} // namespace portico::smtp
