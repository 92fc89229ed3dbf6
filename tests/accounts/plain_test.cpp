#include "tests/accounts/step.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

namespace portico::accounts {
namespace {

using namespace std::literals;
using tests::text_of;

std::string plain(std::string_view message)
{
    SaslServer server{Mechanism::plain, {}};
    return text_of(server.respond(std::string{message}));
}

TEST(Plain, TheExamples)
{
    rule("4616", "4", "the examples, without and with an authorization identity");
    SaslServer server{Mechanism::plain, {}};
    EXPECT_EQ(text_of(server.respond(std::nullopt)), "challenge ");
    EXPECT_EQ(text_of(server.respond("\0tim\0tanstaaftanstaaf"s)), "check tim/tanstaaftanstaaf");
    // Kurt may act as Ursel there; here nobody may act as somebody else.
    EXPECT_EQ(plain("Ursel\0Kurt\0xipj3plmq"sv), "wrong");
}

TEST(Plain, AnAuthorizationIdentityIsTheUsersOwn)
{
    rule("4616", "2", "who asks to act as another user is refused");
    EXPECT_EQ(plain("tim\0tim\0secret"sv), "check tim/secret");
    EXPECT_EQ(plain("Tim\0tIM\0secret"sv), "check tIM/secret") << "names have no case";
    EXPECT_EQ(plain("tom\0tim\0secret"sv), "wrong");
    EXPECT_EQ(plain("tim@example.test\0tim\0secret"sv), "wrong");
}

TEST(Plain, MalformedMessages)
{
    rule("4616", "2", "two NULs, a user name and a password, all UTF-8, and nothing else");
    for (auto message : {""sv, "tim"sv, "tim\0"sv, "\0tim"sv, "\0tim\0"sv, "\0\0secret"sv, "\0\0"sv,
                         "\0tim\0sec\0ret"sv, "\0tim\0secret\0"sv, "\0\0tim\0secret"sv,
                         "\0tim\0secr\xe9t"sv, "\0t\xffm\0secret"sv, "\xc0\x80tim\0secret\0"sv})
        EXPECT_EQ(plain(message), "malformed") << testing::PrintToString(message);
}

TEST(Plain, NamesArePrepared)
{
    rule("4616", "2", "the user name is prepared with SASLprep");
    EXPECT_EQ(plain("\0t\xc2\xadim\0se\xc2\xad"
                    "cret"sv),
              "check tim/se\xc2\xad"
              "cret");
    EXPECT_EQ(plain("\0ti\nm\0secret"sv), "wrong");
    EXPECT_EQ(plain("\0\xc2\xad\0secret"sv), "wrong");
    EXPECT_EQ(plain("\0tim\0 s\tp "sv), "check tim/ s\tp ") << "a password stays as it is";
}

TEST(Plain, LongOnesPass)
{
    rule("4616", "2", "names and passwords of 255 octets are accepted");
    const std::string name(255, 'n');
    const std::string password(255, 'p');
    EXPECT_EQ(plain(std::string{'\0'} + name + std::string{'\0'} + password),
              "check " + name + "/" + password);
}

TEST(Login, AsksTwice)
{
    rule("draft-murchison-sasl-login", "2", "a user name is asked for, then a password");
    SaslServer server{Mechanism::login, {}};
    EXPECT_EQ(text_of(server.respond(std::nullopt)), "challenge Username:");
    EXPECT_EQ(text_of(server.respond("tim")), "challenge Password:");
    EXPECT_EQ(text_of(server.respond("tanstaaf")), "check tim/tanstaaf");
    EXPECT_EQ(text_of(server.respond("more")), "malformed");
}

TEST(Login, TheNameMayComeFirst)
{
    SaslServer server{Mechanism::login, {}};
    EXPECT_EQ(text_of(server.respond("tim")), "challenge Password:");
    EXPECT_EQ(text_of(server.respond("")), "check tim/");
}

TEST(Login, UnfitNames)
{
    for (auto name : {""sv, "a\0b"sv, "a\r\nb"sv, "\xff"sv}) {
        SaslServer server{Mechanism::login, {}};
        server.respond(std::string{name});
        EXPECT_EQ(text_of(server.respond("x")), "wrong") << testing::PrintToString(name);
    }
}

TEST(SaslServer, TooLongAResponseIsMalformed)
{
    rule("4954", "4", "a response of more than 12288 octets in base64 is refused");
    for (auto mechanism : {Mechanism::plain, Mechanism::login, Mechanism::cram_md5,
                           Mechanism::scram_sha_256, Mechanism::scram_sha_256_plus}) {
        SaslServer server{mechanism, {}};
        EXPECT_EQ(text_of(server.respond(std::string(9217, 'x'))), "malformed");
        EXPECT_EQ(text_of(server.respond("x")), "malformed") << "it is over";
    }
    SaslServer server{Mechanism::login, {}};
    EXPECT_EQ(text_of(server.respond(std::string(9216, 'x'))), "challenge Password:");
}

TEST(SaslServer, NoResponseIsNoEmptyResponse)
{
    for (auto mechanism : {Mechanism::plain, Mechanism::scram_sha_256}) {
        SaslServer silent{mechanism, {}};
        EXPECT_EQ(text_of(silent.respond(std::nullopt)), "challenge ");
        SaslServer empty{mechanism, {}};
        EXPECT_EQ(text_of(empty.respond("")), "malformed");
    }
}

} // namespace
} // namespace portico::accounts
