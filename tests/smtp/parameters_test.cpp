#include "services/smtp/parameters.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>

namespace portico::smtp {
namespace {

TEST(SmtpParameters, Xtext)
{
    rule("3461", "4", "xtext: printable but for + and =, which are + and two upper case digits");
    EXPECT_EQ(decode_xtext(""), "");
    EXPECT_EQ(decode_xtext("abc;<>"), "abc;<>");
    EXPECT_EQ(decode_xtext("e+3Dmc2"), "e=mc2");
    EXPECT_EQ(decode_xtext("+2B+00"), std::string("+\0", 2));
    EXPECT_EQ(decode_xtext("+FF"), "\xff");
    for (std::string_view bad :
         {"+", "+1", "a+2", "+2b", "+ff", "+G0", "+-1", "a=b", "a b", "a\x7f", "\xc3\xa4", "a\tb"})
        EXPECT_FALSE(decode_xtext(bad)) << bad;
}

TEST(SmtpParameters, Envid)
{
    rule("3461", "4.4", "ENVID: up to 100 characters of xtext that stands for printable ones");
    EXPECT_TRUE(is_envid("QQ314159"));
    EXPECT_TRUE(is_envid("a+20b+09c"));
    EXPECT_TRUE(is_envid(std::string(100, 'x')));
    EXPECT_FALSE(is_envid(std::string(101, 'x')));
    for (std::string_view bad : {"+0A", "+00", "+7F", "+C3+A4", "+2b", "a b"})
        EXPECT_FALSE(is_envid(bad)) << bad;
}

TEST(SmtpParameters, Notify)
{
    rule("3461", "4.1", "NOTIFY: NEVER by itself, or a list of SUCCESS, FAILURE and DELAY");
    for (std::string_view good : {"NEVER", "never", "SUCCESS", "failure", "Delay",
                                  "SUCCESS,FAILURE,DELAY", "DELAY,SUCCESS"})
        EXPECT_TRUE(is_notify(good)) << good;
    for (std::string_view bad : {"", ",", "SUCCESS,", ",DELAY", "SUCCESS,,DELAY", "NEVER,SUCCESS",
                                 "SUCCESS,NEVER", "ALWAYS", "SUCCESS;DELAY", "SUCCES"})
        EXPECT_FALSE(is_notify(bad)) << bad;
}

TEST(SmtpParameters, Orcpt)
{
    rule("3461", "4.2", "ORCPT: an address type and an address in xtext, up to 500 characters");
    for (std::string_view good : {"rfc822;ana@example.net", "RFC822;e+3Dmc2@example.net",
                                  "x400;+20/", "rfc822;@", "a-b;c;d"})
        EXPECT_TRUE(is_orcpt(good)) << good;
    EXPECT_TRUE(is_orcpt("rfc822;" + std::string(493, 'a')));
    EXPECT_FALSE(is_orcpt("rfc822;" + std::string(494, 'a')));
    for (std::string_view bad : {"", ";", "rfc822", "rfc822;", ";ana@x", "rfc 822;a", "rfc(822);a",
                                 "rfc822;a+2bb", "rfc822;+0A", "rfc822;\xc3\xa4@x", "rfc822;a=b"})
        EXPECT_FALSE(is_orcpt(bad)) << bad;
}

TEST(SmtpParameters, OrcptOfUtf8)
{
    rule("6533", "3", "ORCPT=utf-8; in UTF-8, or with code points as \\x{...}, or in xtext");
    for (std::string_view good : {"utf-8;ana@example.net", "UTF-8;\xc3\xa4@x", "utf-8;\\x{E4}@x",
                                  "utf-8;e\\x{3D}mc2@\\x{30C9}\\x{1F4EB}", "utf-8;\\x{2B}",
                                  "utf-8;a+2Bb", "utf-8;\\x{10FFFF}", "utf-8;\\x{20}"})
        EXPECT_TRUE(is_orcpt(good)) << good;
    for (std::string_view bad : {"utf-8;", "utf-8;\xc3", "utf-8;\\x", "utf-8;\\x{", "utf-8;\\x{}",
                                 "utf-8;\\x{4}", "utf-8;\\x{41}", "utf-8;\\x{e4}", "utf-8;\\x{0E4}",
                                 "utf-8;\\x{D800}", "utf-8;\\x{110000}", "utf-8;\\x{E4", "utf-8;\\",
                                 "utf-8;\xc3\xa4+2B", "utf-8;a+2b", "utf-8;\\x{00}"})
        EXPECT_FALSE(is_orcpt(bad)) << bad;
}

TEST(SmtpParameters, Submitter)
{
    rule("4954", "5", "AUTH= of MAIL is a mailbox or <>, in xtext");
    for (std::string_view good :
         {"<>", "e+3Dmc2@example.com", "+3C+3E", "+22a+20b+22@x", "a@[1.2.3.4]"})
        EXPECT_TRUE(is_submitter(good)) << good;
    for (std::string_view bad :
         {"", "ana", "<ana@x>", "e=mc2@example.com", "a@", "+FF@x", "a@x+0D"})
        EXPECT_FALSE(is_submitter(bad)) << bad;
}

} // namespace
} // namespace portico::smtp
