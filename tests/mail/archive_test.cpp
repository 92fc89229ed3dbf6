#include "services/mail/archive.hpp"
#include "services/mail/check.hpp"
#include "services/mail/checksum.hpp"
#include "services/mail/sqlite.hpp"
#include "support.hpp"

#include <fstream>

namespace portico::mail::test {

namespace {

constexpr auto ana = "ana@example.test";
constexpr auto bob = "bob@example.test";

class ArchiveTest : public StoreTest {
protected:
    Archive archive()
    {
        auto opened = Archive::open(folder.path() / "mail");
        if (!opened) throw std::runtime_error(opened.error());
        return std::move(*opened);
    }

    static std::string octets_of(Archive& from, const ArchivedMessage& message)
    {
        std::string body;
        const auto whole = from.read(message, [&](std::string_view bytes) { body += bytes; });
        EXPECT_TRUE(whole.has_value() && *whole);
        return body;
    }

    static std::uint64_t checksum_of(std::string_view octets)
    {
        Checksum checksum;
        checksum.add(octets);
        return checksum.value();
    }

    CheckSummary checked(std::function<bool()> go_on = [] { return true; })
    {
        const auto summary = check(folder.path() / "mail",
                                   {.server_since = [] { return fs_time{}; },
                                    .report = [&](const std::string& one) { found.push_back(one); },
                                    .progress = [&](auto, auto, auto) { return go_on(); }});
        if (!summary) throw std::runtime_error(summary.error());
        return *summary;
    }

    using fs_time = std::optional<std::filesystem::file_time_type>;
    std::vector<std::string> found;
};

TEST_F(ArchiveTest, ReadsBesideTheServer)
{
    const std::vector<std::string> sent{"", "x", octets(1000), octets(700'000)};
    for (const auto& one : sent) deliver({ana}, one);
    deliver({bob}, "hello");
    auto beside = archive();
    const auto mailboxes = beside.mailboxes().value();
    ASSERT_EQ(mailboxes.size(), 2u);
    EXPECT_EQ(mailboxes[0].name, ana);
    EXPECT_EQ(mailboxes[0].messages, 4u);
    EXPECT_EQ(mailboxes[0].bytes, 701'001u);
    const auto messages = beside.messages(mailboxes[0].id, INT64_MIN, 3).value();
    ASSERT_EQ(messages.size(), 3u) << "as many as were asked for";
    const auto rest = beside.messages(mailboxes[0].id, messages.back().key, 3).value();
    ASSERT_EQ(rest.size(), 1u);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(octets_of(beside, messages[i]), sent[i]);
    EXPECT_EQ(octets_of(beside, rest[0]), sent[3]);
    EXPECT_EQ(messages[0].reverse_path, "ana@example.net");
    EXPECT_EQ(beside.checksum(rest[0].key).value(), checksum_of(sent[3]));
}

TEST_F(ArchiveTest, WhatIsRemovedMeanwhileIsNoError)
{
    const auto small = deliver({ana}, "small");
    const auto large = deliver({ana}, octets(100'000));
    auto beside = archive();
    const auto mailbox = beside.mailboxes().value().front().id;
    const auto messages = beside.messages(mailbox, INT64_MIN, 9).value();
    ASSERT_EQ(messages.size(), 2u);
    for (const auto& id : {small, large}) ASSERT_TRUE(run(store->remove(id)).has_value());
    for (const auto& message : messages) {
        EXPECT_EQ(beside.read(message, [](std::string_view) {}), false);
        EXPECT_EQ(beside.checksum(message.key).value(), std::nullopt);
    }
}

TEST_F(ArchiveTest, ChecksumsOfOlderMessagesAreComputed)
{
    deliver({ana}, "small");
    deliver({ana}, octets(100'000));
    store.reset();
    auto database =
        sqlite::Database::open(folder.path() / "mail/mail.db", sqlite::Mode::read_write);
    ASSERT_TRUE(database->execute("UPDATE message SET hash = NULL").has_value());
    auto beside = archive();
    const auto sizes = beside.sizes(ana).value();
    ASSERT_EQ(sizes.size(), 2u);
    EXPECT_EQ(beside.checksum(sizes[0].second).value(), checksum_of("small"));
    EXPECT_EQ(beside.checksum(sizes[1].second).value(), checksum_of(octets(100'000)));
    EXPECT_EQ(checked().unhashed, 2u);
    EXPECT_TRUE(found.empty());
}

TEST_F(ArchiveTest, ACopyIsOfOneMomentAndCanBeEnded)
{
    const auto large = deliver({ana}, octets(100'000));
    auto beside = archive();
    const auto copy = folder.path() / "copy";
    EXPECT_FALSE(beside.copy_database(copy, [] { return false; }).has_value());
    std::filesystem::remove(copy);
    ASSERT_TRUE(beside.copy_database(copy, [] { return true; }).has_value());
    deliver({ana}, octets(100'000));
    const auto content = look_into_copy(copy).value();
    EXPECT_EQ(content.messages, 1u);
    ASSERT_EQ(content.bodies.size(), 1u);
    EXPECT_EQ(content.bodies[0].id, large);
    EXPECT_EQ(content.bodies[0].size, 100'000u);
}

TEST_F(ArchiveTest, NoStoreIsCreated)
{
    EXPECT_FALSE(Archive::open(folder.path() / "none").has_value());
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "none"));
}

TEST_F(ArchiveTest, BodiesThatAreHeldStay)
{
    const auto first = deliver({ana}, octets(100'000));
    const auto second = deliver({ana}, octets(100'000));
    {
        const auto hold = archive().bodies().hold();
        ASSERT_TRUE(hold.has_value());
        ASSERT_TRUE(run(store->remove(first)).has_value());
        EXPECT_EQ(body_files().size(), 2u);
        reopen();
        EXPECT_EQ(body_files().size(), 2u) << "nor does a start sweep them";
    }
    reopen();
    EXPECT_EQ(body_files(), std::vector{second});
    {
        const auto hold = archive().bodies().hold();
        ASSERT_TRUE(run(store->remove(second)).has_value());
        EXPECT_EQ(body_files(), std::vector{second});
    }
    EXPECT_EQ(body_files(), std::vector<std::string>{}) << "when the hold is over";
}

TEST_F(ArchiveTest, AMessageKeepsTheTimeItIsImportedWith)
{
    auto imported = envelope({ana});
    imported.received =
        std::chrono::sys_days{std::chrono::year{1999} / 12 / 31} + std::chrono::milliseconds{1};
    ASSERT_TRUE(run(deliver_one(*store, imported, "hello")).has_value());
    EXPECT_EQ(run(store->list("", 1)).value().front().received, *imported.received);
}

TEST_F(ArchiveTest, ACheckCountsWhatItLooksAt)
{
    deliver({ana, bob}, "small");
    deliver({ana}, octets(300'000));
    store.reset();
    const auto summary = checked();
    EXPECT_EQ(found, std::vector<std::string>{});
    EXPECT_EQ(summary.messages, 2u);
    EXPECT_EQ(summary.deliveries, 3u);
    EXPECT_EQ(summary.mailboxes, 2u);
    EXPECT_EQ(summary.bytes, 300'005u);
    EXPECT_EQ(summary.files, 1u);
    EXPECT_EQ(summary.findings, 0u);
    EXPECT_THROW((void)checked([] { return false; }), std::runtime_error) << "it can be ended";
}

TEST_F(ArchiveTest, AFindingIsOneLine) // whatever stands in a row
{
    deliver({ana}, "small");
    store.reset();
    auto database =
        sqlite::Database::open(folder.path() / "mail/mail.db", sqlite::Mode::read_write);
    ASSERT_TRUE(database
                    ->execute("UPDATE message SET uid = 'a' || char(10, 27) || '/../b', "
                              "in_file = 1, body = NULL")
                    .has_value());
    EXPECT_GT(checked().findings, 0u);
    for (const auto& line : found) EXPECT_EQ(line.find_first_of("\n\x1b"), line.npos) << line;
}

} // namespace

} // namespace portico::mail::test
