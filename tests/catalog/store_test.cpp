// The catalog of a real store.

#include "services/catalog/disk_catalog.hpp"
#include "tests/mail/support.hpp"

#include <asio/co_spawn.hpp>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace portico::catalog {

namespace {

using mail::test::run;
using Names = std::vector<std::string>;

class CatalogOfStore : public mail::test::StoreTest {
protected:
    void SetUp() override
    {
        StoreTest::SetUp();
        open_catalog();
    }
    void TearDown() override
    {
        catalogs.back()->stop();
        StoreTest::TearDown();
        pool.join();
    }

    void open_catalog()
    {
        catalogs.push_back(std::make_unique<DiskCatalog>(folder.path() / "catalog",
                                                         Settings{.host_name = "mx.example.test"},
                                                         *store, pool, log));
    }
    void reopen_all()
    {
        catalogs.back()->stop();
        reopen();
        open_catalog();
    }

    std::string deliver_text(const std::string& text)
    {
        return deliver({"bob@example.test"}, "From: ana@example.net\r\nTo: bob@example.test\r\n"
                                             "Subject: s\r\n\r\n" +
                                                 text + "\r\n");
    }

    Page list() { return run(catalogs.back()->list({})).value(); }
    Names found(std::string_view text)
    {
        const auto query = parse_query(text, {});
        const auto page = run(catalogs.back()->search(query, {}));
        Names ids;
        for (const auto& entry : page.value().entries) ids.push_back(entry.arrival.id);
        return ids;
    }

    // These end when no thread of the pool is left.
    std::array<asio::io_context, 3> loops;
    std::vector<std::unique_ptr<DiskCatalog>> catalogs;
};

} // namespace

TEST_F(CatalogOfStore, FindsWhatWasJustDelivered)
{
    for (int i = 0; i < 20; ++i) {
        const auto word = "word" + std::to_string(i) + "x";
        const auto id = deliver_text(word);
        EXPECT_EQ(found(word), Names{id});
        EXPECT_EQ(found("to:bob " + word), Names{id});
    }
    EXPECT_EQ(list().totals.total, 20U);
    EXPECT_EQ(list().entries[0].arrival.return_path, "ana@example.net");
    EXPECT_EQ(run(catalogs.back()->entry(list().entries[3].arrival.id))->arrival.id,
              list().entries[3].arrival.id);
}

TEST_F(CatalogOfStore, FollowsMarksAndRemovals)
{
    const auto one = deliver_text("one"), two = deliver_text("two"), three = deliver_text("three");
    ASSERT_TRUE(run(store->mark({one, two}, true, {})));
    EXPECT_EQ(found("is:read"), (Names{two, one}));
    ASSERT_TRUE(run(store->mark({one}, {}, Names{"b", "A"})));
    EXPECT_EQ(list().tags, (Names{"A", "b"}));
    ASSERT_TRUE(run(store->mark_all(true)));
    EXPECT_EQ(list().totals.unread, 0U);
    ASSERT_TRUE(run(store->mark_all(false)));
    EXPECT_EQ(list().totals.unread, 3U);
    EXPECT_TRUE(run(catalogs.back()->rename_tag("a", "c")));
    EXPECT_EQ(found("tag:c tag:b"), Names{one});
    reopen_all();
    EXPECT_EQ(found("tag:c tag:b"), Names{one});
    EXPECT_EQ(list().totals.unread, 3U);
    ASSERT_TRUE(run(store->remove_each({two})));
    EXPECT_EQ(found("is:unread"), (Names{three, one}));
    {
        const auto session = maildrop("bob@example.test");
        ASSERT_TRUE(run(session->remove({0})));
    }
    EXPECT_EQ(list().totals.total, 1U);
    ASSERT_TRUE(run(store->remove_all()));
    EXPECT_EQ(list().totals.total, 0U);
    EXPECT_TRUE(list().tags.empty());
}

TEST_F(CatalogOfStore, ALargeMessageIsReadWhole)
{
    const auto id =
        deliver({"bob@example.test"},
                "To: bob@example.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
                "--b\r\n\r\nneedle\r\n--b\r\nContent-Type: application/octet-stream; "
                "name=one.bin\r\n\r\n" +
                    std::string(600'000, 'x') +
                    "\r\n--b\r\nContent-Type: application/octet-stream; name=two.bin"
                    "\r\n\r\ny\r\n--b--\r\n");
    EXPECT_EQ(found("needle has:attachment two.bin"), Names{id});
    EXPECT_EQ(list().entries[0].attachments, 2U);
}

// For the thread sanitizer, too: the writer tells, the follower follows, and others ask.
TEST_F(CatalogOfStore, ManyDeliverAndAsk)
{
    std::atomic<int> failures{0};
    const auto talk = [](mail::Store& to, Catalog& asked, std::atomic<int>& failed,
                         int who) -> net::Task<int> {
        for (int i = 0; i < 40; ++i) {
            const auto word = "word" + std::to_string(who * 1000 + i) + "x";
            std::string source = "Subject: s\r\n\r\n" + word + "\r\n";
            auto outer = envelope({"bob@example.test"});
            auto id = co_await deliver_one(to, std::move(outer), std::move(source));
            const auto query = parse_query(word, {});
            const Range range;
            auto page = co_await asked.search(query, range);
            const bool right =
                id && page && page->entries.size() == 1 && page->entries[0].arrival.id == *id;
            if (!right) ++failed;
        }
        co_return who;
    };
    std::vector<std::thread> threads;
    for (int who = 0; who < 3; ++who)
        threads.emplace_back([&, who] {
            auto& loop = loops[static_cast<std::size_t>(who)];
            asio::co_spawn(loop.get_executor(), talk(*store, *catalogs.back(), failures, who),
                           [&](std::exception_ptr thrown, int) { failures += thrown ? 1 : 0; });
            loop.run();
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(failures, 0);
    EXPECT_EQ(list().totals.total, 120U);
}

} // namespace portico::catalog
