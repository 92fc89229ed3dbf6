#include "services/mail/bodies.hpp"
#include "services/mail/budget.hpp"
#include "services/mail/id.hpp"
#include "services/mail/schema.hpp"
#include "services/mail/sqlite.hpp"
#include "support.hpp"

#include <array>
#include <atomic>
#include <fstream>
#include <sys/mount.h>
#include <thread>
#include <unistd.h>

/// What goes wrong around the store, and many who use it at once.
namespace portico::mail::test {

namespace {

constexpr auto ana = "ana@example.test";

std::string why_not_opened(const std::filesystem::path& folder)
{
    config::Mail limits;
    net::Pool pool{1};
    KeptLog log;
    auto opened = open_sqlite_store(folder, limits, pool, log);
    return opened ? "" : opened.error();
}

TEST(StoreStart, MakesItsFolderForItselfAlone)
{
    TemporaryFolder folder;
    auto mail = folder.path() / "new" / "mail";
    EXPECT_EQ(why_not_opened(mail), "");
    using std::filesystem::perms;
    EXPECT_EQ(std::filesystem::status(mail).permissions(), perms::owner_all);
    EXPECT_EQ(std::filesystem::status(mail / "bodies").permissions(), perms::owner_all);
    EXPECT_EQ(std::filesystem::status(mail / "mail.db").permissions(),
              perms::owner_read | perms::owner_write);
    EXPECT_EQ(files_in(mail), (std::vector<std::string>{"bodies", "mail.db"}));
}

TEST(StoreStart, NamesTheFolderThatCannotBeMade)
{
    TemporaryFolder folder;
    std::ofstream{folder.path() / "file"} << "x";
    auto why = why_not_opened(folder.path() / "file" / "mail");
    EXPECT_NE(why.find("file"), std::string::npos) << why;
}

TEST(StoreStart, AnEmptyFileBecomesAStore) // schema version 0
{
    TemporaryFolder folder;
    std::ofstream{folder.path() / "mail.db"};
    EXPECT_EQ(why_not_opened(folder.path()), "");
    auto database =
        sqlite::Database::open(folder.path() / "mail.db", sqlite::Mode::read_only).value();
    EXPECT_EQ(database.integer("PRAGMA user_version").value(),
              static_cast<std::int64_t>(migrations().size()));
    EXPECT_EQ(database.integer("PRAGMA page_size").value(), 8192);
}

TEST(StoreStart, RefusesANewerSchemaAndLeavesItAlone)
{
    TemporaryFolder folder;
    auto file = folder.path() / "mail.db";
    ASSERT_EQ(why_not_opened(folder.path()), "");
    {
        auto database = sqlite::Database::open(file, sqlite::Mode::read_write).value();
        ASSERT_TRUE(database.execute("PRAGMA user_version = 99").has_value());
    }
    auto why = why_not_opened(folder.path());
    EXPECT_NE(why.find("mail.db: written by a newer portico (schema version 99"), std::string::npos)
        << why;
    auto database = sqlite::Database::open(file, sqlite::Mode::read_only).value();
    EXPECT_EQ(database.integer("PRAGMA user_version").value(), 99);
}

TEST(StoreStart, RefusesADatabaseOfSomeoneElse)
{
    TemporaryFolder folder;
    auto file = folder.path() / "mail.db";
    {
        auto database = sqlite::Database::open(file, sqlite::Mode::read_write).value();
        ASSERT_TRUE(database.execute("CREATE TABLE theirs (x)").has_value());
    }
    auto why = why_not_opened(folder.path());
    EXPECT_NE(why.find("not a mail store of portico's"), std::string::npos) << why;
    auto database = sqlite::Database::open(file, sqlite::Mode::read_only).value();
    EXPECT_EQ(database.integer("SELECT count(*) FROM sqlite_schema").value(), 1);
}

TEST(StoreStart, SaysThatAFileIsDamaged)
{
    TemporaryFolder rubbish;
    std::ofstream{rubbish.path() / "mail.db"} << std::string(20'000, 'x');
    auto why = why_not_opened(rubbish.path());
    EXPECT_NE(why.find("mail.db: file is not a database"), std::string::npos) << why;

    TemporaryFolder cut;
    ASSERT_EQ(why_not_opened(cut.path()), "");
    std::filesystem::resize_file(cut.path() / "mail.db", 2 * 8192);
    why = why_not_opened(cut.path());
    EXPECT_NE(why.find("mail.db: database disk image is malformed"), std::string::npos) << why;

    TemporaryFolder zeroed;
    ASSERT_EQ(why_not_opened(zeroed.path()), "");
    {
        std::fstream file{zeroed.path() / "mail.db", std::ios::in | std::ios::out};
        auto size = std::filesystem::file_size(zeroed.path() / "mail.db");
        file.seekp(8192);
        file << std::string(size - 8192, '\0');
    }
    why = why_not_opened(zeroed.path());
    EXPECT_NE(why.find("mail.db: database disk image is malformed"), std::string::npos) << why;
}

TEST(Migrations, TakeOneStepAfterTheOther)
{
    TemporaryFolder folder;
    auto file = folder.path() / "some.db";
    auto database = sqlite::Database::open(file, sqlite::Mode::read_write).value();
    std::array<Migration, 1> first{"CREATE TABLE a (x)"};
    ASSERT_TRUE(migrate(database, first).has_value());
    std::array<Migration, 3> more{"CREATE TABLE a (x)", "INSERT INTO a VALUES (7)",
                                  "ALTER TABLE a RENAME TO b"};
    ASSERT_TRUE(migrate(database, more).has_value());
    ASSERT_TRUE(migrate(database, more).has_value()) << "nothing is left to do";
    EXPECT_EQ(database.integer("PRAGMA user_version").value(), 3);
    EXPECT_EQ(database.integer("SELECT sum(x) FROM b").value(), 7);
}

TEST(Migrations, AStepThatFailsIsUndoneWhole)
{
    TemporaryFolder folder;
    auto file = folder.path() / "some.db";
    auto database = sqlite::Database::open(file, sqlite::Mode::read_write).value();
    std::array<Migration, 2> steps{"CREATE TABLE a (x)",
                                   "CREATE TABLE b (x); INSERT INTO nowhere VALUES (1)"};
    auto migrated = migrate(database, steps);
    ASSERT_FALSE(migrated.has_value());
    EXPECT_NE(migrated.error().what.find("nowhere"), std::string::npos);
    EXPECT_FALSE(database.in_transaction());
    EXPECT_EQ(database.integer("PRAGMA user_version").value(), 1);
    EXPECT_EQ(database.integer("SELECT count(*) FROM sqlite_schema").value(), 1);
}

TEST(Budget, IsGivenBackWhole)
{
    Budget budget{100};
    {
        Buffer buffer{budget};
        EXPECT_TRUE(buffer.append(std::string(60, 'x'), 64));
        EXPECT_FALSE(buffer.append(std::string(5, 'x'), 64)) << "more than it may hold";
        Buffer moved{std::move(buffer)};
        EXPECT_EQ(moved.view().size(), 60u);
        Buffer second{budget};
        EXPECT_FALSE(second.append(std::string(41, 'x'), 64)) << "more than is left";
        EXPECT_TRUE(second.append(std::string(40, 'x'), 64));
        EXPECT_EQ(budget.left(), 0u);
    }
    EXPECT_EQ(budget.left(), 100u);
}

TEST(Bodies, AFileThatIsNotKeptIsRemoved)
{
    TemporaryFolder folder;
    auto bodies = Bodies::open(folder.path() / "bodies").value();
    auto id = new_id();
    {
        auto file = bodies.create(id).value();
        EXPECT_TRUE(file.write("hello").has_value());
        EXPECT_FALSE(bodies.create(id).has_value()) << "never two with one name";
    }
    EXPECT_EQ(bodies.read(id).error().kind, StoreError::gone);
    {
        auto file = bodies.create(id).value();
        EXPECT_TRUE(file.write("hello").has_value());
        EXPECT_TRUE(file.sync().has_value());
        file.keep();
    }
    EXPECT_EQ(bodies.list().value(), std::vector{id});
    EXPECT_EQ(bodies.read(id)->read(1, 3).value(), "ell");
    EXPECT_EQ(bodies.read(id)->read(3, 100).value(), "lo");
    EXPECT_TRUE(bodies.remove(id).has_value());
    EXPECT_TRUE(bodies.remove(id).has_value()) << "nothing to remove is no error";
}

TEST_F(StoreTest, SweepsWhatACrashLeft)
{
    auto kept = deliver({ana}, octets(100'000));
    store.reset();
    auto folder_of_bodies = folder.path() / "mail" / "bodies";
    std::ofstream{folder_of_bodies / new_id()} << "half a mess";
    std::ofstream{folder_of_bodies / new_id()};
    std::ofstream{folder_of_bodies / "README"} << "not ours";
    open();
    EXPECT_TRUE(std::filesystem::remove(folder_of_bodies / "README")) << "not ours to sweep";
    EXPECT_EQ(files_in(folder_of_bodies), std::vector{kept});
    ASSERT_EQ(log.lines().size(), 1u);
    EXPECT_NE(log.lines()[0].find("swept 2 unfinished messages"), std::string::npos);
    EXPECT_EQ(bodies(ana), std::vector{octets(100'000)});
}

TEST_F(StoreTest, ABodyCutShortIsAnErrorAndNoShortMessage)
{
    auto id = deliver({ana}, octets(400'000));
    std::filesystem::resize_file(folder.path() / "mail" / "bodies" / id, 300'000);
    auto session = maildrop(ana);
    // At once: none of it is handed out.
    EXPECT_EQ(run(session->read(session->messages()[0])->next()).error(), StoreError::damaged);
    ASSERT_EQ(log.lines().size(), 1u);
    EXPECT_NE(log.lines()[0].find("shorter than its 400000 octets"), std::string::npos);
}

TEST_F(StoreTest, AFolderThatIsGoneFailsAndSaysSoOnce)
{
    std::filesystem::remove_all(folder.path() / "mail" / "bodies");
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(try_deliver({ana}, octets(100'000)).error(), StoreError::failing);
    EXPECT_EQ(log.lines().size(), 1u);
    EXPECT_EQ(ids(ana).size(), 0u);
    EXPECT_TRUE(try_deliver({ana}, "small ones still work").has_value());
}

TEST_F(StoreTest, AfterAnErrorADraftStaysFailed)
{
    std::filesystem::remove_all(folder.path() / "mail" / "bodies");
    auto insist = [&]() -> net::Task<int> {
        auto draft = store->begin(envelope({ana}));
        auto bytes = octets(100'000);
        int errors = 0;
        for (int i = 0; i < 3; ++i)
            if (!(co_await draft->append(bytes)).has_value()) ++errors;
        if (!(co_await draft->append("x")).has_value()) ++errors;
        if (!(co_await draft->deliver()).has_value()) ++errors;
        co_return errors;
    };
    EXPECT_EQ(run(insist()), 5);
}

/// One who delivers `count` messages of mixed size to two mailboxes, then counts it.
net::Task<void> deliver_many(Store& store, int number, int count, std::atomic<int>& delivered)
{
    for (int i = 0; i < count; ++i) {
        auto bytes = octets(i % 8 == 7 ? 70'000 : 700, static_cast<std::uint32_t>(i));
        Envelope envelope{"", {{"all", "all"}, {"one", std::to_string(number)}}};
        auto draft = store.begin(std::move(envelope));
        auto appended = co_await draft->append(bytes);
        auto done = co_await draft->deliver();
        if (appended && done) ++delivered;
    }
}

net::Task<void> read_and_remove(Store& store, int number, std::atomic<int>& removed)
{
    for (int i = 0; i < 4; ++i) {
        auto session = co_await store.open(std::to_string(number));
        if (!session) continue;
        for (auto& message : (*session)->messages()) {
            auto reading = (*session)->read(message);
            auto piece = co_await reading->next();
            EXPECT_TRUE(piece.has_value());
        }
        std::vector<std::size_t> indices((*session)->messages().size());
        for (std::size_t index = 0; index < indices.size(); ++index) indices[index] = index;
        auto count = static_cast<int>(indices.size());
        auto done = co_await (*session)->remove(std::move(indices));
        EXPECT_TRUE(done.has_value());
        removed += count;
        EXPECT_TRUE((co_await store.list("", 5)).has_value());
    }
}

TEST_F(StoreTest, SixteenWritersAndTheirReadersOnTwoLoops)
{
    constexpr int writers = 16;
    constexpr int each = 40;
    std::atomic<int> delivered{0};
    std::atomic<int> removed{0};
    static std::array<asio::io_context, 2> loops; // outlives the writer, as the reactor does
    auto rethrow = [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    };
    for (int i = 0; i < writers; ++i) {
        auto loop = loops[static_cast<std::size_t>(i % 2)].get_executor();
        auto other = loops[static_cast<std::size_t>((i + 1) % 2)].get_executor();
        asio::co_spawn(loop, deliver_many(*store, i, each, delivered), rethrow);
        asio::co_spawn(other, read_and_remove(*store, i, removed), rethrow);
    }
    std::thread second{[&] { loops[1].run(); }};
    loops[0].run();
    second.join();
    EXPECT_EQ(delivered, writers * each);
    auto all = ids("all");
    EXPECT_EQ(all.size(), std::size_t{writers} * each);
    std::ranges::sort(all);
    EXPECT_EQ(std::ranges::unique(all).size(), 0u);
    std::size_t left = 0;
    for (int i = 0; i < writers; ++i) left += ids(std::to_string(i)).size();
    EXPECT_EQ(left + static_cast<std::size_t>(removed.load()), all.size());
    EXPECT_TRUE(log.lines().empty());
}

net::Task<bool> deliver_large(Store& store, std::uint64_t size, std::uint64_t& most_resident)
{
    auto resident = [] {
        std::uint64_t pages = 0;
        std::ifstream{"/proc/self/statm"} >> pages >> pages;
        return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    };
    auto before = resident();
    auto piece = octets(16 << 10);
    auto draft = store.begin(Envelope{"", {{"ana", "ana"}}});
    for (std::uint64_t sent = 0; sent < size; sent += piece.size()) {
        if (!(co_await draft->append(piece)).has_value()) co_return false;
        if (sent % (4 << 20) != 0) continue; // looking takes memory too
        most_resident = std::max(most_resident, resident() - std::min(before, resident()));
    }
    co_return (co_await draft->deliver()).has_value();
}

TEST_F(StoreTest, AMessageOf100MiBNeedsLittleMemory)
{
    constexpr std::uint64_t size = 100 << 20;
    std::uint64_t most_resident = 0;
    EXPECT_TRUE(run(deliver_large(*store, size, most_resident)));
    EXPECT_LT(most_resident, 32u << 20); // with what the sanitizers keep of freed memory
    EXPECT_EQ(maildrop("ana")->messages()[0].size, size);
}

/// A file system of 2 MiB, for those who may mount one.
class FullDisk : public StoreTest {
protected:
    void SetUp() override
    {
        auto where = folder.path() / "mail";
        std::filesystem::create_directory(where);
        if (mount("tmpfs", where.c_str(), "tmpfs", 0, "size=2m,mode=0700") != 0)
            GTEST_SKIP() << "no tmpfs may be mounted here (needs root)";
        mounted_ = true;
        open();
    }
    void TearDown() override
    {
        store.reset();
        if (mounted_) umount((folder.path() / "mail").c_str());
    }

    /// Takes up what is left.
    void fill()
    {
        std::ofstream file{folder.path() / "mail" / "ballast"};
        std::string block(4096, 'x');
        while (file.write(block.data(), 4096).flush()) {
        }
    }
    void make_room() { std::filesystem::remove(folder.path() / "mail" / "ballast"); }

private:
    bool mounted_ = false;
};

TEST_F(FullDisk, LargeMessagesAreRefusedWholeAndTakenAgainLater)
{
    auto first = deliver({ana}, octets(200'000));
    EXPECT_EQ(try_deliver({ana}, octets(5 << 20)).error(), StoreError::full);
    EXPECT_EQ(body_files().size(), 1u) << "the half of it is gone again";
    fill();
    EXPECT_EQ(try_deliver({ana}, octets(300'000)).error(), StoreError::full);
    EXPECT_EQ(try_deliver({ana}, octets(300'000)).error(), StoreError::full);
    EXPECT_EQ(ids(ana), std::vector{first}) << "what is there is still served";
    EXPECT_EQ(bodies(ana), std::vector{octets(200'000)});
    make_room();
    auto second = deliver({ana}, octets(300'000));
    EXPECT_EQ(ids(ana), (std::vector{first, second}));
    EXPECT_EQ(body_files().size(), 2u) << "nothing half-written stays";
    auto lines = log.lines();
    ASSERT_EQ(lines.size(), 2u) << "one line when it fails, one when it works again";
    EXPECT_NE(lines[0].find("No space left on device"), std::string::npos) << lines[0];
    EXPECT_NE(lines[1].find("works again, after 3 failures"), std::string::npos) << lines[1];
}

TEST_F(FullDisk, SmallMessagesAreRefusedWholeAndTakenAgainLater)
{
    std::vector<std::string> sent;
    fill();
    std::expected<std::string, StoreError> outcome;
    while ((outcome = try_deliver({ana}, octets(30'000)))) sent.push_back(*outcome);
    EXPECT_EQ(outcome.error(), StoreError::full);
    EXPECT_EQ(try_deliver({"new@example.test"}, octets(60'000)).error(), StoreError::full);
    EXPECT_EQ(ids(ana), sent);
    make_room();
    // The mailbox that was rolled back with its message is made again.
    auto fresh = deliver({"new@example.test"}, octets(60'000));
    EXPECT_EQ(ids("new@example.test"), std::vector{fresh});
    sent.push_back(deliver({ana}, octets(30'000)));
    EXPECT_EQ(ids(ana), sent);
    reopen();
    EXPECT_EQ(ids(ana), sent);
    EXPECT_EQ(bodies(ana), std::vector(sent.size(), octets(30'000)));
}

} // namespace

} // namespace portico::mail::test
