#include "gated_disk.hpp"
#include "services/mail/sqlite.hpp"
#include "support.hpp"

#include <thread>

/// What is slow around the store, a disk or a reader, slows those who wait for it and costs no
/// memory and no disk.
namespace portico::mail::test {

namespace {

constexpr auto ana = "ana@example.test";
constexpr auto bob = "bob@example.test";

struct Progress {
    int whole = 0; // messages that are with the store, every octet
    int delivered = 0;
};

net::Task<void> send_some(Store& store, int count, const std::string& body, Progress& progress)
{
    for (int i = 0; i < count; ++i) {
        auto draft = store.begin(Envelope{"", {{ana, ana}}});
        if (!(co_await draft->append(body)).has_value()) co_return;
        ++progress.whole;
        if (!(co_await draft->deliver()).has_value()) co_return;
        ++progress.delivered;
    }
}

class SlowDisk : public StoreTest {
protected:
    void TearDown() override
    {
        disk.open_gate();
        StoreTest::TearDown();
    }

    GatedDisk disk; // before the store opens its database
};

TEST_F(SlowDisk, SlowsTheSendersWithinTheMemoryThatIsAllowed)
{
    limits.queue_bytes = 1 << 20;
    reopen();
    constexpr int senders = 100;
    constexpr int each = 3;
    const auto body = octets(50'000);
    static asio::io_context loop{1}; // outlives the writer, as the reactor does
    Progress progress;
    disk.close_gate();
    for (int i = 0; i < senders; ++i)
        asio::co_spawn(loop, send_some(*store, each, body, progress), [](std::exception_ptr) {});
    std::uint64_t most = 0;
    while (progress.whole < senders) {
        if (loop.poll() == 0) std::this_thread::yield();
        most = std::max(most, store->statistics().queue_bytes);
    }
    disk.wait_for_a_sync();
    while (loop.poll() > 0) {
    }
    // Nobody is told that anything is stored, and so nobody sends more.
    EXPECT_EQ(progress.delivered, 0);
    EXPECT_EQ(progress.whole, senders);
    EXPECT_LE(most, limits.queue_bytes);
    EXPECT_GT(most, limits.queue_bytes / 2) << "what is allowed is used";
    // The rest waits in files.
    EXPECT_GE(files_in(folder.path() / "mail/bodies").size(), senders - (1u << 20) / 50'000);

    disk.open_gate();
    loop.run();
    EXPECT_EQ(progress.delivered, senders * each);
    EXPECT_EQ(store->statistics().queue_bytes, 0u);
    EXPECT_EQ(ids(ana).size(), std::size_t{senders} * each);
}

TEST_F(StoreTest, AReaderThatDoesNotGoOnKeepsNoWriteAheadLog)
{
    limits.inline_bytes = 1 << 20; // one that is read from its row in pieces, too
    reopen();
    deliver({ana}, octets(700'000));
    deliver({ana}, octets(2 << 20));
    auto session = maildrop(ana);
    std::vector<std::unique_ptr<Reading>> stuck;
    for (auto& message : session->messages()) {
        stuck.push_back(session->read(message));
        ASSERT_EQ(run(stuck.back()->next())->size(), 256u << 10);
    }
    // 30 MiB go through a log of which each checkpoint finds all pages free.
    for (int i = 0; i < 500; ++i) {
        deliver({bob}, octets(60'000));
        ASSERT_LT(store->statistics().wal_pages, 1100u);
    }
    EXPECT_GT(store->statistics().checkpoints, 2u);
    EXPECT_LT(std::filesystem::file_size(folder.path() / "mail/mail.db-wal"), 10u << 20);
    for (auto& reading : stuck) EXPECT_FALSE(run(reading->next())->empty());
}

/// A reader that SQLite sees, as a tool that looks into the database is.
TEST_F(StoreTest, ASnapshotThatIsHeldDelaysTheLogAndNoMail)
{
    deliver({ana}, "hello");
    {
        auto other =
            sqlite::Database::open(folder.path() / "mail/mail.db", sqlite::Mode::read_only).value();
        ASSERT_TRUE(other.execute("BEGIN").has_value());
        ASSERT_EQ(other.integer("SELECT count(*) FROM message").value(), 1);
        for (int i = 0; i < 100; ++i) deliver({bob}, octets(60'000));
        EXPECT_GT(store->statistics().wal_pages, 700u);
        EXPECT_EQ(other.integer("SELECT count(*) FROM message").value(), 1);
    }
    for (int i = 0; i < 60; ++i) deliver({bob}, octets(60'000));
    EXPECT_LT(store->statistics().wal_pages, 700u) << "it starts over when the other has gone";
    EXPECT_TRUE(log.lines().empty());
}

} // namespace

} // namespace portico::mail::test
