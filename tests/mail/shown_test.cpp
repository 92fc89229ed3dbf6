#include "services/mail/envelope_text.hpp"
#include "services/mail/schema.hpp"
#include "services/mail/sqlite.hpp"
#include "support.hpp"

#include <fmt/format.h>

/// What the store tells those who show it.
namespace portico::mail::test {

namespace {

constexpr auto ana = "ana@example.test";
constexpr auto bob = "bob@example.test";
using Ids = std::vector<std::string>;
using Keys = std::vector<std::int64_t>;

/// Keeps what it is told, and asks the store a question in that moment.
class KeptWatch final : public Watcher {
public:
    void arrived(std::span<const Arrival> messages) override
    {
        std::lock_guard lock{mutex_};
        arrived_.insert(arrived_.end(), messages.begin(), messages.end());
    }
    void removed(std::span<const std::int64_t> keys, Cause cause) override
    {
        std::lock_guard lock{mutex_};
        for (auto key : keys) removed_.emplace_back(cause, key);
    }
    void marked(std::span<const Marks> marks) override
    {
        std::lock_guard lock{mutex_};
        marked_.insert(marked_.end(), marks.begin(), marks.end());
    }

    // What was told since the last call.
    std::vector<Arrival> arrivals() { return take(arrived_); }
    std::vector<std::pair<Cause, std::int64_t>> removals() { return take(removed_); }
    std::vector<Marks> marks() { return take(marked_); }

private:
    template <class T>
    std::vector<T> take(std::vector<T>& kept)
    {
        std::lock_guard lock{mutex_};
        return std::exchange(kept, {});
    }

    std::mutex mutex_;
    std::vector<Arrival> arrived_;
    std::vector<std::pair<Cause, std::int64_t>> removed_;
    std::vector<Marks> marked_;
};

class Shown : public StoreTest {
protected:
    void TearDown() override
    {
        if (store) store->unwatch(watch);
        StoreTest::TearDown();
    }

    std::int64_t integer(const std::string& sql) const
    {
        auto database =
            sqlite::Database::open(folder.path() / "mail/mail.db", sqlite::Mode::read_only).value();
        return database.integer(sql).value();
    }

    Ids ids_of(const std::vector<Arrival>& arrivals) const
    {
        Ids ids;
        for (const auto& arrival : arrivals) ids.push_back(arrival.id);
        return ids;
    }

    std::int64_t key(const std::string& id) const { return store->key_of(id).value(); }
    Keys keys() const { return run(store->keys()).value(); }
    std::vector<Marks> marks() const { return run(store->marks()).value(); }
    bool mark(Ids ids, std::optional<bool> read, std::optional<Ids> tags = {})
    {
        return run(store->mark(std::move(ids), read, std::move(tags))).has_value();
    }

    KeptWatch watch;
};

TEST_F(Shown, ArrivalsSayAllThatIsOnTheOutside)
{
    Envelope sent{"ana@example.net", {{"Ana@Example.test", ana}, {"bob@example.test", bob}}};
    sent.recipients[0].notify = "NEVER";
    sent.username = "eve smith+=\xc3\xbc";
    sent.received = std::chrono::system_clock::time_point{std::chrono::milliseconds{86'400'001}};
    store->watch(watch);
    const auto id = run(deliver_one(*store, sent, "hello")).value();
    const auto plain = deliver({bob}, octets(70'000));
    for (const auto& told : {watch.arrivals(), run(store->arrivals(0, 10)).value()}) {
        ASSERT_EQ(told.size(), 2U);
        EXPECT_EQ(told[0].key, key(id));
        EXPECT_EQ(told[0].id, id);
        EXPECT_EQ(told[0].received.time_since_epoch().count(), 86'400'001);
        EXPECT_EQ(told[0].size, 5U);
        EXPECT_EQ(told[0].reverse_path, "ana@example.net");
        EXPECT_EQ(told[0].recipients, (Ids{"Ana@Example.test", "bob@example.test"}));
        EXPECT_EQ(told[0].mailboxes, (Ids{ana, bob}));
        EXPECT_EQ(told[0].username, sent.username);
        EXPECT_EQ(told[1].id, plain);
        EXPECT_EQ(told[1].username, "");
        EXPECT_EQ(run(read_all(store->read(told[1].message()))).value(), octets(70'000));
    }
}

TEST_F(Shown, ArrivalsAndKeysAreInOrderAndInPieces)
{
    Ids sent;
    for (int i = 0; i < 5; ++i) sent.push_back(deliver({ana, bob}, "x"));
    EXPECT_EQ(ids_of(run(store->arrivals(0, 2)).value()), (Ids{sent[0], sent[1]}));
    EXPECT_EQ(ids_of(run(store->arrivals(key(sent[1]), 2)).value()), (Ids{sent[2], sent[3]}));
    EXPECT_TRUE(run(store->arrivals(key(sent[4]), 2)).value().empty());
    EXPECT_EQ(keys(), (Keys{1, 2, 3, 4, 5}));
    EXPECT_EQ(store->key_of("nonsense"), std::nullopt);
}

TEST_F(Shown, WatchersAreToldBeforeThoseWhoWait)
{
    store->watch(watch);
    for (int i = 0; i < 20; ++i) {
        const auto id = deliver({ana}, "x");
        EXPECT_EQ(ids_of(watch.arrivals()), Ids{id}) << "by the time it is answered";
    }
    store->unwatch(watch);
    deliver({ana}, "x");
    EXPECT_TRUE(watch.arrivals().empty());
}

TEST_F(Shown, WatchersHearOfNothingThatFailed)
{
    limits.max_messages = 1;
    reopen();
    store->watch(watch);
    EXPECT_TRUE(try_deliver({ana}, "x").has_value());
    EXPECT_FALSE(try_deliver({ana}, "x").has_value());
    EXPECT_EQ(watch.arrivals().size(), 1U);
}

TEST_F(Shown, WatchersHearWhyAMessageIsGone)
{
    Ids sent;
    for (int i = 0; i < 5; ++i) sent.push_back(deliver(i == 0 ? Ids{ana, bob} : Ids{ana}, "x"));
    store->watch(watch);
    using Told = std::vector<std::pair<Cause, std::int64_t>>;
    ASSERT_TRUE(run(maildrop(ana)->remove({0, 1})).has_value());
    EXPECT_EQ(watch.removals(), (Told{{Cause::session, 2}})) << "the other is in a mailbox still";
    ASSERT_TRUE(run(store->remove(sent[2])).has_value());
    EXPECT_EQ(watch.removals(), (Told{{Cause::command, 3}}));
    ASSERT_TRUE(run(store->empty(bob)).has_value());
    EXPECT_EQ(watch.removals(), (Told{{Cause::command, 1}}));
    ASSERT_TRUE(run(store->remove_all()).has_value());
    EXPECT_EQ(watch.removals(), (Told{{Cause::all, 4}, {Cause::all, 5}}));
}

TEST_F(Shown, WatchersHearOfExpiry)
{
    limits.max_messages = 2;
    limits.when_full = config::Mail::WhenFull::expire;
    reopen();
    store->watch(watch);
    for (int i = 0; i < 3; ++i) deliver({ana}, "x");
    EXPECT_EQ(watch.removals(), (std::vector<std::pair<Cause, std::int64_t>>{{Cause::expiry, 1}}));
}

TEST_F(Shown, MarksAreKeptAndTakenBack)
{
    const auto first = deliver({ana}, "1");
    const auto second = deliver({ana}, "2");
    store->watch(watch);
    EXPECT_TRUE(marks().empty()) << "a delivery writes none";
    ASSERT_TRUE(mark({second}, true));
    ASSERT_TRUE(mark({first, second}, {}, Ids{"a b", "c"}));
    const std::vector<Marks> both{{1, false, Ids{"a b", "c"}}, {2, true, Ids{"a b", "c"}}};
    EXPECT_EQ(marks(), both);
    EXPECT_EQ(watch.marks(), (std::vector<Marks>{{2, true, {}}, both[0], both[1]}));
    EXPECT_EQ(store->statistics().read, 1U);
    reopen();
    EXPECT_EQ(marks(), both);
    EXPECT_EQ(store->statistics().read, 1U);
    ASSERT_TRUE(mark({second}, false, Ids{}));
    EXPECT_EQ(marks()[1], (Marks{2, false, Ids{}})) << "no tags are not those it came with";
    EXPECT_EQ(store->statistics().read, 0U);
}

TEST_F(Shown, AMarkThatIsAlreadyThereIsNotTold)
{
    const auto id = deliver({ana}, "1");
    store->watch(watch);
    ASSERT_TRUE(mark({id}, false));
    ASSERT_TRUE(mark({id, id}, true));
    ASSERT_TRUE(mark({id}, true));
    EXPECT_EQ(watch.marks(), (std::vector<Marks>{{1, true, {}}}));
    EXPECT_EQ(store->statistics().read, 1U);
    ASSERT_TRUE(mark({id}, false));
    EXPECT_TRUE(marks().empty()) << "a row only where there is something to say";
}

TEST_F(Shown, WhatIsNotThereIsPassedOver)
{
    const auto id = deliver({ana}, "1");
    const auto gone = deliver({ana}, "2");
    ASSERT_TRUE(run(store->remove(gone)).has_value());
    EXPECT_TRUE(mark({"nonsense", gone, id}, true));
    EXPECT_EQ(marks(), (std::vector<Marks>{{1, true, {}}}));
    EXPECT_TRUE(run(store->remove_each({gone, id, "nonsense"})).has_value());
    EXPECT_TRUE(run(store->remove_each({})).has_value());
    EXPECT_TRUE(run(store->remove_all()).has_value());
    EXPECT_TRUE(run(store->mark_all(true)).has_value());
    EXPECT_TRUE(keys().empty());
}

TEST_F(Shown, AMessageTakesItsMarkAlong)
{
    Ids sent;
    for (int i = 0; i < 4; ++i) sent.push_back(deliver({ana, bob}, "x"));
    ASSERT_TRUE(run(store->mark_all(true)).has_value());
    EXPECT_EQ(store->statistics().read, 4U);
    ASSERT_TRUE(run(store->remove(sent[0])).has_value());
    ASSERT_TRUE(run(store->empty(ana)).has_value());
    EXPECT_EQ(store->statistics().read, 3U) << "the other mailbox has them still";
    ASSERT_TRUE(run(maildrop(bob)->remove({1})).has_value());
    EXPECT_EQ(store->statistics().read, 2U);
    EXPECT_EQ(marks().size(), 2U);
    ASSERT_TRUE(run(store->mark_all(false)).has_value());
    EXPECT_EQ(store->statistics().read, 0U);
    EXPECT_TRUE(marks().empty());
    EXPECT_EQ(keys(), (Keys{2, 4}));
}

// More than a transaction does of each.
TEST_F(Shown, ManyAreMarkedAndRemovedInSteps)
{
    for (int i = 0; i < 2300; ++i) deliver({i % 2 == 0 ? ana : bob}, "x");
    const auto before = store->statistics().commits;
    ASSERT_TRUE(run(store->mark_all(true)).has_value());
    EXPECT_EQ(store->statistics().commits - before, 3U);
    EXPECT_EQ(store->statistics().read, 2300U);
    auto all = ids_of(run(store->arrivals(0, 5000)).value());
    all.resize(1200);
    ASSERT_TRUE(run(store->remove_each(all)).has_value());
    EXPECT_EQ(store->statistics().messages, 1100U);
    EXPECT_EQ(store->statistics().read, 1100U);
    ASSERT_TRUE(run(store->remove_all()).has_value());
    EXPECT_EQ(store->statistics().messages, 0U);
    EXPECT_EQ(store->statistics().read, 0U);
    EXPECT_EQ(integer("SELECT count(*) FROM mark"), 0);
}

TEST_F(Shown, MailboxesAreListedAndEmptiedOneByOne)
{
    const auto both = deliver({ana, bob}, "12345");
    const auto second = deliver({ana}, "123");
    deliver({"carl"}, "1");
    const auto some = run(store->mailboxes("", 2)).value();
    ASSERT_EQ(some.size(), 2U);
    EXPECT_EQ(some[0].name, ana);
    EXPECT_EQ(some[0].messages, 2U);
    EXPECT_EQ(some[0].bytes, 8U);
    EXPECT_EQ(some[1].name, bob);
    EXPECT_EQ(run(store->mailboxes(some[1].name, 2)).value().size(), 1U);

    EXPECT_EQ(ids_of(run(store->newest(ana, INT64_MAX, 10)).value()), (Ids{second, both}));
    EXPECT_EQ(ids_of(run(store->newest(ana, key(second), 10)).value()), Ids{both});
    EXPECT_EQ(ids_of(run(store->newest(ana, INT64_MAX, 1)).value()), Ids{second});
    EXPECT_TRUE(run(store->newest("nobody", INT64_MAX, 1)).value().empty());

    ASSERT_TRUE(run(store->remove_from(ana, {second, "nonsense"})).has_value());
    EXPECT_EQ(ids(ana), Ids{both});
    ASSERT_TRUE(run(store->empty(ana)).has_value());
    ASSERT_TRUE(run(store->empty("nobody")).has_value());
    EXPECT_TRUE(ids(ana).empty());
    EXPECT_EQ(ids(bob), Ids{both});
    EXPECT_EQ(run(store->mailboxes("", 10)).value().size(), 2U) << "an empty one is not shown";
    ASSERT_TRUE(run(store->remove_from(ana, {both})).has_value()) << "it is not in this one";
    EXPECT_EQ(ids(bob), Ids{both});
}

TEST_F(Shown, NoKeyIsUsedTwice)
{
    const auto first = deliver({ana}, "1");
    const auto newest = deliver({ana}, "2");
    const auto last = key(newest);
    ASSERT_TRUE(run(store->remove(newest)).has_value());
    reopen();
    EXPECT_GT(key(deliver({ana}, "3")), last);
    EXPECT_EQ(store->key_of(newest), last) << "whether it is there or not";
}

TEST_F(Shown, AStoreOfStepThreeHasNoMarks)
{
    const auto id = deliver({ana}, "1");
    store.reset();
    {
        auto database =
            sqlite::Database::open(folder.path() / "mail/mail.db", sqlite::Mode::read_write)
                .value();
        ASSERT_TRUE(database
                        .execute("DROP TABLE mark; ALTER TABLE store DROP COLUMN read; "
                                 "ALTER TABLE store DROP COLUMN last_key; PRAGMA user_version = 3")
                        .has_value());
    }
    open();
    EXPECT_EQ(integer("PRAGMA user_version"), 4);
    EXPECT_EQ(integer("SELECT last_key FROM store"), key(id));
    EXPECT_TRUE(marks().empty());
    ASSERT_TRUE(mark({id}, true));
    EXPECT_EQ(store->statistics().read, 1U);
}

TEST(EnvelopeText, ComesBackWhole)
{
    Envelope envelope{"", {{"a@x", "a"}, {"b@x", "b", "NEVER", "rfc822;b@x"}}};
    EXPECT_EQ(recipients_text(envelope), "a@x\nb@x\tNOTIFY=NEVER\tORCPT=rfc822;b@x");
    envelope.username = "ana+ b=\n";
    const auto text = recipients_text(envelope);
    EXPECT_EQ(text, "a@x\nb@x\tNOTIFY=NEVER\tORCPT=rfc822;b@x\n\tUSER=ana+2B+20b+3D+0A");
    const auto found = parse_recipients(text);
    EXPECT_EQ(found.recipients, (Ids{"a@x", "b@x"}));
    EXPECT_EQ(found.username, envelope.username);
    EXPECT_EQ(parse_recipients("\tUSER=a+\n\tOTHER\n+").username, "a+");
}

} // namespace

} // namespace portico::mail::test
