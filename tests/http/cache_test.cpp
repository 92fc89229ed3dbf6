#include "services/http/cache.hpp"
#include "services/http/root.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
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
        if (auto hot = cache.find(name, now)) return hot->content;
        auto opened = root->open(name, most, cache.known(name));
        cache.learn(name, opened ? opened->small : nullptr, now);
        if (!opened) return opened.error() == FileError::forbidden ? "forbidden" : "gone";
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
    EXPECT_EQ(cache.size(), ::geteuid() == 0 ? 1U : 0U);
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
    Cache cache{5000};
    for (auto name : {"1", "2", "3"}) cache.learn(name, file_of(1000), start);
    EXPECT_EQ(cache.size(), 3U);
    EXPECT_TRUE(cache.find("1", start));
    cache.learn("4", file_of(1000), start);
    EXPECT_TRUE(cache.find("1", start));
    EXPECT_FALSE(cache.find("2", start));
    EXPECT_TRUE(cache.find("3", start));
    EXPECT_TRUE(cache.find("4", start));
    EXPECT_EQ(cache.counters().evictions, 1U);
    EXPECT_LE(cache.octets(), 5000U);

    cache.learn("5", file_of(4000), start);
    EXPECT_EQ(cache.size(), 1U);
    cache.learn("6", file_of(5000), start); // does not fit at all: the others stay
    EXPECT_FALSE(cache.find("6", start));
    EXPECT_TRUE(cache.find("5", start));
    cache.learn("5", file_of(5000), start + 1ms); // nor as what it has become
    EXPECT_EQ(cache.size(), 0U);
    EXPECT_EQ(cache.octets(), 0U);
}

TEST(HttpCacheBound, EmptyFilesCostSomething)
{
    Cache cache{100'000};
    for (int i = 0; i < 10'000; ++i) cache.learn(std::to_string(i), file_of(0), start);
    EXPECT_LE(cache.size(), 200U);
    EXPECT_LE(cache.octets(), 100'000U);
}

TEST(HttpCacheBound, TheLookThatBeganLastCounts)
{
    Cache cache{5000};
    auto late = file_of(2);
    cache.learn("a", late, start + 2ms);
    cache.learn("a", file_of(1), start + 1ms);
    EXPECT_EQ(cache.known("a"), late);
    cache.learn("a", nullptr, start + 1ms);
    EXPECT_EQ(cache.known("a"), late);
    cache.learn("a", nullptr, start + 3ms);
    EXPECT_FALSE(cache.known("a"));
}

} // namespace portico::http
