#include "services/smtp/parse.hpp"

#include <gtest/gtest.h>

#include <string>

namespace portico::smtp {
namespace {

const std::string local64(64, 'a');
const std::string domain255 = std::string(127, 'd') + "." + std::string(127, 'd');

TEST(SmtpParse, Command)
{
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
        auto command = parse_command(line);
        ASSERT_TRUE(command) << line;
        EXPECT_EQ(command->verb, verb) << line;
        EXPECT_EQ(command->arguments, arguments) << line;
    }
    EXPECT_EQ(parse_command("NO\rOP").error(), ParseError::bare_cr);
    EXPECT_EQ(parse_command("NOOP\r").error(), ParseError::bare_cr);
    EXPECT_EQ(parse_command("NO\nOP").error(), ParseError::bare_lf);
    EXPECT_EQ(parse_command("NO\n\rOP").error(), ParseError::bare_cr);
}

TEST(SmtpParse, ClientName)
{
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

TEST(SmtpParse, ReversePath) // RFC 5321 section 4.1.2
{
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

TEST(SmtpParse, Lengths) // RFC 5321 section 4.5.3.1
{
    EXPECT_EQ(parse_mail("FROM:<" + local64 + "a@x>").error(), ParseError::path_too_long);
    EXPECT_EQ(parse_mail("FROM:<\"" + local64 + "\"@x>").error(), ParseError::path_too_long);
    EXPECT_EQ(parse_mail("FROM:<a@" + domain255 + "d>").error(), ParseError::path_too_long);
    // 256 with brackets: 252 octets of domain
    const auto domain = domain255.substr(0, 252);
    EXPECT_TRUE(parse_mail("FROM:<a@" + domain + ">"));
    EXPECT_EQ(parse_mail("FROM:<a@" + domain + "d>").error(), ParseError::path_too_long);
    EXPECT_EQ(parse_mail("FROM:<@r:a@" + domain + ">").error(), ParseError::path_too_long);
}

TEST(SmtpParse, NonAsciiPath)
{
    for (std::string_view path : {"<\xc3\xa4@x>", "<a@\xc3\xa4.example>", "<\"\xff\"@x>"}) {
        EXPECT_EQ(parse_mail("FROM:" + std::string{path}).error(), ParseError::non_ascii_path);
        EXPECT_EQ(parse_rcpt("TO:" + std::string{path}).error(), ParseError::non_ascii_path);
    }
}

TEST(SmtpParse, MailParameters)
{
    auto mail = parse_mail("from:<a@x> size=0  Body=8BitMime");
    ASSERT_TRUE(mail);
    EXPECT_EQ(mail->size, 0u);
    EXPECT_TRUE(mail->eight_bit);
    mail = parse_mail("FROM:<a@x> BODY=7bit");
    ASSERT_TRUE(mail);
    EXPECT_FALSE(mail->eight_bit);
    EXPECT_FALSE(mail->size);
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
             Row{"X=1 x", ParseError::parameter_repeated},
             Row{"BODY", ParseError::parameter_syntax},
             Row{"BODY=", ParseError::parameter_syntax},
             Row{"BODY=BINARYMIME", ParseError::body_unsupported},
             Row{"BODY=9BIT", ParseError::body_unsupported},
             Row{"SMTPUTF8", ParseError::parameter_unknown},
             Row{"AUTH=<>", ParseError::parameter_unknown},
             Row{"RET=FULL", ParseError::parameter_unknown},
             Row{"=1", ParseError::parameter_syntax},
             Row{"-X=1", ParseError::parameter_syntax},
             Row{"X_Y=1", ParseError::parameter_syntax},
             Row{"X=a\tb", ParseError::parameter_syntax},
             Row{"X=\xc3\xa4", ParseError::parameter_syntax},
         }) {
        auto result = parse_mail("FROM:<a@x> " + std::string{parameters});
        ASSERT_FALSE(result) << parameters;
        EXPECT_EQ(result.error(), error) << parameters;
    }
}

TEST(SmtpParse, ForwardPath)
{
    EXPECT_EQ(parse_rcpt("TO:<ben@example.org>"), "ben@example.org");
    EXPECT_EQ(parse_rcpt("to:<@r:\"b c\"@example.org>"), "\"b c\"@example.org");
    EXPECT_EQ(parse_rcpt("TO:<PostMaster>"), "PostMaster");
    EXPECT_EQ(parse_rcpt("TO:<>").error(), ParseError::path_syntax);
    EXPECT_EQ(parse_rcpt("TO:<webmaster>").error(), ParseError::path_syntax);
    EXPECT_EQ(parse_rcpt("TO <a@x>").error(), ParseError::syntax);
    EXPECT_EQ(parse_rcpt("").error(), ParseError::syntax);
    EXPECT_EQ(parse_rcpt("TO:<a@x> NOTIFY=NEVER").error(), ParseError::parameter_unknown);
}

TEST(SmtpParse, SameWord)
{
    EXPECT_TRUE(same_word("SIZE", "siZe"));
    EXPECT_TRUE(same_word("", ""));
    EXPECT_FALSE(same_word("SIZE", "SIZ"));
    EXPECT_FALSE(same_word("[", "{")); // they differ by the bit that cases differ by
}

} // namespace
} // namespace portico::smtp
