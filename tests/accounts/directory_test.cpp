#include "services/accounts/directory.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace portico::accounts {
namespace {

using Accept = config::Mail::Accept;
using Mode = config::Auth::Mode;

config::Account account(std::string name, std::vector<std::string> addresses)
{
    return {.name = std::move(name),
            .addresses = std::move(addresses),
            .password = "",
            .secret = "",
            .line = 0};
}

const std::vector<config::Account> accounts{
    account("Ana", {"Ana@Example.test", "\"sales\"@example.test"}),
    account("ben@example.test", {"ben@example.test", "*@ben.example"}),
    account("cem", {"first@ben.example", "postmaster@other.example"}),
};

Directory directory(Accept accept, Mode mode)
{
    return {"MX.example.test", accept, mode, accounts};
}

TEST(Directory, AccountsOwnTheirAddresses)
{
    for (auto accept : {Accept::any, Accept::listed})
        for (auto mode : {Mode::any, Mode::listed}) {
            const auto names = directory(accept, mode);
            EXPECT_EQ(names.mailbox_for("ana@example.test"), "ana@mx.example.test");
            EXPECT_EQ(names.mailbox_for("ANA@EXAMPLE.TEST"), "ana@mx.example.test");
            EXPECT_EQ(names.mailbox_for("\"A\\na\"@example.test"), "ana@mx.example.test");
            EXPECT_EQ(names.mailbox_for("sales@example.test"), "ana@mx.example.test");
            EXPECT_EQ(names.mailbox_for("ben@example.test"), "ben@example.test");
            EXPECT_EQ(names.mailbox_for("anyone@ben.example"), "ben@example.test");
            EXPECT_EQ(names.mailbox_for("\"any one\"@ben.example"), "ben@example.test");
            EXPECT_EQ(names.mailbox_for("First@ben.example"), "cem@mx.example.test");
            EXPECT_EQ(names.mailbox_for("PostMaster"), "postmaster@mx.example.test");
            EXPECT_EQ(names.mailbox_for("postmaster@MX.example.test"),
                      "postmaster@mx.example.test");
            EXPECT_FALSE(names.mailbox_for("ana"));
            EXPECT_FALSE(names.mailbox_for(""));
        }
}

TEST(Directory, ListedTakesNobodyElse)
{
    for (auto mode : {Mode::any, Mode::listed}) {
        const auto names = directory(Accept::listed, mode);
        EXPECT_FALSE(names.mailbox_for("eve@example.test"));
        EXPECT_FALSE(names.mailbox_for("ana@mx.example.test")); // a mailbox is not an address
        EXPECT_FALSE(names.mailbox_for("x@sub.ben.example"));
        EXPECT_FALSE(names.mailbox_for("postmaster@example.test"));
    }
}

TEST(Directory, AnyTakesEverybody)
{
    const auto names = directory(Accept::any, Mode::any);
    EXPECT_EQ(names.mailbox_for("Eve@Example.TEST"), "eve@example.test");
    EXPECT_EQ(names.mailbox_for("\"eve\"@example.test"), "eve@example.test");
    EXPECT_EQ(names.mailbox_for("\"e\\ve @ home\"@x"), "\"eve @ home\"@x");
    EXPECT_EQ(names.mailbox_for("\"\\\"\"@x"), "\"\\\"\"@x");
    EXPECT_EQ(names.mailbox_for("\"\"@x"), "\"\"@x");
    EXPECT_EQ(names.mailbox_for("\"a.\"@x"), "\"a.\"@x");
    EXPECT_EQ(names.mailbox_for("eve@[192.0.2.1]"), "eve@[192.0.2.1]");
}

TEST(Directory, TakesAddressesInUtf8)
{
    rule("6531", "3.3", "a UTF-8 local part is an atom, so that quotes around it change nothing");
    const auto names = directory(Accept::any, Mode::any);
    EXPECT_EQ(names.mailbox_for("J\u00f6rg@b\u00fccher.example"), "j\u00f6rg@b\u00fccher.example");
    EXPECT_EQ(names.mailbox_for("\"J\u00f6rg\"@x"), "j\u00f6rg@x");
    EXPECT_EQ(names.mailbox_for("\"\u6771 \u4eac\"@x"), "\"\u6771 \u4eac\"@x");
}

TEST(Directory, PostmasterMayBeAnAccounts) // RFC 5321 section 4.5.1
{
    const Directory names{"mx.example.test",
                          Accept::listed,
                          Mode::listed,
                          {account("ana", {"postmaster@mx.example.test"})}};
    EXPECT_EQ(names.mailbox_for("postmaster"), "ana@mx.example.test");
    EXPECT_EQ(names.mailbox_for("Postmaster@mx.example.test"), "ana@mx.example.test");
}

TEST(Directory, LoginsInModeAny)
{
    const auto names = directory(Accept::any, Mode::any);
    EXPECT_EQ(names.mailbox_of_login("Eve@Example.test"), "eve@example.test");
    EXPECT_EQ(names.mailbox_of_login("eve"), "eve@mx.example.test");
    EXPECT_EQ(names.mailbox_of_login("ANA"), "ana@mx.example.test");
    EXPECT_FALSE(names.mailbox_of_login(""));
}

TEST(Directory, LoginsInModeListed)
{
    const auto names = directory(Accept::listed, Mode::listed);
    EXPECT_EQ(names.mailbox_of_login("ana"), "ana@mx.example.test");
    EXPECT_EQ(names.mailbox_of_login("Ben@example.test"), "ben@example.test");
    EXPECT_FALSE(names.mailbox_of_login("ben"));
    EXPECT_FALSE(names.mailbox_of_login("eve"));
    EXPECT_FALSE(names.mailbox_of_login("anyone@ben.example"));
    EXPECT_FALSE(names.mailbox_of_login(""));
}

} // namespace
} // namespace portico::accounts
