#include "services/accounts/authenticator.hpp"
#include "services/accounts/digest.hpp"
#include "services/accounts/password.hpp"
#include "tests/accounts/connection.hpp"
#include "tests/accounts/scram_client.hpp"
#include "tests/accounts/step.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

namespace portico::accounts {

namespace {

using namespace std::literals;
using tests::LoneConnection;
using tests::ScramClient;

class AuthenticatorTest : public testing::Test {
protected:
    using Answer = std::expected<std::string, AuthError>;

    static config::Account account(std::string name, std::vector<std::string> addresses,
                                   std::string password, std::string secret)
    {
        config::Account made;
        made.name = std::move(name);
        made.addresses = std::move(addresses);
        made.password = std::move(password);
        made.secret = std::move(secret);
        return made;
    }

    /// A new authenticator for `known`; the one before is gone.
    Authenticator& authenticator_for(config::Auth::Mode mode, std::vector<config::Account> known,
                                     std::chrono::milliseconds delay = 0ms)
    {
        authenticator.reset();
        directory.emplace("example.test", config::Mail::Accept::any, mode, known);
        const Policy policy{mode, true, delay, false, "mx.example.test"};
        return authenticator.emplace(policy, std::move(known), *directory, pool);
    }

    Answer login(config::Auth::Mode mode, std::vector<config::Account> known, std::string user,
                 std::string password)
    {
        auto& asked = authenticator_for(mode, std::move(known));
        return peer.run(asked.login(std::move(user), std::move(password), *peer));
    }

    Answer listed(std::string user, std::string password)
    {
        return login(config::Auth::Mode::listed, accounts, std::move(user), std::move(password));
    }

    /// One turn as text: "challenge ...", "accepted <mailbox>", "wrong", ...
    std::string turn(Authenticator::Exchange& exchange, std::optional<std::string> response)
    {
        const auto answer = peer.run(exchange.turn(std::move(response)));
        if (auto* challenge = std::get_if<Challenge>(&answer))
            return "challenge " + challenge->data;
        if (auto* accepted = std::get_if<Accepted>(&answer)) return "accepted " + accepted->mailbox;
        return tests::name_of(std::get<AuthError>(answer));
    }

    LoneConnection peer; // its loop outlives the pool that comes back to it
    net::Pool pool{1};
    std::vector<config::Account> accounts{
        account("ana", {"ana@example.test", "*@ana.test"}, hash_password("tr\xc3\xa4 la la"), ""),
        account("bob", {"bob@example.test"}, "", "open sesame"),
        account("nobody", {}, "", ""),
        account("broken", {}, "*0", ""),
        account("clear", {}, "not a hash", ""),
    };
    std::optional<Directory> directory;
    std::optional<Authenticator> authenticator;
};

const auto wrong = std::expected<std::string, AuthError>{std::unexpected(AuthError::wrong)};

TEST_F(AuthenticatorTest, InModeAnyEveryPasswordIsRight)
{
    auto any = config::Auth::Mode::any;
    EXPECT_EQ(login(any, {}, "Ana@Example.test", "x"), "ana@example.test");
    EXPECT_EQ(login(any, {}, "ana", ""), "ana@example.test");
}

TEST_F(AuthenticatorTest, AHashIsChecked)
{
    auto mailbox = listed("ana", "tr\xc3\xa4 la la");
    ASSERT_TRUE(mailbox.has_value());
    EXPECT_EQ(listed("ANA", "tr\xc3\xa4 la la"), mailbox) << "names have no case";
    EXPECT_EQ(listed("Ana@example.test", "tr\xc3\xa4 la la"), mailbox);
    for (std::string other : {"", "tr\xc3\xa4 la l", "tr\xc3\xa4 la la ", "TR\xc3\xa4 LA LA"})
        EXPECT_EQ(listed("ana", other), wrong) << other;
    EXPECT_EQ(listed("ana", accounts[0].password), wrong) << "the hash is not the password";
    EXPECT_EQ(listed("x@ana.test", "tr\xc3\xa4 la la"), wrong) << "a pattern is no login";
}

TEST_F(AuthenticatorTest, APasswordThatWasRightIsRecognizedWithoutItsHash)
{
    directory.emplace("example.test", config::Mail::Accept::any, config::Auth::Mode::listed,
                      accounts);
    const Policy policy{.mode = config::Auth::Mode::listed,
                        .plaintext = true,
                        .password_cache_size = 10,
                        .password_cache_time = 24h};
    auto& asked = authenticator.emplace(policy, accounts, *directory, pool);
    const auto log_in = [&](std::string user, std::string password) {
        return peer.run(asked.login(std::move(user), std::move(password), *peer));
    };
    const auto right = "tr\xc3\xa4 la la"s;
    EXPECT_EQ(log_in("ana", right), "ana@example.test");
    EXPECT_EQ(asked.statistics().hashed, 1U);
    EXPECT_EQ(log_in("Ana@example.test", right), "ana@example.test") << "the same account";
    auto exchange = asked.begin(Mechanism::plain, *peer);
    EXPECT_EQ(turn(exchange, "\0ana\0"s + right), "accepted ana@example.test");
    EXPECT_EQ(asked.statistics().hashed, 1U);
    EXPECT_EQ(asked.statistics().recognized, 2U);

    // Whatever is wrong costs a hash, each time, and spoils nothing.
    std::uint64_t hashed = 1;
    for (const auto& user : {"ana"s, "bob"s, "eve"s, "nobody"s})
        for (int times = 0; times != 2; ++times) {
            EXPECT_EQ(log_in(user, "guess"), wrong) << user;
            EXPECT_EQ(asked.statistics().hashed, ++hashed) << user;
        }
    EXPECT_EQ(log_in("eve", right), wrong);
    EXPECT_EQ(log_in("ana", right + "\0"s), wrong);
    EXPECT_EQ(log_in("ana", right), "ana@example.test");
    EXPECT_EQ(asked.statistics().recognized, 3U);
}

TEST_F(AuthenticatorTest, WithoutACacheEachLoginComputesTheHash)
{
    auto& asked = authenticator_for(config::Auth::Mode::listed, accounts);
    for (std::uint64_t times = 1; times != 4; ++times) {
        EXPECT_TRUE(peer.run(asked.login("ana", "tr\xc3\xa4 la la", *peer)).has_value());
        EXPECT_EQ(asked.statistics().hashed, times);
    }
    EXPECT_EQ(asked.statistics().recognized, 0U);
}

TEST_F(AuthenticatorTest, APasswordDoesNotEndAtANul)
{
    EXPECT_EQ(listed("ana", std::string{"tr\xc3\xa4 la la\0more", 15}), wrong);
    EXPECT_EQ(listed("bob", std::string{"open sesame\0", 12}), wrong);
}

TEST_F(AuthenticatorTest, ASecretIsCompared)
{
    EXPECT_TRUE(listed("bob", "open sesame").has_value());
    for (std::string other : {"", "open", "open sesame!", "Open sesame", "open sesameopen sesame"})
        EXPECT_EQ(listed("bob", other), wrong) << other;
}

TEST_F(AuthenticatorTest, NobodyElseGetsIn)
{
    for (std::string user : {"", "eve", "eve@example.test", "ana@other.test", "*@ana.test"})
        for (std::string password : {"", "tr\xc3\xa4 la la", "open sesame"})
            EXPECT_EQ(listed(user, password), wrong) << user;
}

TEST_F(AuthenticatorTest, AnAccountWithoutAValidPasswordLetsNobodyIn)
{
    for (std::string user : {"nobody", "broken", "clear"})
        for (std::string password : {"", "*0", "*1", "not a hash", "x"})
            EXPECT_EQ(listed(user, password), wrong) << user << " " << password;
    EXPECT_EQ(login(config::Auth::Mode::listed, {accounts[2]}, "nobody", ""), wrong);
}

TEST_F(AuthenticatorTest, APasswordThatIsTooLongIsWrong)
{
    EXPECT_EQ(listed("ana", std::string(100'000, 'x')), wrong);
}

// --- the offer ---

TEST_F(AuthenticatorTest, OffersWhatWorks)
{
    using enum Mechanism;
    const auto of = [&](config::Auth::Mode mode, std::vector<config::Account> known) {
        return authenticator_for(mode, std::move(known)).offer(*peer);
    };
    const Offer plain_text{{plain, login}, true, false};
    EXPECT_EQ(of(config::Auth::Mode::any, accounts), plain_text);
    EXPECT_EQ(of(config::Auth::Mode::listed, {accounts[0]}), plain_text);
    EXPECT_EQ(of(config::Auth::Mode::listed, accounts),
              (Offer{{scram_sha_256, cram_md5, plain, login}, true, true}));
    Authenticator strict{{.mode = config::Auth::Mode::any, .host_name = "x"}, {}, *directory, pool};
    EXPECT_EQ(strict.offer(*peer), Offer{}) << "no TLS, no plain text";
}

// --- exchanges ---

TEST_F(AuthenticatorTest, PlainAndLogin)
{
    rule("4616", "2", "a password that is right lets its user in, any other nobody");
    auto& asked = authenticator_for(config::Auth::Mode::listed, accounts);
    auto plain = [&](std::string message) {
        auto exchange = asked.begin(Mechanism::plain, *peer);
        return turn(exchange, std::move(message));
    };
    EXPECT_EQ(plain("\0ana\0tr\xc3\xa4 la la"s), "accepted ana@example.test");
    EXPECT_EQ(plain("\0Bob@example.test\0open sesame"s), "accepted bob@example.test");
    EXPECT_EQ(plain("\0ana\0open sesame"s), "wrong");
    EXPECT_EQ(plain("\0eve\0open sesame"s), "wrong");
    EXPECT_EQ(plain("\0nobody\0x"s), "wrong");
    EXPECT_EQ(plain("ana\0bob\0open sesame"s), "wrong") << "not even with the right password";
    EXPECT_EQ(plain("open sesame"), "malformed");

    auto exchange = asked.begin(Mechanism::login, *peer);
    EXPECT_EQ(turn(exchange, std::nullopt), "challenge Username:");
    EXPECT_EQ(turn(exchange, "bob"), "challenge Password:");
    EXPECT_EQ(turn(exchange, "open sesame"), "accepted bob@example.test");
    EXPECT_EQ(turn(exchange, "open sesame"), "malformed") << "it is over";
}

TEST_F(AuthenticatorTest, InModeAnyPlainTakesEverybody)
{
    auto& asked = authenticator_for(config::Auth::Mode::any, {});
    auto exchange = asked.begin(Mechanism::plain, *peer);
    EXPECT_EQ(turn(exchange, "\0Eve@example.org\0x"s), "accepted eve@example.org");
}

TEST_F(AuthenticatorTest, CramMd5)
{
    rule("2195", "2", "each challenge is new, and names a time and the host");
    auto& asked = authenticator_for(config::Auth::Mode::listed, accounts);
    std::string last;
    auto cram = [&](std::string user, std::string secret) {
        auto exchange = asked.begin(Mechanism::cram_md5, *peer);
        const auto challenge = turn(exchange, std::nullopt).substr(10);
        EXPECT_TRUE(challenge.starts_with('<') && challenge.ends_with("@mx.example.test>"));
        EXPECT_NE(challenge, last);
        last = challenge;
        return turn(exchange, user + " " + hmac_md5_hex(secret, challenge));
    };
    EXPECT_EQ(cram("bob", "open sesame"), "accepted bob@example.test");
    EXPECT_EQ(cram("BOB@example.test", "open sesame"), "accepted bob@example.test");
    for (auto user : {"bob", "eve", "ana", "nobody"}) EXPECT_EQ(cram(user, "guess"), "wrong");
    EXPECT_EQ(cram("ana", ""), "wrong") << "a hash is no secret";
    EXPECT_EQ(cram("nobody", ""), "wrong");
    EXPECT_EQ(cram("ana", accounts[0].password), "wrong");
}

TEST_F(AuthenticatorTest, Scram)
{
    rule("5802", "3", "who knows the password gets in, and is shown that we know it");
    auto& asked = authenticator_for(config::Auth::Mode::listed, accounts);
    auto scram = [&](std::string user, std::string password) {
        auto exchange = asked.begin(Mechanism::scram_sha_256, *peer);
        ScramClient client{"n,,", "n=" + user + ",r=abc", password, {}, {}, {}};
        const auto server_first = turn(exchange, client.first()).substr(10);
        const auto server_final = turn(exchange, client.final(server_first));
        if (!server_final.starts_with("challenge ")) return server_final;
        EXPECT_EQ(server_final, "challenge " + client.server_final());
        return turn(exchange, "");
    };
    for (int i = 0; i < 2; ++i) { // the second time from what was computed before
        EXPECT_EQ(scram("bob", "open sesame"), "accepted bob@example.test");
        EXPECT_EQ(scram("bob@example.test", "open sesame"), "accepted bob@example.test");
        for (auto user : {"bob", "eve", "ana", "nobody"})
            EXPECT_EQ(scram(user, "guess"), "wrong") << user;
        EXPECT_EQ(scram("nobody", ""), "wrong");
    }
}

/// The server's first message to `user`, without the nonce: "s=...,i=4096".
std::string salt_said_to(std::string_view server_first)
{
    return std::string{server_first.substr(server_first.find(",s=") + 1)};
}

TEST_F(AuthenticatorTest, SaltsDoNotTellWhoExists)
{
    auto& asked = authenticator_for(config::Auth::Mode::listed, accounts);
    auto said_to = [&](std::string user) {
        auto exchange = asked.begin(Mechanism::scram_sha_256, *peer);
        return turn(exchange, "n,,n=" + user + ",r=abc");
    };
    for (auto user : {"bob", "ana", "eve", "nobody", "bob@example.test"}) {
        const auto once = said_to(user);
        const auto again = said_to(user);
        EXPECT_NE(once, again) << "another nonce";
        EXPECT_EQ(salt_said_to(once), salt_said_to(again)) << user << " keeps the salt";
        EXPECT_EQ(once.size(), said_to("bob").size()) << "of one form";
        EXPECT_TRUE(once.ends_with(",i=4096"));
    }
    EXPECT_EQ(salt_said_to(said_to("BOB")), salt_said_to(said_to("bob")));
    EXPECT_EQ(salt_said_to(said_to("EVE")), salt_said_to(said_to("eve")));
    EXPECT_NE(salt_said_to(said_to("bob")), salt_said_to(said_to("bob@example.test")))
        << "that both are one account is nobody's business";
    EXPECT_NE(salt_said_to(said_to("eve")), salt_said_to(said_to("eva")));
    const auto before = salt_said_to(said_to("eve"));
    authenticator_for(config::Auth::Mode::listed, accounts);
    EXPECT_NE(salt_said_to(said_to("eve")), before) << "a new run, a new key";
}

TEST_F(AuthenticatorTest, Apop)
{
    rule("1939", "7", "APOP: the MD5 of timestamp and shared secret");
    const auto stamp = "<1896.697170952@dbc.mtview.ca.us>"s;
    const std::vector<config::Account> known{account("mrose", {}, "", "tanstaaf"), accounts[0]};
    auto& asked = authenticator_for(config::Auth::Mode::listed, known);
    auto apop = [&](std::string user, std::string digest) {
        return peer.run(asked.apop(user, stamp, digest, *peer));
    };
    EXPECT_EQ(apop("mrose", "c4c9334bac560ecc979e58001b3e22fb"), "mrose@example.test");
    EXPECT_EQ(apop("mrose", "c4c9334bac560ecc979e58001b3e22fc"), wrong);
    EXPECT_EQ(apop("mrose", "C4C9334BAC560ECC979E58001B3E22FB"), wrong) << "in lower case";
    EXPECT_EQ(apop("mrose", ""), wrong);
    EXPECT_EQ(apop("eve", "c4c9334bac560ecc979e58001b3e22fb"), wrong);
    EXPECT_EQ(apop("ana", md5_hex(stamp)), wrong) << "who has no secret has not an empty one";
}

TEST_F(AuthenticatorTest, AnExchangeMayBeDropped)
{
    rule("4954", "4", "an exchange that the client cancels leaves nothing behind");
    auto& asked = authenticator_for(config::Auth::Mode::listed, accounts, 5s);
    for (auto mechanism :
         {Mechanism::plain, Mechanism::login, Mechanism::cram_md5, Mechanism::scram_sha_256}) {
        auto exchange = asked.begin(mechanism, *peer);
        EXPECT_TRUE(turn(exchange, std::nullopt).starts_with("challenge"));
    }
    auto exchange = asked.begin(Mechanism::plain, *peer);
    EXPECT_EQ(turn(exchange, "\0bob\0open sesame"s), "accepted bob@example.test");
}

TEST_F(AuthenticatorTest, IsSafeFromEveryLoop)
{
    auto& asked = authenticator_for(config::Auth::Mode::listed, {accounts[1]}, 1ms);
    LoneConnection other{"192.0.2.2"};
    auto log_in = [&asked](LoneConnection& from) {
        for (int i = 0; i < 20; ++i) {
            auto exchange = asked.begin(Mechanism::scram_sha_256, *from);
            ScramClient client{"n,,", "n=bob,r=abc", "open sesame", {}, {}, {}};
            const auto first = from.run(exchange.turn(client.first()));
            const auto last = client.final(std::get<Challenge>(first).data);
            const auto proven = from.run(exchange.turn(last));
            EXPECT_EQ(std::get<Challenge>(proven).data, client.server_final());
            EXPECT_EQ(from.run(asked.login("eve", "x", *from)), wrong);
        }
    };
    std::thread beside{[&] { log_in(other); }};
    log_in(peer);
    beside.join();
    pool.join(); // before the other loop goes
}

// --- the pace of those who guess ---

TEST_F(AuthenticatorTest, AFailureWaitsASuccessDoesNot)
{
    using Clock = std::chrono::steady_clock;
    auto& asked = authenticator_for(config::Auth::Mode::listed, {accounts[1]}, 320ms);
    auto timed = [&](std::string user, std::string password) {
        const auto start = Clock::now();
        (void)peer.run(asked.login(user, password, *peer));
        return Clock::now() - start;
    };
    for (auto user : {"bob", "eve"}) { // the peer is the same: it goes on growing
        const auto count = user == "bob"sv ? 0 : 3;
        for (int i = 0; i < 3; ++i)
            EXPECT_GE(timed(user, "guess"), std::min(320ms, 20ms * (1 << (count + i))));
    }
    EXPECT_LT(timed("bob", "open sesame"), 250ms) << "there is not even a hash to compute";
}

TEST_F(AuthenticatorTest, MalformedIsNoGuess)
{
    auto& asked = authenticator_for(config::Auth::Mode::listed, {accounts[1]}, 60s);
    for (int i = 0; i < 10; ++i) {
        auto exchange = asked.begin(Mechanism::plain, *peer);
        EXPECT_EQ(turn(exchange, "x"), "malformed");
    }
}

TEST_F(AuthenticatorTest, LoopbackDoesNotWait)
{
    LoneConnection near{"127.0.0.1"};
    auto& asked = authenticator_for(config::Auth::Mode::listed, {accounts[1]}, 60s);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(near.run(asked.login("bob", "x", *near)), wrong);
}

// --- the log ---

TEST_F(AuthenticatorTest, AFailedLoginIsLoggedWithoutItsCredentials)
{
    auto& asked = authenticator_for(config::Auth::Mode::listed, accounts);
    (void)peer.run(asked.login("bob", "s3cret", *peer));
    EXPECT_TRUE(peer.log.says("test: login of bob failed (USER)"));
    (void)peer.run(asked.apop("bob", "<t@x>", "s3cret", *peer));
    EXPECT_TRUE(peer.log.says("login of bob failed (APOP)"));
    auto plain = asked.begin(Mechanism::plain, *peer);
    turn(plain, "\0eve\0s3cret"s);
    EXPECT_TRUE(peer.log.says("login of eve failed (PLAIN)"));
    auto malformed = asked.begin(Mechanism::plain, *peer);
    turn(malformed, "s3cret");
    EXPECT_TRUE(peer.log.says("login failed (PLAIN: not the form of PLAIN)"));
    auto cram = asked.begin(Mechanism::cram_md5, *peer);
    turn(cram, std::nullopt);
    turn(cram, "bob 00000000000000000000000000000000");
    EXPECT_TRUE(peer.log.says("login of bob failed (CRAM-MD5)"));
    auto scram = asked.begin(Mechanism::scram_sha_256, *peer);
    turn(scram, "p=tls-unique,,n=bob,r=s3cret");
    EXPECT_TRUE(peer.log.says("SCRAM-SHA-256: channel binding and mechanism do not fit"));
    auto login = asked.begin(Mechanism::login, *peer);
    turn(login, std::nullopt);
    turn(login, std::string(63, 'n') + "\xc3\xa4" + std::string(5000, 'n'));
    turn(login, "s3cret");
    EXPECT_TRUE(peer.log.says("login of " + std::string(63, 'n') + "... failed (LOGIN)"));
    (void)peer.run(asked.login("bob", "open sesame", *peer));
    for (const auto& event : peer.log.events()) {
        EXPECT_FALSE(event.contains("s3cret")) << event;
        EXPECT_FALSE(event.contains("sesame")) << event;
        EXPECT_FALSE(event.contains("0000")) << event;
        EXPECT_LT(event.size(), 200U);
    }
}

TEST(HashPassword, IsYescryptWithANewSalt)
{
    auto first = hash_password("secret");
    EXPECT_TRUE(first.starts_with("$y$")) << first;
    EXPECT_NE(first, hash_password("secret"));
    EXPECT_EQ(first.find("secret"), std::string::npos);
}

TEST(HashPassword, RefusesWhatLibcryptCannotTake)
{
    EXPECT_THROW((void)hash_password(std::string{"a\0b", 3}), std::invalid_argument);
    EXPECT_THROW((void)hash_password(std::string(1000, 'x')), std::invalid_argument);
}

} // namespace

} // namespace portico::accounts
