#include "services/http/cache.hpp"
#include "services/http/root.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <expected>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace portico::http {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::shared_ptr<const SmallFile> file_of(std::size_t octets)
{
    return std::make_shared<SmallFile>(
        SmallFile{.file = {}, .version = {}, .content = std::string(octets, 'x')});
}

const Cache::Time start{};

/// A cache in front of a root, asked as the service asks it, at a time of the test's own.
class HttpCache : public testing::Test {
protected:
    HttpCache()
    {
        auto pattern = (fs::temp_directory_path() / "portico-http-XXXXXX").string();
        if (!::mkdtemp(pattern.data())) throw std::runtime_error{"mkdtemp"};
        folder = pattern;
        root.emplace(folder);
        write("a.txt", "alpha");
    }
    ~HttpCache() override { fs::remove_all(folder); }

    void write(const std::string& name, std::string_view text) const
    {
        std::ofstream{folder / name, std::ios::binary} << text;
    }

    /// The content, or "gone"; `now` is when it is asked for.
    std::string get(const std::string& name = "a.txt", std::size_t most = 100)
    {
        auto none = [](FileError why) {
            return why == FileError::forbidden ? "forbidden" : "gone";
        };
        if (const auto* hot = cache.find({0, name}, now))
            return hot->file ? hot->file->content : none(hot->error);
        const auto* known = cache.known({0, name});
        auto opened = root->open(name, most, known ? known->file : nullptr);
        cache.learn({0, name},
                    opened
                        ? std::expected<std::shared_ptr<const SmallFile>, FileError>{opened->small}
                        : std::unexpected{opened.error()},
                    now);
        if (!opened) return none(opened.error());
        return opened->small ? opened->small->content : "large";
    }

    fs::path folder;
    std::optional<Root> root;
    Cache cache{1 << 20};
    Cache::Time now = start;
};

} // namespace

TEST_F(HttpCache, ReadsAHotFileOnceASecond)
{
    EXPECT_EQ(get(), "alpha");
    for (int i = 0; i < 9; ++i) {
        now += 111ms;
        EXPECT_EQ(get(), "alpha");
    }
    EXPECT_EQ(cache.counters().misses, 1U);
    EXPECT_EQ(cache.counters().hits, 9U);
    now += 1ms;
    EXPECT_EQ(get(), "alpha");
    EXPECT_EQ(cache.counters().misses, 2U);
    EXPECT_EQ(cache.size(), 1U);
}

TEST_F(HttpCache, LooksForWhatIsNotThereOnceASecond)
{
    EXPECT_EQ(get("a.txt.br"), "gone");
    for (int i = 0; i < 9; ++i) {
        now += 111ms;
        EXPECT_EQ(get("a.txt.br"), "gone");
    }
    EXPECT_EQ(cache.counters().misses, 1U);
    EXPECT_EQ(cache.counters().hits, 9U);
    write("a.txt.br", "there by now");
    EXPECT_EQ(get("a.txt.br"), "gone");
    now += 1ms;
    EXPECT_EQ(get("a.txt.br"), "there by now");
    EXPECT_EQ(cache.size(), 1U);
}

TEST_F(HttpCache, SeesWhatHappensToAFileWithinASecond)
{
    struct {
        std::string name;
        void (*happens)(const fs::path& folder);
        std::string then;
    } cases[] = {
        {"changed", [](const fs::path& in) { std::ofstream{in / "a.txt"} << "omega"; }, "omega"},
        {"truncated", [](const fs::path& in) { fs::resize_file(in / "a.txt", 2); }, "al"},
        {"emptied", [](const fs::path& in) { fs::resize_file(in / "a.txt", 0); }, ""},
        {"grown", [](const fs::path& in) { fs::resize_file(in / "a.txt", 101); }, "large"},
        {"replaced", [](const fs::path& in) { fs::rename(in / "b.txt", in / "a.txt"); }, "beta!"},
        {"removed", [](const fs::path& in) { fs::remove(in / "a.txt"); }, "gone"},
        {"a folder now",
         [](const fs::path& in) {
             fs::remove(in / "a.txt");
             fs::create_directory(in / "a.txt");
         },
         "gone"},
    };
    for (const auto& [name, happens, then] : cases) {
        SCOPED_TRACE(name);
        fs::remove_all(folder / "a.txt");
        write("a.txt", "alpha");
        write("b.txt", "beta!");
        now += 1s;
        EXPECT_EQ(get(), "alpha");
        happens(folder);
        now += 999ms;
        EXPECT_EQ(get(), "alpha");
        now += 1ms;
        EXPECT_EQ(get(), then);
        EXPECT_EQ(get(), then);
    }
}

TEST_F(HttpCache, FollowsASymbolicLinkThatIsSwapped)
{
    write("b.txt", "beta!");
    fs::create_symlink("a.txt", folder / "link");
    EXPECT_EQ(get("link"), "alpha");
    fs::create_symlink("b.txt", folder / "new");
    fs::rename(folder / "new", folder / "link");
    now += 1s;
    EXPECT_EQ(get("link"), "beta!");
    fs::create_symlink("../outside", folder / "new");
    fs::rename(folder / "new", folder / "link");
    now += 1s;
    EXPECT_EQ(get("link"), "gone");
}

TEST_F(HttpCache, LosesAFileThatBecomesUnreadable)
{
    EXPECT_EQ(get(), "alpha");
    fs::permissions(folder / "a.txt", fs::perms::none);
    now += 1s;
    // Who may read everything sees a change, reads it anew and is right.
    EXPECT_EQ(get(), ::geteuid() == 0 ? "alpha" : "forbidden");
    EXPECT_EQ(get(), ::geteuid() == 0 ? "alpha" : "forbidden");
}

TEST_F(HttpCache, KeepsWhatIsTheSame)
{
    auto first = root->open("a.txt", 100)->small;
    EXPECT_FALSE(first->version.settled); // just made
    EXPECT_NE(root->open("a.txt", 100, first)->small, first);

    auto settled = *first;
    settled.version.settled = true;
    auto known = std::make_shared<const SmallFile>(settled);
    EXPECT_EQ(root->open("a.txt", 100, known)->small, known);
    settled.version.changed += 1ns;
    known = std::make_shared<const SmallFile>(settled);
    EXPECT_NE(root->open("a.txt", 100, known)->small, known);
}

TEST_F(HttpCache, IsOffWithoutRoom)
{
    cache = Cache{0};
    EXPECT_EQ(get(), "alpha");
    EXPECT_EQ(get(), "alpha");
    EXPECT_EQ(cache.size(), 0U);
    EXPECT_EQ(cache.counters().hits, 0U);
}

TEST(HttpCacheBound, EvictsWhatWasAskedForLongestAgo)
{
    Cache cache{5600}; // 4900 for files
    auto has = [&cache](std::string_view name) { return cache.find({0, name}, start) != nullptr; };
    for (auto name : {"1", "2", "3"}) cache.learn({0, name}, file_of(1000), start);
    EXPECT_EQ(cache.size(), 3U);
    EXPECT_TRUE(has("1"));
    cache.learn({0, "4"}, file_of(1000), start);
    EXPECT_TRUE(has("1"));
    EXPECT_FALSE(has("2"));
    EXPECT_TRUE(has("3"));
    EXPECT_TRUE(has("4"));
    EXPECT_EQ(cache.counters().evictions, 1U);
    EXPECT_LE(cache.octets(), 4900U);

    cache.learn({0, "5"}, file_of(4000), start);
    EXPECT_EQ(cache.size(), 1U);
    cache.learn({0, "6"}, file_of(4900), start); // does not fit at all: the others stay
    EXPECT_FALSE(has("6"));
    EXPECT_TRUE(has("5"));
    cache.learn({0, "5"}, file_of(4900), start + 1ms); // nor as what it has become
    EXPECT_EQ(cache.size(), 0U);
    EXPECT_EQ(cache.octets(), 0U);
}

TEST(HttpCacheBound, EmptyFilesCostSomething)
{
    Cache cache{100'000};
    for (int i = 0; i < 10'000; ++i) cache.learn({0, std::to_string(i)}, file_of(0), start);
    EXPECT_LE(cache.size(), 200U);
    EXPECT_LE(cache.octets(), 100'000U);
}

TEST(HttpCacheBound, GuessedNamesDriveNoFileOut)
{
    Cache cache{100'000};
    cache.learn({0, "a"}, file_of(1000), start);
    for (int i = 0; i < 10'000; ++i)
        cache.learn({0, std::to_string(i)}, std::unexpected{FileError::not_found}, start);
    EXPECT_LE(cache.octets(), 1600U + 100'000U / 8);
    EXPECT_TRUE(cache.find({0, "a"}, start));
    EXPECT_TRUE(cache.find({0, "9999"}, start)); // the last of them
    EXPECT_FALSE(cache.find({0, "0"}, start));
    cache.learn({0, std::string(20'000, 'x')}, std::unexpected{FileError::not_found}, start);
    EXPECT_TRUE(cache.find({0, "9999"}, start)); // what does not fit drives nothing out
}

TEST(HttpCacheBound, TheLookThatBeganLastCounts)
{
    Cache cache{5000};
    auto late = file_of(2);
    cache.learn({0, "a"}, late, start + 2ms);
    cache.learn({0, "a"}, file_of(1), start + 1ms);
    EXPECT_EQ(cache.known({0, "a"})->file, late);
    cache.learn({0, "a"}, nullptr, start + 1ms);
    EXPECT_EQ(cache.known({0, "a"})->file, late);
    cache.learn({0, "a"}, nullptr, start + 3ms); // a large one by now
    EXPECT_FALSE(cache.known({0, "a"}));
}

TEST(HttpCacheBound, RemembersWhyThereIsNone)
{
    Cache cache{100'000};
    struct {
        FileError error;
        bool remembered;
    } cases[] = {
        {FileError::not_found, true},
        {FileError::is_folder, true},
        {FileError::forbidden, true},
        {FileError::failing, false},
    };
    for (const auto& [error, remembered] : cases) {
        cache.learn({0, "a"}, file_of(1), start);
        cache.learn({0, "a"}, std::unexpected{error}, start);
        const auto* hot = cache.find({0, "a"}, start);
        ASSERT_EQ(hot != nullptr, remembered);
        if (!hot) continue;
        EXPECT_FALSE(hot->file);
        EXPECT_EQ(hot->error, error);
    }
    EXPECT_EQ(cache.octets(), 0U);
}

TEST(HttpCacheBound, EachRootHasItsOwnNames)
{
    Cache cache{100'000};
    auto one = file_of(1), other = file_of(2);
    cache.learn({0, "a"}, one, start);
    cache.learn({1, "a"}, other, start);
    EXPECT_EQ(cache.find({0, "a"}, start)->file, one);
    EXPECT_EQ(cache.find({1, "a"}, start)->file, other);
    EXPECT_FALSE(cache.find({2, "a"}, start));
}

namespace {

std::shared_ptr<const Prepared> prepared_of(std::size_t octets)
{
    return std::make_shared<Prepared>(Prepared{.head = "h", .content = std::string(octets, 'z')});
}

const std::shared_ptr<const Prepared>& of(const Hot* hot, Coding coding)
{
    return hot->prepared[static_cast<std::size_t>(coding)];
}

} // namespace

TEST(HttpCachePrepared, StaysWithItsVersionOfTheFile)
{
    Cache cache{100'000};
    auto file = file_of(1000);
    cache.learn({0, "a"}, file, start);
    const auto alone = cache.octets();
    cache.prepare({0, "a"}, *file, Coding::gzip, prepared_of(300));
    cache.prepare({0, "a"}, *file, Coding::identity, prepared_of(0));
    EXPECT_GT(cache.octets(), alone + 300);
    EXPECT_EQ(of(cache.find({0, "a"}, start), Coding::gzip)->content.size(), 300U);
    EXPECT_EQ(of(cache.find({0, "a"}, start), Coding::identity)->head, "h");
    EXPECT_FALSE(of(cache.find({0, "a"}, start), Coding::br));

    cache.learn({0, "a"}, file, start + 5s); // still the same
    EXPECT_TRUE(of(cache.find({0, "a"}, start + 5s), Coding::gzip));

    auto changed = file_of(1000);
    cache.learn({0, "a"}, changed, start + 6s);
    EXPECT_FALSE(of(cache.find({0, "a"}, start + 6s), Coding::gzip));
    EXPECT_EQ(cache.octets(), alone);
    cache.prepare({0, "a"}, *file, Coding::gzip, prepared_of(300)); // came too late
    EXPECT_FALSE(of(cache.find({0, "a"}, start + 6s), Coding::gzip));
    cache.prepare({0, "b"}, *file, Coding::gzip, prepared_of(300)); // of nothing
    EXPECT_EQ(cache.octets(), alone);
}

TEST(HttpCachePrepared, IsWithinTheBound)
{
    Cache cache{5600}; // 4900 for files
    auto one = file_of(1000), two = file_of(1000), three = file_of(1000);
    cache.learn({0, "1"}, one, start);
    cache.learn({0, "2"}, two, start);
    cache.learn({0, "3"}, three, start);
    cache.prepare({0, "1"}, *one, Coding::gzip, prepared_of(2000)); // two others go for it
    EXPECT_TRUE(of(cache.known({0, "1"}), Coding::gzip));
    EXPECT_FALSE(cache.known({0, "2"}));
    EXPECT_LE(cache.octets(), 4900U);
    cache.prepare({0, "1"}, *one, Coding::br, prepared_of(2000)); // no room beside what it has
    EXPECT_FALSE(of(cache.known({0, "1"}), Coding::br));
    EXPECT_TRUE(of(cache.known({0, "1"}), Coding::gzip));
    cache.prepare({0, "1"}, *one, Coding::gzip, prepared_of(1)); // it has one
    EXPECT_EQ(of(cache.known({0, "1"}), Coding::gzip)->content.size(), 2000U);
    cache.learn({0, "1"}, nullptr, start);
    EXPECT_LE(cache.octets(), 2000U); // nothing of it is left
}

} // namespace portico::http
