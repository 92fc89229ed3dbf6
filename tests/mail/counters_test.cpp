#include "services/mail/checksum.hpp"
#include "services/mail/id.hpp"
#include "services/mail/schema.hpp"
#include "services/mail/sqlite.hpp"
#include "support.hpp"

#include <fmt/core.h>

#include <bit>

/// What the store counts and sums up about what it holds.
namespace portico::mail::test {

namespace {

constexpr auto ana = "ana@example.test";
constexpr auto bob = "bob@example.test";

std::int64_t integer(sqlite::Database& database, const std::string& sql)
{
    return database.integer(sql).value();
}

class Counters : public StoreTest {
protected:
    sqlite::Database look() const
    {
        return sqlite::Database::open(folder.path() / "mail/mail.db", sqlite::Mode::read_only)
            .value();
    }

    /// "messages octets", as the store counts them.
    std::string counted(std::string_view mailbox = {})
    {
        auto database = look();
        auto from = mailbox.empty() ? std::string{"store"}
                                    : fmt::format("mailbox WHERE name = '{}'", mailbox);
        return fmt::format("{} {}", integer(database, "SELECT messages FROM " + from),
                           integer(database, "SELECT bytes FROM " + from));
    }

    /// Counts it all anew.
    void expect_exact()
    {
        auto database = look();
        EXPECT_EQ(integer(database, "SELECT count(*) FROM mailbox WHERE (messages, bytes) IS NOT "
                                    "(SELECT count(*), coalesce(sum(size), 0) FROM delivery "
                                    "WHERE delivery.mailbox = mailbox.id)"),
                  0);
        EXPECT_EQ(integer(database, "SELECT count(*) FROM store WHERE (messages, bytes) IS "
                                    "(SELECT count(*), coalesce(sum(size), 0) FROM message)"),
                  1);
    }
};

TEST_F(Counters, AreZeroInANewStore)
{
    EXPECT_EQ(counted(), "0 0");
}

TEST_F(Counters, CountAMessageOnceInTheStoreAndOnceInEachMailbox)
{
    deliver({ana, bob}, octets(1000));
    deliver({ana}, octets(100'000));
    deliver({bob, ana, bob}, "");
    EXPECT_EQ(counted(), "3 101000");
    EXPECT_EQ(counted(ana), "3 101000");
    EXPECT_EQ(counted(bob), "2 1000");
    reopen();
    deliver({bob}, "x");
    EXPECT_EQ(counted(), "4 101001");
    EXPECT_EQ(counted(bob), "3 1001");
    expect_exact();
}

TEST_F(Counters, FollowEveryKindOfRemoval)
{
    for (int i = 0; i < 4; ++i) deliver({ana, bob}, octets(1000));
    auto everywhere = deliver({ana, bob}, octets(70'000));
    ASSERT_TRUE(run(maildrop(ana)->remove({0, 2})).has_value());
    EXPECT_EQ(counted(), "5 74000") << "the other mailbox has them still";
    EXPECT_EQ(counted(ana), "3 72000");
    ASSERT_TRUE(run(store->remove(everywhere)).has_value());
    EXPECT_EQ(counted(), "4 4000");
    EXPECT_EQ(counted(ana), "2 2000");
    EXPECT_EQ(counted(bob), "4 4000");
    ASSERT_TRUE(run(maildrop(bob)->remove({0, 1})).has_value());
    EXPECT_EQ(counted(), "3 3000");
    EXPECT_EQ(run(store->remove(everywhere)).error(), StoreError::gone);
    expect_exact();
}

TEST_F(Counters, DoNotCountTwiceWhatIsRemovedTwice)
{
    auto id = deliver({ana}, octets(1000));
    deliver({ana}, octets(10));
    auto session = maildrop(ana);
    ASSERT_TRUE(run(store->remove(id)).has_value());
    ASSERT_TRUE(run(session->remove({0, 1, 1})).has_value());
    EXPECT_EQ(counted(), "0 0");
    EXPECT_EQ(counted(ana), "0 0");
}

net::Task<bool> deliver_and_remove(Store& store, int number)
{
    auto mine = std::to_string(number);
    for (int i = 0; i < 20; ++i) {
        Envelope envelope{"", {{"all", "all"}, {mine, mine}}};
        auto bytes = octets(i % 5 == 4 ? 70'000 : 300);
        auto draft = store.begin(std::move(envelope));
        if (!(co_await draft->append(bytes)).has_value()) co_return false;
        if (!(co_await draft->deliver()).has_value()) co_return false;
        if (i % 3 == 0 && !(co_await store.remove(draft->id())).has_value()) co_return false;
    }
    auto session = co_await store.open(mine);
    if (!session) co_return false;
    std::vector<std::size_t> indices{0, 3, 5};
    auto removed = co_await (*session)->remove(std::move(indices));
    co_return removed.has_value();
}

TEST_F(Counters, AreExactWhenManyChangeThemInOneGroup)
{
    static asio::io_context loop{1}; // outlives the writer, as the reactor does
    int done = 0;
    for (int i = 0; i < 12; ++i)
        asio::co_spawn(loop, deliver_and_remove(*store, i),
                       [&done](std::exception_ptr, bool whole) { done += whole ? 1 : 0; });
    loop.run();
    EXPECT_EQ(done, 12);
    expect_exact();
    EXPECT_EQ(counted("all").substr(0, 4), fmt::format("{} ", 12 * 13));
}

TEST_F(Counters, AFailedGroupIsNotCountedAndItsGoodOnesAreOnce)
{
    deliver({ana}, "hello");
    // One whose row is refused takes the group with it; each is tried again alone.
    {
        store.reset();
        auto database =
            sqlite::Database::open(folder.path() / "mail/mail.db", sqlite::Mode::read_write)
                .value();
        ASSERT_TRUE(database
                        .execute("CREATE TRIGGER bad BEFORE INSERT ON delivery WHEN NEW.size = 13 "
                                 "BEGIN SELECT raise(ABORT, 'a bad one'); END")
                        .has_value());
        open();
    }
    static asio::io_context loop{1};
    int delivered = 0;
    int failed = 0;
    for (int i = 0; i < 30; ++i)
        asio::co_spawn(loop,
                       deliver_one(*store, envelope({i % 2 == 0 ? ana : bob, "all"}),
                                   octets(i % 7 == 3 ? 13 : 10)),
                       [&](std::exception_ptr, std::expected<std::string, StoreError> id) {
                           ++(id ? delivered : failed);
                       });
    loop.run();
    EXPECT_EQ(failed, 4);
    EXPECT_EQ(delivered, 26);
    EXPECT_EQ(counted(), "27 265");
    EXPECT_EQ(counted("all"), "26 260");
    expect_exact();
}

TEST_F(Counters, AStoreOfStepTwoIsCountedAsItOpens)
{
    auto mail = folder.path() / "mail";
    store.reset();
    std::filesystem::remove_all(mail);
    std::filesystem::create_directory(mail);
    auto id = [](int key) { return encode_id({7, static_cast<std::uint64_t>(key)}); };
    {
        auto database = sqlite::Database::open(mail / "mail.db", sqlite::Mode::read_write).value();
        ASSERT_TRUE(set_up_writing(database, config::Mail::Durability::full).has_value());
        ASSERT_TRUE(migrate(database, migrations().first(2)).has_value());
        std::string rows = "INSERT INTO store VALUES (1, 2, 3); INSERT INTO mailbox VALUES "
                           "(1, 'ana@example.test'), (2, 'bob@example.test'), (3, 'eve');";
        for (int key = 1; key <= 100; ++key) {
            rows += fmt::format("INSERT INTO message VALUES ({0}, '{1}', 1, {0}, 0, '[1,2]', '', "
                                "'a', zeroblob({0}), '');",
                                key, id(key));
            rows +=
                fmt::format("INSERT INTO delivery VALUES (1, {0}, {0}, '{1}', 1);", key, id(key));
            if (key % 2 == 0)
                rows += fmt::format("INSERT INTO delivery VALUES (2, {0}, {0}, '{1}', 1);", key,
                                    id(key));
        }
        ASSERT_TRUE(database.execute(rows).has_value());
    }
    open();
    EXPECT_EQ(counted(), "100 5050");
    EXPECT_EQ(counted(ana), "100 5050");
    EXPECT_EQ(counted(bob), "50 2550");
    EXPECT_EQ(counted("eve"), "0 0");
    auto database = look();
    EXPECT_EQ(integer(database, "SELECT count(*) FROM message WHERE hash IS NULL"), 100);
    deliver({"eve"}, "new");
    EXPECT_EQ(integer(database, "SELECT count(*) FROM message WHERE hash IS NULL"), 100);
    ASSERT_TRUE(run(maildrop(ana)->remove({0})).has_value());
    EXPECT_EQ(counted(), "100 5052");
    expect_exact();
}

TEST(ChecksumOfOctets, IsXxh3AndDoesNotDependOnTheCuts)
{
    auto of = [](std::string_view bytes, std::size_t piece) {
        Checksum checksum;
        for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
            checksum.add(bytes.substr(0, piece));
        return checksum.value();
    };
    EXPECT_EQ(of("", 1), 0x2d06800538d394c2u) << "the algorithm's own test vector";
    EXPECT_EQ(of("a", 1), 0xe6c632b61e964e1fu);
    auto bytes = octets(100'000);
    for (std::size_t piece : {1uz, 63uz, 4096uz}) EXPECT_EQ(of(bytes, piece), of(bytes, 100'000));
    EXPECT_NE(of(bytes, 100'000), of(std::string_view{bytes}.substr(1), 100'000));
}

TEST_F(Counters, EveryMessageIsStoredWithItsChecksum)
{
    limits.queue_bytes = 1 << 20;
    reopen();
    const std::vector sent{octets(0), octets(1, 2), octets(60'000, 3), octets(70'000, 4),
                           octets(2 << 20, 5)};
    for (auto& one : sent) deliver({ana}, one);
    auto database = look();
    auto statement = database.prepare("SELECT hash FROM message ORDER BY id").value();
    auto rows = statement.start();
    for (auto& one : sent) {
        Checksum checksum;
        checksum.add(one);
        ASSERT_TRUE(rows.next().value());
        EXPECT_EQ(std::bit_cast<std::uint64_t>(rows.integer(0)), checksum.value()) << one.size();
    }
}

} // namespace

} // namespace portico::mail::test
