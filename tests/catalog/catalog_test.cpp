#include "services/catalog/disk_catalog.hpp"
#include "services/mime/utf8.hpp"
#include "tests/catalog/fake_store.hpp"
#include "tests/catalog/generate.hpp"
#include "tests/mail/support.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace portico::catalog {

namespace {

using mail::Cause;
using mail::StoreError;
using mail::test::run;
using Ids = std::vector<std::string>;
using Names = std::vector<std::string>;

std::string plain(const std::string& subject, const std::string& text = "text")
{
    return "From: Ana <ana@example.net>\r\nTo: bob@example.org\r\nSubject: " + subject +
           "\r\n\r\n" + text + "\r\n";
}

Ids ids_of(const Page& page)
{
    Ids ids;
    for (const auto& entry : page.entries) ids.push_back(entry.arrival.id);
    return ids;
}

Ids ids(std::vector<std::int64_t> keys)
{
    Ids result;
    for (const auto key : keys) result.push_back(test::FakeStore::id_of(key));
    return result;
}

/// Writes down what it is told.
class Listener final : public Observer {
public:
    void added(const Entry& entry) override { write("added " + entry.subject); }
    void read(const std::string& id, bool is_read) override
    {
        write("read " + id.substr(20) + (is_read ? " yes" : " no"));
    }
    void tagged(const std::string& id, const Names& tags) override
    {
        auto line = "tagged " + id.substr(20);
        for (const auto& tag : tags) line += " " + tag;
        write(line);
    }
    void removed(const Ids& gone) override
    {
        for (const auto& id : gone) write("removed " + id.substr(20));
    }
    void all_removed() override { write("all removed"); }
    void many_changed() override { write("many"); }

    /// Returns when it has been told `last`.
    Names until(const std::string& last)
    {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return !lines_.empty() && lines_.back() == last; });
        return std::exchange(lines_, {});
    }

private:
    void write(std::string line)
    {
        const std::lock_guard lock{mutex_};
        lines_.push_back(std::move(line));
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    Names lines_;
};

class CatalogTest : public testing::Test {
protected:
    CatalogTest() { open(); }
    ~CatalogTest() override { close(); }

    void open()
    {
        pool.emplace(3);
        catalog.emplace(folder.path() / "catalog", settings, store, *pool, log);
    }
    void close()
    {
        if (catalog) catalog->stop();
        if (pool) pool->join();
        catalog.reset();
        pool.reset();
    }
    void reopen()
    {
        close();
        open();
    }

    Page list(Range range = {})
    {
        auto page = run(catalog->list(range));
        EXPECT_TRUE(page);
        return page.value_or(Page{});
    }
    Page search(std::string_view text, Range range = {})
    {
        const auto query = parse_query(text, {});
        auto page = run(catalog->search(query, range));
        EXPECT_TRUE(page) << text;
        return page.value_or(Page{});
    }
    Ids found(std::string_view text) { return ids_of(search(text)); }

    std::string path(const std::string& name) { return folder.path() / "catalog" / name; }
    void spoil(const std::string& name, std::size_t place)
    {
        std::fstream file{path(name), std::ios::in | std::ios::out | std::ios::binary};
        file.seekp(static_cast<std::streamoff>(place));
        file << std::string(8, '\xEE');
    }

    mail::test::TemporaryFolder folder;
    mail::test::KeptLog log;
    Settings settings{.host_name = "mx.example.test", .search_text = 5000, .rewrite_from = 2000};
    test::FakeStore store;
    std::array<asio::io_context, 3> loops; // a thread of the pool may be on its way out of them
    std::optional<net::Pool> pool;
    std::optional<DiskCatalog> catalog;
};

} // namespace

TEST_F(CatalogTest, ListsTheNewestFirst)
{
    EXPECT_TRUE(list().entries.empty());
    for (const std::int64_t key : {1, 3, 2, 5, 4}) // a long message comes behind others
        store.deliver(key, plain("number " + std::to_string(key)));
    const auto page = list();
    EXPECT_EQ(ids_of(page), ids({5, 4, 3, 2, 1}));
    EXPECT_EQ(page.entries[0].subject, "number 5");
    EXPECT_EQ(page.entries[0].from.address, "ana@example.net");
    EXPECT_EQ(page.entries[0].arrival.return_path, "bounce@example.net");
    EXPECT_EQ(page.entries[0].bcc[0].address, "blind@x.org");
    EXPECT_EQ(page.entries[1].arrival.username, "ana");
    EXPECT_EQ(page.entries[0].message_id, test::FakeStore::id_of(5) + "@mx.example.test");
    EXPECT_EQ(page.entries[0].snippet, "text");
    EXPECT_EQ(page.totals.total, 5U);
    EXPECT_EQ(page.totals.unread, 5U);
}

TEST_F(CatalogTest, PagesAreCutFromAllThatMatches)
{
    for (std::int64_t key = 1; key <= 9; ++key) {
        store.deliver(key, plain(key % 2 == 0 ? "even" : "odd"));
        if (key <= 4) store.mark_now(key, true, {});
    }
    EXPECT_EQ(ids_of(list({.start = 2, .limit = 3})), ids({7, 6, 5}));
    EXPECT_EQ(ids_of(list({.start = 7, .limit = 3})), ids({2, 1}));
    EXPECT_TRUE(list({.start = 9}).entries.empty());
    EXPECT_TRUE(list({.limit = 0}).entries.empty());
    const auto page = search("subject:even", {.start = 1, .limit = 2});
    EXPECT_EQ(ids_of(page), ids({6, 4}));
    EXPECT_EQ(page.totals.total, 9U);
    EXPECT_EQ(page.totals.unread, 5U);
    EXPECT_EQ(page.totals.messages_count, 4U);
    EXPECT_EQ(page.totals.messages_unread, 2U);
    EXPECT_EQ(page.totals.start, 1U);
    const Plan::Time then{std::chrono::milliseconds{30'000'000}};
    EXPECT_EQ(ids_of(list({.before = then})), ids({2, 1}));
    EXPECT_EQ(list({.before = then}).totals.messages_count, 9U);
    EXPECT_EQ(ids_of(search("text", {.before = then})), ids({2, 1}));
    EXPECT_EQ(ids_of(list({.limit = 2, .below = 5})), ids({4, 3}));
}

TEST_F(CatalogTest, LargePagesComeInPieces)
{
    for (std::int64_t key = 1; key <= 1002; ++key) store.deliver(key, plain("s"));
    const auto first = list({.limit = 5000});
    ASSERT_EQ(first.entries.size(), 1000U);
    ASSERT_TRUE(first.more);
    const auto rest = list({.limit = 4000, .below = *first.more});
    EXPECT_EQ(ids_of(rest), ids({2, 1}));
    EXPECT_FALSE(rest.more);
    const auto query = parse_query("text", {});
    Catalog& asked = *catalog;
    const auto some = run(asked.matching(query, 1001));
    ASSERT_EQ(some->ids.size(), 1001U);
    const auto others = run(asked.matching(query, 1001, *some->more));
    EXPECT_EQ(others->ids, ids({1}));
    EXPECT_FALSE(others->more);
}

TEST_F(CatalogTest, EverythingIsFoundAtOnce)
{
    for (std::int64_t key = 1; key <= 40; ++key) {
        const auto word = "word" + std::to_string(key) + "x";
        const auto id = store.deliver(key, plain("s", word));
        EXPECT_EQ(found(word), Ids{id});
        store.mark_now(key, true, Names{"Tag"});
        EXPECT_EQ(found("is:unread"), Ids{});
        EXPECT_EQ(found("tag:tag " + word), Ids{id});
        if (key % 2 != 0) continue;
        store.take_away({key}, Cause::command);
        EXPECT_EQ(found(word), Ids{});
    }
    EXPECT_EQ(list().totals.total, 20U);
}

TEST_F(CatalogTest, AgreesWithTheGrammarOnWhateverComes)
{
    test::Generator generator{2};
    std::map<std::int64_t, Facts> facts;
    std::size_t hits = 0;
    std::int64_t last = 0;
    bool missed = false;
    for (int round = 0; round < 250; ++round) {
        for (auto more = generator.number(4); more > 0; --more) {
            const auto key = ++last;
            const auto source = generator.source();
            const bool told = generator.number(20) != 0;
            store.deliver(key, source, told);
            missed = missed || !told;
            const auto arrivals = run(store.arrivals(key - 1, 1));
            const auto prepared = prepare(arrivals->front(), source, settings);
            facts[key] = prepared.head.facts;
            facts[key].text = prepared.text;
            for (const auto& tag : prepared.head.entry.tags)
                facts[key].tags.push_back(mime::ascii_lower(tag));
        }
        if (!facts.empty() && generator.number(3) == 0) {
            const auto one = std::next(facts.begin(),
                                       static_cast<std::ptrdiff_t>(generator.number(facts.size())));
            if (generator.number(3) == 0) {
                store.take_away({one->first}, Cause::session);
                facts.erase(one);
            } else {
                store.mark_now(one->first, true, Names{"urgent"});
                one->second.read = true;
                one->second.tags = {"urgent"};
            }
        }
        // What nobody was told of is there after the next start.
        if (missed || generator.number(20) == 0) reopen();
        missed = false;
        const auto text = generator.query();
        const auto query = parse_query(text, {});
        Ids expected;
        for (auto one = facts.rbegin(); one != facts.rend(); ++one)
            if (matches(query, one->second)) expected.push_back(test::FakeStore::id_of(one->first));
        EXPECT_EQ(ids_of(search(text, {.limit = 1000})), expected) << text;
        hits += expected.size();
    }
    EXPECT_GT(hits, 2'000U);
}

TEST_F(CatalogTest, KnowsAfterARestartWhatItMissed)
{
    for (std::int64_t key = 1; key <= 6; ++key) store.deliver(key, plain("s", "old"));
    EXPECT_EQ(found("old").size(), 6U);
    close();
    const auto reads = store.reads();
    store.deliver(7, plain("s", "new"));
    store.take_away({2, 3}, Cause::expiry);
    store.mark_now(4, true, Names{"a"});
    open();
    EXPECT_EQ(found("old"), ids({6, 5, 4, 1}));
    EXPECT_EQ(found("new"), ids({7}));
    EXPECT_EQ(found("is:read tag:a"), ids({4}));
    // Only what is new: once, or by the follower and the question at the same time.
    EXPECT_GE(store.reads(), reads + 1);
    EXPECT_LE(store.reads(), reads + 2);
}

TEST_F(CatalogTest, FilesWithATornTailGoOn)
{
    for (std::int64_t key = 1; key <= 3; ++key) store.deliver(key, plain("s", "old"));
    EXPECT_EQ(found("old").size(), 3U);
    close();
    const auto size = std::filesystem::file_size(path("heads"));
    std::filesystem::resize_file(path("heads"), size - 1);
    const auto reads = store.reads();
    open();
    EXPECT_EQ(found("old"), ids({3, 2, 1}));
    EXPECT_GE(store.reads(), reads + 1);
    EXPECT_LE(store.reads(), reads + 2); // by the follower and the question at the same time
}

TEST_F(CatalogTest, DamagedFilesAreMadeAnew)
{
    for (std::int64_t key = 1; key <= 3; ++key) store.deliver(key, plain("s", "old"));
    store.mark_now(2, true, Names{"a"});
    EXPECT_EQ(found("old").size(), 3U);
    spoil("heads", 33); // under its hands
    EXPECT_EQ(list().entries.size(), 3U);
    EXPECT_EQ(found("to:bob").size(), 3U);
    EXPECT_EQ(found("is:read"), ids({2}));
    close();
    spoil("texts", 0);
    open();
    EXPECT_EQ(found("old"), ids({3, 2, 1}));
    close();
    std::filesystem::remove_all(folder.path() / "catalog");
    open();
    EXPECT_EQ(found("old"), ids({3, 2, 1}));
    EXPECT_EQ(found("tag:a"), ids({2}));
}

TEST_F(CatalogTest, OtherSettingsMakeItAnew)
{
    store.deliver(1, plain("s"));
    EXPECT_EQ(list().entries[0].message_id, test::FakeStore::id_of(1) + "@mx.example.test");
    settings.host_name = "other.example.test";
    reopen();
    EXPECT_EQ(list().entries[0].message_id, test::FakeStore::id_of(1) + "@other.example.test");
}

TEST_F(CatalogTest, IsWrittenAnewWhenMostOfItIsGone)
{
    std::vector<std::int64_t> gone;
    for (std::int64_t key = 1; key <= 60; ++key) {
        store.deliver(key, plain("s", "word" + std::to_string(key) + "x"));
        if (key % 10 != 0) gone.push_back(key);
    }
    EXPECT_EQ(list().entries.size(), 50U);
    const auto size = std::filesystem::file_size(path("heads"));
    store.take_away(gone, Cause::command);
    // The follower does it when it comes to it; what is asked meanwhile is right all the same.
    while (std::filesystem::file_size(path("heads")) > size / 2)
        EXPECT_EQ(found("word30x"), ids({30}));
    EXPECT_EQ(found("text"), Ids{});
    EXPECT_EQ(list().entries.size(), 6U);
    EXPECT_EQ(found("word60x"), ids({60}));
    store.deliver(61, plain("s", "word61x"));
    EXPECT_EQ(found("word61x"), ids({61}));
    const auto reads = store.reads();
    reopen();
    EXPECT_EQ(list().entries.size(), 7U);
    EXPECT_EQ(found("word61x"), ids({61}));
    EXPECT_EQ(store.reads(), reads);
}

TEST_F(CatalogTest, TagsAreRenamedAndRemoved)
{
    store.deliver(1, "X-Tags: Alpha, beta\r\n\r\n");
    store.deliver(2, "X-Tags: alpha\r\n\r\n");
    store.deliver(3, "X-Tags: gamma\r\n\r\n");
    EXPECT_EQ(*run(catalog->tags()), (TagCounts{{"Alpha", 2}, {"beta", 1}, {"gamma", 1}}));
    EXPECT_TRUE(run(catalog->rename_tag("ALPHA", "beta")));
    EXPECT_EQ(*run(catalog->tags()), (TagCounts{{"beta", 2}, {"gamma", 1}}));
    EXPECT_EQ(list().entries[1].tags, Names{"beta"});
    EXPECT_EQ(found("tag:beta"), ids({2, 1}));
    EXPECT_TRUE(run(catalog->remove_tag("beta")));
    EXPECT_EQ(list().tags, Names{"gamma"});
    EXPECT_EQ(run(catalog->remove_tag("beta")).error(), StoreError::gone);
    reopen(); // the store has them
    EXPECT_EQ(list().tags, Names{"gamma"});
}

TEST_F(CatalogTest, GivesOneMessage)
{
    store.deliver(1, plain("one"));
    store.deliver(2, plain("two"));
    store.mark_now(1, true, Names{"t"});
    const auto entry = run(catalog->entry(test::FakeStore::id_of(1)));
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->subject, "one");
    EXPECT_TRUE(entry->arrival.read);
    EXPECT_EQ(entry->tags, Names{"t"});
    EXPECT_EQ(run(catalog->entry(test::FakeStore::id_of(9))).error(), StoreError::gone);
    EXPECT_EQ(run(catalog->entry("x")).error(), StoreError::gone);
    const auto one = parse_query("subject:one", {}), three = parse_query("three", {});
    EXPECT_EQ(*run(catalog->latest(nullptr)), test::FakeStore::id_of(2));
    EXPECT_EQ(*run(catalog->latest(&one)), test::FakeStore::id_of(1));
    EXPECT_EQ(run(catalog->latest(&three)).error(), StoreError::gone);
    store.take_away({1, 2}, Cause::all);
    EXPECT_EQ(run(catalog->latest(nullptr)).error(), StoreError::gone);
}

TEST_F(CatalogTest, ALargeTextIsSearchedAsFarAsTheLimit)
{
    store.deliver(1, plain("s", "front " + std::string(100'000, 'x') + " back"));
    EXPECT_EQ(found("front"), ids({1}));
    EXPECT_EQ(found("back"), Ids{});
    EXPECT_EQ(list().entries[0].arrival.size,
              plain("s", "front " + std::string(100'000, 'x') + " back").size());
}

TEST_F(CatalogTest, AStoreThatFailsIsAskedAgain)
{
    store.deliver(1, plain("s"));
    EXPECT_EQ(list().entries.size(), 1U);
    store.fail(true);
    store.deliver(2, plain("s"));
    EXPECT_EQ(run(catalog->list({})).error(), StoreError::failing);
    store.fail(false);
    EXPECT_EQ(list().entries.size(), 2U);
}

TEST_F(CatalogTest, ObserversAreTold)
{
    EXPECT_TRUE(list().entries.empty()); // it is in step with the store
    Listener listener;
    catalog->observe(listener);
    store.deliver(11, plain("one"));
    store.deliver(12, plain("two"));
    EXPECT_EQ(listener.until("added two"), (Names{"added one", "added two"}));
    store.mark_now(11, true, {});
    store.mark_now(11, true, {}); // changes nothing
    store.mark_now(11, true, Names{"b", "a"});
    EXPECT_EQ(listener.until("tagged 11 a b"), (Names{"read 11 yes", "tagged 11 a b"}));
    store.take_away({11}, Cause::command);
    EXPECT_EQ(listener.until("removed 11"), Names{"removed 11"});
    store.take_away({12}, Cause::session);
    EXPECT_EQ(listener.until("many"), Names{"many"});
    store.take_away({}, Cause::all);
    store.deliver(13, plain("three"));
    EXPECT_EQ(listener.until("added three"), Names{"added three"});
    store.take_away({13}, Cause::all);
    EXPECT_EQ(listener.until("all removed"), Names{"all removed"});
    catalog->unobserve(listener);
}

// For the thread sanitizer: everybody at once.
TEST_F(CatalogTest, ManyAskWhileMailComesAndGoes)
{
    Listener listener;
    catalog->observe(listener);
    std::atomic<std::int64_t> delivered{0};
    std::atomic<bool> wrong{false};
    std::thread sender{[&] {
        for (std::int64_t key = 1; key <= 400; ++key) {
            store.deliver(key, plain("s", "word" + std::to_string(key) + "x"));
            delivered = key;
            if (key % 3 == 0) store.mark_now(key, true, Names{"t"});
            if (key % 5 == 0) store.take_away({key - 2, key - 3}, Cause::command);
        }
    }};
    std::vector<std::thread> readers;
    for (int reader = 0; reader < 3; ++reader)
        readers.emplace_back([&, reader] {
            auto& loop = loops[static_cast<std::size_t>(reader)];
            const auto ask = [&](auto task) {
                std::exception_ptr failure;
                typename decltype(task)::value_type result;
                asio::co_spawn(loop.get_executor(), std::move(task),
                               [&](std::exception_ptr thrown, auto value) {
                                   failure = thrown;
                                   result = std::move(value);
                               });
                loop.restart();
                loop.run();
                if (failure) std::rethrow_exception(failure);
                return result;
            };
            while (delivered < 400) {
                const std::int64_t key = delivered / 5 * 5; // those stay
                const auto query = parse_query("word" + std::to_string(key) + "x", {});
                const auto page = ask(catalog->search(query, Range{}));
                if (!page || page->entries.size() != (key == 0 ? 0 : 1)) wrong = true;
                const auto all = ask(catalog->list(Range{}));
                if (!all || all->totals.total > 400) wrong = true;
            }
        });
    sender.join();
    for (auto& reader : readers) reader.join();
    EXPECT_FALSE(wrong);
    EXPECT_EQ(list().totals.total, 400U - 160U);
    catalog->unobserve(listener);
}

} // namespace portico::catalog
