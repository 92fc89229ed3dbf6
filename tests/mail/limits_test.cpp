#include "services/mail/limits.hpp"
#include "services/mail/sqlite.hpp"
#include "support.hpp"
#include "tests/rule.hpp"

#include <fmt/core.h>

/// What `[mail] max_...` and `when_full` do.
namespace portico::mail::test {

namespace {

using namespace std::chrono_literals;
using enum config::Mail::WhenFull;

constexpr auto ana = "ana@example.test";
constexpr auto bob = "bob@example.test";

TEST(Limit, HoldsUpToItAndWithoutOneEverything)
{
    EXPECT_TRUE(Limit{}.holds({1'000'000'000, INT64_MAX}));
    EXPECT_FALSE(Limit{}.any());
    EXPECT_EQ((Limit{3, 0}.past({3, 100})), "");
    EXPECT_EQ((Limit{3, 0}.past({4, 100})), "messages");
    EXPECT_EQ((Limit{3, 100}.past({3, 101})), "bytes");
    EXPECT_EQ((Limit{0, 100}.past({50, 100})), "");
}

class LimitsTest : public StoreTest {
protected:
    void TearDown() override
    {
        StoreTest::TearDown();
        expect_exact();
    }

    sqlite::Database database(sqlite::Mode mode = sqlite::Mode::read_only) const
    {
        return sqlite::Database::open(folder.path() / "mail/mail.db", mode).value();
    }
    std::int64_t integer(const std::string& sql) { return database().integer(sql).value(); }

    /// SQL while the store is closed.
    void change(const std::string& sql)
    {
        store.reset();
        auto done = database(sqlite::Mode::read_write).execute(sql);
        ASSERT_TRUE(done.has_value()) << done.error().what;
        open();
    }

    void expect_exact()
    {
        EXPECT_EQ(integer("SELECT count(*) FROM mailbox WHERE (messages, bytes) IS NOT "
                          "(SELECT count(*), coalesce(sum(size), 0) FROM delivery "
                          "WHERE delivery.mailbox = mailbox.id)"),
                  0);
        EXPECT_EQ(integer("SELECT count(*) FROM store WHERE (messages, bytes) IS "
                          "(SELECT count(*), coalesce(sum(size), 0) FROM message)"),
                  1);
        EXPECT_EQ(integer("SELECT count(*) FROM message WHERE id NOT IN "
                          "(SELECT message FROM delivery)"),
                  0);
    }

    /// Until nothing is left to expire: each change is answered after a step of it.
    void wait_until(const std::string& sql, std::int64_t value)
    {
        for (int i = 0; i < 10'000 && integer(sql) != value; ++i) (void)run(store->remove(gone));
        EXPECT_EQ(integer(sql), value) << sql;
    }

    std::string gone; // the identity of a message that is not there
};

TEST_F(LimitsTest, MaxMessagesRefuses)
{
    limits.max_messages = 3;
    reopen();
    auto first = deliver({ana, bob}, "for two, counts once");
    deliver({ana}, "");
    deliver({bob}, "");
    EXPECT_EQ(try_deliver({bob}, "one too many").error(), StoreError::full);
    EXPECT_EQ(try_deliver({"eve"}, octets(100'000)).error(), StoreError::full);
    EXPECT_EQ(body_files().size(), 0u) << "its file is gone again";
    EXPECT_EQ(integer("SELECT count(*) FROM mailbox"), 2) << "no mailbox is made for nothing";
    ASSERT_TRUE(run(store->remove(first)).has_value());
    deliver({bob}, "there is room");
    EXPECT_EQ(ids(bob).size(), 2u);
    auto lines = log.lines();
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[0], "the mail store is full ([mail] max_messages): mail for it is refused");
    EXPECT_EQ(lines[1], "the mail store takes mail again, after 4 refusals"); // 2 of body_files()
}

TEST_F(LimitsTest, MaxBytesRefusesWhatWouldBePastThem)
{
    limits.max_bytes = 1000;
    reopen();
    deliver({ana}, octets(600));
    EXPECT_EQ(try_deliver({ana}, octets(401)).error(), StoreError::full);
    deliver({ana}, octets(400));
    EXPECT_EQ(try_deliver({ana}, "x").error(), StoreError::full);
    deliver({ana}, "");
    reopen();
    EXPECT_EQ(try_deliver({ana}, "x").error(), StoreError::full) << "it knows what is there";
}

TEST_F(LimitsTest, AFullMailboxRefusesTheWholeMessageAndNoOther)
{
    rule("5321", "4.5.3.1.9", "mail for which there is no room is refused, none of it is kept");
    limits.max_mailbox_messages = 1;
    limits.max_mailbox_bytes = 500;
    reopen();
    EXPECT_EQ(try_deliver({bob}, octets(501)).error(), StoreError::mailbox_full);
    deliver({ana}, "the only one");
    EXPECT_EQ(try_deliver({ana}, "x").error(), StoreError::mailbox_full);
    EXPECT_EQ(try_deliver({bob, ana}, "x").error(), StoreError::mailbox_full);
    EXPECT_TRUE(ids(bob).empty());
    deliver({bob}, octets(500));
    ASSERT_TRUE(run(maildrop(ana)->remove({0})).has_value());
    deliver({ana}, "x");
    auto lines = log.lines();
    ASSERT_EQ(lines.size(), 4u);
    EXPECT_EQ(lines[0], "mailbox bob@example.test is full ([mail] max_mailbox_bytes): mail for it "
                        "is refused");
    EXPECT_EQ(lines[1], "mailbox ana@example.test is full ([mail] max_mailbox_messages): mail for "
                        "it is refused");
    EXPECT_EQ(lines[2], "mailbox bob@example.test takes mail again, after 1 refusal");
    EXPECT_EQ(lines[3], "mailbox ana@example.test takes mail again, after 2 refusals");
}

TEST_F(LimitsTest, ManyAtOnceDoNotGetPastALimitTogether)
{
    limits.max_messages = 40;
    limits.max_mailbox_messages = 10;
    reopen();
    static asio::io_context loop{1}; // outlives the writer, as the reactor does
    std::array<int, 3> outcomes{};
    for (int i = 0; i < 100; ++i) {
        auto to = i % 10 == 0 ? std::string{ana} : "user" + std::to_string(i);
        asio::co_spawn(loop, deliver_one(*store, envelope({to, to + "2"}), "hello"),
                       [&](std::exception_ptr, std::expected<std::string, StoreError> id) {
                           ++outcomes[id ? 0 : id.error() == StoreError::full ? 1 : 2];
                       });
    }
    loop.restart();
    loop.run();
    EXPECT_EQ(outcomes, (std::array{40, 60, 0}));
    for (int i = 0; i < 20; ++i) EXPECT_FALSE(try_deliver({ana}, "x").has_value());
    EXPECT_LE(ids(ana).size(), 10u);
}

TEST_F(LimitsTest, MaxMessagesLetsTheOldestGo)
{
    limits.max_messages = 3;
    limits.when_full = expire;
    reopen();
    auto old = deliver({ana, bob}, octets(100'000));
    std::vector<std::string> sent;
    for (int i = 0; i < 5; ++i) sent.push_back(deliver({i % 2 == 0 ? ana : bob}, octets(70'000)));
    EXPECT_EQ(ids(ana), (std::vector{sent[2], sent[4]}));
    EXPECT_EQ(ids(bob), std::vector{sent[3]});
    store.reset();
    EXPECT_EQ(files_in(folder.path() / "mail/bodies").size(), 3u);
    auto lines = log.lines();
    ASSERT_EQ(lines.size(), 2u) << "the first, and the sum of the rest";
    EXPECT_EQ(lines[0], "expired 2 messages (200000 octets) by the limits of [mail]");
    EXPECT_EQ(lines[1], "expired 2 messages (140000 octets) by the limits of [mail]");
    open();
}

TEST_F(LimitsTest, MaxBytesLetsAsManyGoAsItTakes)
{
    limits.max_bytes = 1000;
    limits.when_full = expire;
    reopen();
    for (int i = 0; i < 10; ++i) deliver({ana}, octets(100));
    EXPECT_EQ(ids(ana).size(), 10u);
    auto large = deliver({bob}, octets(950));
    EXPECT_TRUE(ids(ana).empty());
    EXPECT_EQ(ids(bob), std::vector{large});
    EXPECT_EQ(try_deliver({ana}, octets(1001)).error(), StoreError::full);
    EXPECT_EQ(ids(bob), std::vector{large}) << "nothing goes for what never fits";
}

TEST_F(LimitsTest, AMailboxLetsItsOldestGoAndTheOthersKeepThem)
{
    limits.max_mailbox_messages = 2;
    limits.max_mailbox_bytes = 1000;
    limits.when_full = expire;
    reopen();
    auto first = deliver({ana, bob}, octets(10));
    auto second = deliver({ana}, octets(300));
    auto third = deliver({ana}, octets(300));
    EXPECT_EQ(ids(ana), (std::vector{second, third}));
    EXPECT_EQ(ids(bob), std::vector{first});
    auto fourth = deliver({ana}, octets(900));
    EXPECT_EQ(ids(ana), std::vector{fourth});
    EXPECT_EQ(try_deliver({ana}, octets(1001)).error(), StoreError::mailbox_full);
    EXPECT_EQ(ids(ana), std::vector{fourth});
}

TEST_F(LimitsTest, WhatComesInOneGroupIsOverTheLimitTogether)
{
    limits.max_mailbox_messages = 5;
    limits.when_full = expire;
    reopen();
    static asio::io_context loop{1};
    int delivered = 0;
    for (int i = 0; i < 60; ++i)
        asio::co_spawn(loop, deliver_one(*store, envelope({ana, bob}), "hello"),
                       [&](std::exception_ptr, std::expected<std::string, StoreError> id) {
                           delivered += id ? 1 : 0;
                       });
    loop.restart();
    loop.run();
    EXPECT_EQ(delivered, 60);
    EXPECT_EQ(ids(ana).size(), 5u);
    EXPECT_EQ(ids(bob), ids(ana));
    EXPECT_EQ(integer("SELECT count(*) FROM message"), 5);
}

TEST_F(LimitsTest, ASessionFindsGoneWhatExpired)
{
    limits.max_mailbox_messages = 1;
    limits.when_full = expire;
    reopen();
    deliver({ana}, "old");
    auto session = maildrop(ana);
    auto fresh = deliver({ana}, "new");
    ASSERT_EQ(session->messages().size(), 1u);
    EXPECT_EQ(run(read_all(session->read(session->messages()[0]))).error(), StoreError::gone);
    EXPECT_TRUE(run(session->remove({0})).has_value());
    session.reset();
    EXPECT_EQ(ids(ana), std::vector{fresh});
}

TEST_F(LimitsTest, ALimitThatWasLoweredIsReachedInSteps)
{
    gone = deliver({ana}, "");
    ASSERT_TRUE(run(store->remove(gone)).has_value());
    deliver({ana, bob}, "the first");
    limits.max_mailbox_messages = 100;
    limits.when_full = expire;
    change("CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 "
           "FROM n WHERE i < 3099) SELECT i FROM n;"
           "INSERT INTO message SELECT i, printf('%022d', i), received, size, 0, mailboxes, "
           "reverse_path, recipients, body, parameters, hash FROM n, message;"
           "INSERT INTO delivery SELECT mailbox, i, size, printf('%022d', i), traits FROM n, "
           "delivery;"
           "UPDATE mailbox SET (messages, bytes) = (SELECT count(*), sum(size) FROM delivery "
           "WHERE delivery.mailbox = mailbox.id);"
           "UPDATE store SET (messages, bytes) = (SELECT count(*), sum(size) FROM message);");
    wait_until("SELECT count(*) FROM delivery", 200);
    EXPECT_EQ(integer("SELECT min(message) FROM delivery"), 3000);
    EXPECT_EQ(integer("SELECT messages FROM store"), 100);
}

TEST_F(LimitsTest, MailThatIsTooOldGoesByItself)
{
    gone = deliver({ana}, "");
    ASSERT_TRUE(run(store->remove(gone)).has_value());
    for (int i = 0; i < 5; ++i) deliver({ana, bob}, octets(i == 3 ? 100'000 : 100));
    limits.max_age = 30 * 24h;
    // The first three are 31 days old; whether the store is full does not matter.
    change(fmt::format("UPDATE message SET received = received - {} WHERE id < 5",
                       std::chrono::milliseconds{31 * 24h}.count()));
    wait_until("SELECT count(*) FROM message", 2);
    EXPECT_EQ(ids(ana).size(), 2u);
    later = 29 * 24h;
    (void)run(store->remove(gone)); // so that the store looks at its clock
    (void)run(store->remove(gone));
    EXPECT_EQ(ids(bob).size(), 2u);
    later = 31 * 24h;
    wait_until("SELECT count(*) FROM message", 0);
    EXPECT_TRUE(ids(bob).empty());
    store.reset();
    EXPECT_TRUE(files_in(folder.path() / "mail/bodies").empty());
    open();
}

TEST_F(LimitsTest, TheStoreWakesUpWhenMailIsTooOld)
{
    limits.max_age = 300ms;
    reopen();
    deliver({ana}, "short lived");
    // Only reading, which wakes nobody.
    auto end = std::chrono::steady_clock::now() + 60s;
    while (!ids(ana).empty() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    EXPECT_TRUE(ids(ana).empty());
}

TEST_F(LimitsTest, ExpiryThatFailsDoesNotKeepMailOut)
{
    limits.max_mailbox_messages = 1;
    limits.when_full = expire;
    change("CREATE TRIGGER bad BEFORE DELETE ON delivery BEGIN SELECT raise(ABORT, 'no'); END");
    std::vector<std::string> sent;
    for (int i = 0; i < 5; ++i) sent.push_back(deliver({ana}, "hello"));
    EXPECT_EQ(ids(ana), sent);
    auto lines = log.lines();
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_TRUE(lines[0].starts_with("expiring mail fails: ")) << lines[0];
    change("DROP TRIGGER bad");
    auto last = deliver({ana}, "hello");
    EXPECT_EQ(ids(ana), std::vector{last});
}

} // namespace

} // namespace portico::mail::test
