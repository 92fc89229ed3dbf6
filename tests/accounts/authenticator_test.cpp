#include "services/accounts/authenticator.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <gtest/gtest.h>

#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace portico::accounts {

namespace {

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

    Answer login(config::Auth::Mode mode, std::vector<config::Account> known, std::string user,
                 std::string password)
    {
        Directory directory{"example.test", config::Mail::Accept::any, mode, known};
        Authenticator authenticator{config::Auth{mode}, known, directory, pool};
        loop.restart();
        std::optional<Answer> answer;
        asio::co_spawn(loop.get_executor(),
                       authenticator.login(std::move(user), std::move(password)),
                       [&](std::exception_ptr failure, Answer result) {
                           if (failure) std::rethrow_exception(failure);
                           answer = std::move(result);
                       });
        loop.run();
        return answer.value();
    }

    Answer listed(std::string user, std::string password)
    {
        return login(config::Auth::Mode::listed, accounts, std::move(user), std::move(password));
    }

    asio::io_context loop{1}; // outlives the pool that comes back to it
    net::Pool pool{1};
    std::vector<config::Account> accounts{
        account("ana", {"ana@example.test", "*@ana.test"}, hash_password("tr\xc3\xa4 la la"), ""),
        account("bob", {"bob@example.test"}, "", "open sesame"),
        account("nobody", {}, "", ""),
        account("broken", {}, "*0", ""),
        account("clear", {}, "not a hash", ""),
    };
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
