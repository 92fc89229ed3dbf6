#include "services/accounts/base64.hpp"
#include "services/accounts/scram_message.hpp"
#include "tests/accounts/scram_client.hpp"
#include "tests/accounts/step.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace portico::accounts {
namespace {

using namespace std::literals;
using tests::ScramClient;
using tests::text_of;

const std::string nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const std::string salt = from_base64("W22ZaJ0SNY7soEsUEjb6gQ==").value();
const std::string exporter(32, 'e');

SaslServer server_with(Mechanism mechanism, bool plus_offered)
{
    return {mechanism,
            {.challenge = {},
             .nonce = nonce,
             .plus_offered = plus_offered,
             .tls_exporter = plus_offered ? exporter : ""}};
}

std::string challenge_of(SaslStep step)
{
    auto* challenge = std::get_if<Challenge>(&step);
    return challenge ? challenge->data : text_of(step);
}

/// What the server answers to a client's first message.
std::string first(Mechanism mechanism, bool plus_offered, std::string_view message)
{
    return text_of(server_with(mechanism, plus_offered).respond(std::string{message}));
}

std::string first(std::string_view message)
{
    return first(Mechanism::scram_sha_256, false, message);
}

TEST(Scram, TheExample)
{
    rule("7677", "3", "the example");
    auto server = server_with(Mechanism::scram_sha_256, false);
    EXPECT_EQ(text_of(server.respond("n,,n=user,r=rOprNGfwEbeRWgbNEkqO")), "keys of user");
    EXPECT_EQ(text_of(server.keys(scram_keys("pencil", salt, 4096), true)),
              "challenge r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
              "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    EXPECT_EQ(text_of(server.respond("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                                     "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")),
              "challenge v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    EXPECT_EQ(text_of(server.respond("")), "proven user");
    EXPECT_EQ(text_of(server.respond("")), "malformed") << "it is over";
}

TEST(Scram, WithoutInitialResponseAnEmptyChallenge)
{
    rule("4422", "5", "a mechanism where the client speaks first starts with an empty challenge");
    auto server = server_with(Mechanism::scram_sha_256, false);
    EXPECT_EQ(text_of(server.respond(std::nullopt)), "challenge ");
    EXPECT_EQ(text_of(server.respond("n,,n=user,r=abc")), "keys of user");
}

TEST(Scram, Plus)
{
    rule("9266", "2", "channel binding with tls-exporter");
    auto server = server_with(Mechanism::scram_sha_256_plus, true);
    ScramClient client{"p=tls-exporter,,", "n=user,r=abc", "pencil", exporter, {}, {}};
    EXPECT_EQ(text_of(server.respond(client.first())), "keys of user");
    const auto server_first = challenge_of(server.keys(scram_keys("pencil", salt, 4096), true));
    const auto server_final = text_of(server.respond(client.final(server_first)));
    EXPECT_EQ(server_final, "challenge " + client.server_final());
    EXPECT_EQ(text_of(server.respond("")), "proven user");
}

TEST(Scram, AnotherConnectionsBindingIsWrong)
{
    rule("5802", "6", "another channel binding than ours is refused");
    for (auto data : {std::string(32, 'f'), ""s, std::string(31, 'e'), std::string(33, 'e')}) {
        auto server = server_with(Mechanism::scram_sha_256_plus, true);
        ScramClient client{"p=tls-exporter,,", "n=user,r=abc", "pencil", data, {}, {}};
        server.respond(client.first());
        const auto server_first = challenge_of(server.keys(scram_keys("pencil", salt, 4096), true));
        EXPECT_EQ(text_of(server.respond(client.final(server_first))), "wrong");
    }
    // Without binding, no octets of one: RFC 5802 section 7.
    auto server = server_with(Mechanism::scram_sha_256, true);
    ScramClient client{"n,,", "n=user,r=abc", "pencil", exporter, {}, {}};
    server.respond(client.first());
    const auto server_first = challenge_of(server.keys(scram_keys("pencil", salt, 4096), true));
    EXPECT_EQ(text_of(server.respond(client.final(server_first))), "wrong");
}

TEST(Scram, TheHeaderIsBoundToo)
{
    rule("5802", "6", "a gs2 header changed on the way is refused");
    auto server = server_with(Mechanism::scram_sha_256, false);
    ScramClient client{"y,,", "n=user,r=abc", "pencil", {}, {}, {}};
    server.respond("n,," + client.bare); // somebody made n of y
    const auto server_first = challenge_of(server.keys(scram_keys("pencil", salt, 4096), true));
    EXPECT_EQ(text_of(server.respond(client.final(server_first))), "wrong");
}

TEST(Scram, Flags)
{
    rule("5802", "6", "flag y is refused where -PLUS was offered");
    rule("5802", "6", "flag p goes with -PLUS, and with nothing else");
    rule("9266", "2", "another type than tls-exporter is refused");
    const auto scram = Mechanism::scram_sha_256;
    const auto plus = Mechanism::scram_sha_256_plus;
    const auto bare = "n=user,r=abc"s;
    EXPECT_EQ(first(scram, false, "n,," + bare), "keys of user");
    EXPECT_EQ(first(scram, true, "n,," + bare), "keys of user") << "a client that cannot";
    EXPECT_EQ(first(scram, false, "y,," + bare), "keys of user") << "right: it was not offered";
    EXPECT_EQ(first(scram, true, "y,," + bare), "wrong");
    EXPECT_EQ(first(scram, true, "p=tls-exporter,," + bare), "wrong");
    EXPECT_EQ(first(scram, false, "p=tls-exporter,," + bare), "wrong");
    EXPECT_EQ(first(plus, true, "p=tls-exporter,," + bare), "keys of user");
    EXPECT_EQ(first(plus, true, "p=tls-unique,," + bare), "wrong");
    EXPECT_EQ(first(plus, true, "p=tls-server-end-point,," + bare), "wrong");
    EXPECT_EQ(first(plus, true, "n,," + bare), "wrong");
    EXPECT_EQ(first(plus, true, "y,," + bare), "wrong");
}

TEST(Scram, ClientFirstMessages)
{
    rule("5802", "7", "the client's first message, to the letter");
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"n,,n=user,r=abc", "keys of user"},
        {"n,,n=user,r=abc,x=optional,Y=a=b", "keys of user"}, // section 5.1: ignored
        {"n,a=user,n=user,r=abc", "keys of user"},
        {"n,a=USER,n=user,r=abc", "keys of user"},
        {"n,a=other,n=user,r=abc", "wrong"},
        {"n,,n=a=2Cb=3Dc,r=abc", "keys of a,b=c"},
        {"n,a=a=2Cb,n=a=2Cb,r=abc", "keys of a,b"},
        {"n,,n=\xc3\xa4,r=abc", "keys of \xc3\xa4"},
        {"n,,n=us\xc2\xad"
         "er,r=abc",
         "keys of user"}, // SASLprep
        {"n,,n=us\ter,r=abc", "wrong"},
        {"n,,n=a=2cb,r=abc", "malformed"},
        {"n,,n=a=b,r=abc", "malformed"},
        {"n,,n=a=,r=abc", "malformed"},
        {"n,,n=a=2,r=abc", "malformed"},
        {"n,,n=\xff,r=abc", "malformed"},
        {"n,,n=a\0b,r=abc"sv, "malformed"},
        {"n,a=x=,n=user,r=abc", "malformed"},
        {"n,a=,n=user,r=abc", "malformed"},
        {"", "malformed"},
        {"n", "malformed"},
        {"n,", "malformed"},
        {"n,,", "malformed"},
        {"n,,n=user", "malformed"},
        {"n,,n=user,", "malformed"},
        {"n,,n=user,r=", "malformed"},
        {"n,,n=,r=abc", "malformed"},
        {"n,,r=abc,n=user", "malformed"},
        {"n,,r=abc", "malformed"},
        {"n,n=user,r=abc", "malformed"},
        {"n=user,r=abc", "malformed"},
        {"N,,n=user,r=abc", "malformed"},
        {"x,,n=user,r=abc", "malformed"},
        {"p,,n=user,r=abc", "malformed"},
        {"p=,,n=user,r=abc", "malformed"},
        {"p=tls exporter,,n=user,r=abc", "malformed"},
        {"yes,,n=user,r=abc", "malformed"},
        {"n,,n=user,r=a c", "malformed"},
        {"n,,n=user,r=\xc3\xa4", "malformed"},
        {"n,,n=user,r=abc,", "malformed"},
        {"n,,n=user,r=abc,,", "malformed"},
        {"n,,n=user,r=abc,x", "malformed"},
        {"n,,n=user,r=abc,x=", "malformed"},
        {"n,,n=user,r=abc,1=x", "malformed"},
        {"n,,n=user,r=abc,x=1,", "malformed"},
        {" n,,n=user,r=abc", "malformed"},
        {"n,, n=user,r=abc", "malformed"},
    };
    for (auto [message, answer] : cases) EXPECT_EQ(first(message), answer) << message;
}

TEST(Scram, MandatoryExtensionsAreRefused)
{
    rule("5802", "5.1", "m= is refused");
    EXPECT_EQ(first("n,,m=x,n=user,r=abc"), "wrong");
    auto server = server_with(Mechanism::scram_sha_256, false);
    server.respond("n,,n=user,r=abc");
    server.keys(scram_keys("pencil", salt, 4096), true);
    EXPECT_EQ(text_of(server.respond("m=x,c=biws,r=abc" + nonce + ",p=AAAA")), "wrong");
}

TEST(Scram, AHugeNonceIsRefused)
{
    EXPECT_EQ(first("n,,n=user,r=" + std::string(1024, 'x')), "keys of user");
    EXPECT_EQ(first("n,,n=user,r=" + std::string(1025, 'x')), "malformed");
}

/// What the server answers to a client's last message before the proof.
std::string last(const std::string& without_proof)
{
    auto server = server_with(Mechanism::scram_sha_256, false);
    ScramClient client{"n,,", "n=user,r=abc", "pencil", {}, {}, {}};
    server.respond(client.first());
    const auto server_first = challenge_of(server.keys(scram_keys("pencil", salt, 4096), true));
    client.final(server_first);
    return text_of(server.respond(client.proven(without_proof, server_first))).substr(0, 9);
}

TEST(Scram, ClientFinalMessages)
{
    rule("5802", "7", "the client's last message, to the letter");
    EXPECT_EQ(last("c=biws,r=abc" + nonce), "challenge");
    EXPECT_EQ(last("c=biws,r=abc" + nonce + ",x=optional"), "challenge");
    for (auto text : {"c=biws,r=abc"s, "c=biws,r="s + nonce, "c=biws,r=ABC" + nonce,
                      "c=biws,r=abc" + nonce + "x"})
        EXPECT_EQ(last(text), "wrong") << text; // section 5.1: the nonce is what the server said
    for (auto text : {"c=eSws,r=abc" + nonce, "c=biwsYQ==,r=abc" + nonce})
        EXPECT_EQ(last(text), "wrong") << text;
    for (auto text :
         {""s, "c=biws"s, "c=biws,"s, "r=abc" + nonce, "r=abc" + nonce + ",c=biws",
          "c=,r=abc" + nonce, "c=biw,r=abc" + nonce, "c=b!ws,r=abc" + nonce,
          "c=biws,r=abc" + nonce + ",", "c=biws,r=abc" + nonce + ",x",
          "c=biws,r=abc" + nonce + ",x=\xff", "c=biws,,r=abc" + nonce, "C=biws,r=abc" + nonce})
        EXPECT_EQ(last(text), "malformed") << text;
}

TEST(Scram, Proofs)
{
    rule("5802", "3", "who does not know the password has no proof");
    rule("5802", "7", "the proof is base64 of a digest's length, and comes last");
    const auto start = "c=biws,r=abc" + nonce;
    const auto zeros = base64(std::string(32, '\0'));
    const std::pair<std::string, std::string_view> cases[] = {
        {start + ",p=" + zeros, "wrong"},
        {start + ",p=" + base64(std::string(31, 'x')), "malformed"},
        {start + ",p=" + base64(std::string(33, 'x')), "malformed"},
        {start + ",p=", "malformed"},
        {start + ",p=AAA", "malformed"},
        {start + ",p=" + zeros + ",x=y", "malformed"},
        {start, "malformed"},
        {"", "malformed"},
        {"p=" + zeros, "malformed"},
        {",p=" + zeros, "malformed"},
        {"*", "malformed"},
    };
    for (const auto& [message, answer] : cases) {
        auto server = server_with(Mechanism::scram_sha_256, false);
        server.respond("n,,n=user,r=abc");
        server.keys(scram_keys("pencil", salt, 4096), true);
        EXPECT_EQ(text_of(server.respond(message)), answer) << message;
    }
}

TEST(Scram, AnUnknownUserGoesTheSameWay)
{
    auto server = server_with(Mechanism::scram_sha_256, false);
    ScramClient client{"n,,", "n=user,r=abc", "pencil", {}, {}, {}};
    EXPECT_EQ(text_of(server.respond(client.first())), "keys of user");
    const auto server_first = challenge_of(server.keys(scram_keys("pencil", salt, 4096), false));
    EXPECT_EQ(text_of(server.respond(client.final(server_first))), "wrong")
        << "even with the password that we computed with";
}

TEST(Scram, TheLastResponseIsEmpty)
{
    rule("4422", "5", "data with the success goes as a challenge with an empty response");
    auto server = server_with(Mechanism::scram_sha_256, false);
    ScramClient client{"n,,", "n=user,r=abc", "pencil", {}, {}, {}};
    server.respond(client.first());
    const auto server_first = challenge_of(server.keys(scram_keys("pencil", salt, 4096), true));
    server.respond(client.final(server_first));
    EXPECT_EQ(text_of(server.respond("thanks")), "malformed");
}

TEST(Scram, OutOfTurn)
{
    auto server = server_with(Mechanism::scram_sha_256, false);
    server.respond("n,,n=user,r=abc");
    EXPECT_EQ(text_of(server.respond("n,,n=user,r=abc")), "malformed") << "keys are wanted";
}

TEST(ScramKeys, ThePasswordIsPrepared)
{
    rule("5802", "2.2", "Normalize(): passwords are prepared with SASLprep");
    const auto keys = scram_keys("pen\xc2\xad"
                                 "cil",
                                 salt, 4096);
    EXPECT_EQ(keys.stored_key, scram_keys("pencil", salt, 4096).stored_key);
    EXPECT_NE(keys.stored_key, scram_keys("Pencil", salt, 4096).stored_key);
    EXPECT_NE(keys.stored_key, scram_keys("pencil", salt + "x", 4096).stored_key);
    EXPECT_NE(keys.stored_key, scram_keys("pencil", salt, 4097).stored_key);
    EXPECT_GE(scram_iterations, 4096U); // RFC 7677 section 4
}

} // namespace
} // namespace portico::accounts
