#include "services/mail/id.hpp"
#include "services/mail/sqlite.hpp"
#include "support.hpp"
#include "tests/rule.hpp"

#include <fmt/core.h>

/// That there is room for deliveries, whatever else the store does, and what its limits do.
namespace portico::mail::test {

namespace {

constexpr auto ana = "ana@example.test";
constexpr auto bob = "bob@example.test";

class Room : public StoreTest {
protected:
    sqlite::Database database(sqlite::Mode mode = sqlite::Mode::read_only) const
    {
        return sqlite::Database::open(folder.path() / "mail/mail.db", mode).value();
    }

    /// `count` small messages for ana, made faster than they could be delivered.
    void fill(int count)
    {
        deliver({ana}, "the first");
        store.reset();
        auto writing = database(sqlite::Mode::read_write);
        auto numbers = fmt::format("WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL "
                                   "SELECT i + 1 FROM n WHERE i < {}) ",
                                   count);
        for (auto& sql :
             {"INSERT INTO message " + numbers +
                  "SELECT i, printf('%022d', i), received, size, 0, mailboxes, reverse_path, "
                  "recipients, body, parameters, hash FROM n, message WHERE message.id = 1",
              "INSERT INTO delivery " + numbers +
                  "SELECT mailbox, i, size, printf('%022d', i), traits FROM n, delivery",
              std::string{"UPDATE mailbox SET (messages, bytes) = "
                          "(SELECT count(*), sum(size) FROM delivery)"},
              std::string{"UPDATE store SET (messages, bytes) = "
                          "(SELECT count(*), sum(size) FROM message)"}}) {
            auto done = writing.execute(sql);
            ASSERT_TRUE(done.has_value()) << done.error().what;
        }
        open();
    }

    std::int64_t integer(const std::string& sql) { return database().integer(sql).value(); }
};

/// Delivers one after the other until `over`; what ana's mailbox held after each.
net::Task<std::vector<std::int64_t>> deliver_until(const bool& over, Store& store,
                                                   sqlite::Database database)
{
    std::vector<std::int64_t> left;
    while (!over) {
        auto draft = store.begin(Envelope{"", {{bob, bob}}});
        if (!(co_await draft->append("hello")).has_value()) break;
        if (!(co_await draft->deliver()).has_value()) break;
        left.push_back(
            database.integer("SELECT messages FROM mailbox WHERE name = 'ana@example.test'")
                .value());
    }
    co_return left;
}

TEST_F(Room, DeliveriesGoBetweenTheStepsOfALargeRemoval)
{
    constexpr std::size_t many = 100'000;
    fill(many);
    static asio::io_context loop{1}; // outlives the writer, as the reactor does
    auto session = maildrop(ana);
    ASSERT_EQ(session->messages().size(), many);
    std::vector<std::size_t> all(many);
    for (std::size_t index = 0; index < many; ++index) all[index] = index;
    bool over = false;
    bool removed = false;
    std::vector<std::int64_t> left;
    asio::co_spawn(loop, session->remove(std::move(all)),
                   [&](std::exception_ptr, std::expected<void, StoreError> done) {
                       removed = done.has_value();
                       over = true;
                   });
    asio::co_spawn(loop, deliver_until(over, *store, database()),
                   [&](std::exception_ptr, std::vector<std::int64_t> found) { left = found; });
    loop.run();
    EXPECT_TRUE(removed);
    // Each saw the mailbox some steps further on: none had to wait for many of the 200.
    EXPECT_GT(left.size(), 50u);
    EXPECT_TRUE(std::ranges::is_sorted(left, std::greater{}));
    EXPECT_GT(left.front(), 95'000);
    EXPECT_EQ(integer("SELECT count(*) FROM delivery"), static_cast<std::int64_t>(left.size()));
    EXPECT_EQ(integer("SELECT messages FROM store"), static_cast<std::int64_t>(left.size()));
    session.reset();
    EXPECT_TRUE(ids(ana).empty());
}

TEST_F(Room, RemovalsTakeTurns)
{
    fill(20'000);
    auto of_bob = deliver({bob}, "one");
    static asio::io_context loop{1};
    auto large = maildrop(ana);
    auto small = maildrop(bob);
    std::vector<std::size_t> all(large->messages().size());
    for (std::size_t index = 0; index < all.size(); ++index) all[index] = index;
    std::string order;
    asio::co_spawn(loop, large->remove(std::move(all)),
                   [&](std::exception_ptr, std::expected<void, StoreError>) { order += "large "; });
    asio::co_spawn(loop, small->remove({0}),
                   [&](std::exception_ptr, std::expected<void, StoreError>) { order += "small "; });
    loop.run();
    EXPECT_EQ(order, "small large ");
    EXPECT_EQ(integer("SELECT messages FROM store"), 0);
}

TEST_F(Room, ARemovalThatFailsHalfwayLeavesTheRest)
{
    rule("1939", "6",
         "an error in UPDATE may leave some of the deleted messages removed, and is told");
    fill(2'000);
    store.reset();
    ASSERT_TRUE(database(sqlite::Mode::read_write)
                    .execute("CREATE TRIGGER bad BEFORE DELETE ON delivery WHEN OLD.message = 1200 "
                             "BEGIN SELECT raise(ABORT, 'a bad one'); END")
                    .has_value());
    open();
    auto session = maildrop(ana);
    std::vector<std::size_t> all(session->messages().size());
    for (std::size_t index = 0; index < all.size(); ++index) all[index] = index;
    EXPECT_EQ(run(session->remove(std::move(all))).error(), StoreError::failing);
    session.reset();
    auto left = integer("SELECT count(*) FROM delivery");
    EXPECT_EQ(left, 1'000) << "two steps of 500 were done";
    EXPECT_EQ(integer("SELECT messages FROM mailbox"), left);
    EXPECT_EQ(integer("SELECT messages FROM store"), left);
    EXPECT_EQ(ids(ana).size(), 1'000u);
}

TEST_F(Room, TheFilesOfDeletedMailGoBitByBit)
{
    limits.inline_bytes = 1;
    reopen();
    constexpr std::size_t many = 180; // more than are removed between two groups
    for (std::size_t i = 0; i < many; ++i) deliver({ana}, "ab");
    EXPECT_EQ(files_in(folder.path() / "mail/bodies").size(), many);
    auto session = maildrop(ana);
    std::vector<std::size_t> all(many);
    for (std::size_t index = 0; index < many; ++index) all[index] = index;
    ASSERT_TRUE(run(session->remove(std::move(all))).has_value());
    session.reset();
    store.reset();
    EXPECT_TRUE(files_in(folder.path() / "mail/bodies").empty()) << "all of them in the end";
    open();
}

} // namespace

} // namespace portico::mail::test
