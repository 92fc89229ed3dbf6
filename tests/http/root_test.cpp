#include "services/http/root.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <expected>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace portico::http {

namespace {

namespace fs = std::filesystem;

/// A root with friends and traps in it, and a file beside it that nobody may see.
class HttpRoot : public testing::Test {
protected:
    HttpRoot()
    {
        auto pattern = (fs::temp_directory_path() / "portico-http-XXXXXX").string();
        if (!::mkdtemp(pattern.data())) throw std::runtime_error{"mkdtemp"};
        base_ = pattern;
        folder_ = base_ / "root";
        fs::create_directories(folder_ / "docs" / "deep");
        write(base_ / "outside.txt", "outside");
        write(folder_ / "a.txt", "alpha");
        write(folder_ / "docs" / "b.txt", std::string(5000, 'b'));
        fs::create_symlink("docs/b.txt", folder_ / "within");
        fs::create_symlink("../a.txt", folder_ / "docs" / "up-within");
        fs::create_symlink("../outside.txt", folder_ / "out");
        fs::create_symlink(base_ / "outside.txt", folder_ / "out-absolute");
        fs::create_symlink(folder_ / "a.txt", folder_ / "within-absolute");
        fs::create_symlink("..", folder_ / "parent");
        fs::create_symlink("loop", folder_ / "loop");
        fs::create_symlink("/proc/self/root", folder_ / "magic");
        ::mkfifo((folder_ / "fifo").c_str(), 0600);
    }
    ~HttpRoot() override { fs::remove_all(base_); }

    // Sorted, folders with a slash.
    static std::vector<std::string> names(const std::expected<Listing, FileError>& listing)
    {
        std::vector<std::string> found;
        for (const auto& entry : listing.value().entries)
            found.push_back(entry.name + (entry.is_folder ? "/" : ""));
        std::ranges::sort(found);
        return found;
    }

    static void write(const fs::path& file, const std::string& text)
    {
        std::ofstream{file, std::ios::binary} << text;
    }

    fs::path base_;
    fs::path folder_;
};

} // namespace

TEST_F(HttpRoot, OpensRegularFiles)
{
    Root root{folder_};
    auto small = root.open("a.txt", 100);
    ASSERT_TRUE(small.has_value());
    ASSERT_TRUE(small->small);
    EXPECT_EQ(small->small->content, "alpha");
    EXPECT_EQ(small->file.size, 5U);
    struct stat status {};
    ASSERT_EQ(::stat((folder_ / "a.txt").c_str(), &status), 0);
    EXPECT_EQ(small->file.modified.time_since_epoch().count(), status.st_mtim.tv_sec);
    EXPECT_EQ(small->file.changed.count(),
              status.st_ctim.tv_sec * 1'000'000'000 + status.st_ctim.tv_nsec);
    EXPECT_EQ(small->file.inode, status.st_ino);

    auto large = root.open("docs/b.txt", 4999);
    ASSERT_TRUE(large.has_value());
    EXPECT_FALSE(large->small);
    EXPECT_EQ(large->file.size, 5000U);
    EXPECT_EQ(read_at(large->descriptor, 4990, 100), std::string(10, 'b'));
    EXPECT_EQ(root.open("docs/b.txt", 5000)->small->content.size(), 5000U);

    for (std::string name : {"within", "docs/up-within"})
        EXPECT_TRUE(root.open(name, 0).has_value()) << name;
}

TEST_F(HttpRoot, ShowsNothingElse)
{
    Root root{folder_};
    struct {
        std::string name;
        FileError error;
    } cases[] = {
        {"none", FileError::not_found},
        {"a.txt/index.html", FileError::not_found},
        {"docs", FileError::is_folder},
        {"docs/", FileError::is_folder},
        {"../outside.txt", FileError::not_found},
        {"docs/../../outside.txt", FileError::not_found},
        {(base_ / "outside.txt").string(), FileError::not_found},
        {"/etc/passwd", FileError::not_found},
        {"out", FileError::not_found},
        {"out-absolute", FileError::not_found},
        {"within-absolute", FileError::not_found}, // leads over the outside
        {"parent/outside.txt", FileError::not_found},
        {"parent", FileError::not_found},
        {"magic/etc/passwd", FileError::not_found},
        {"loop", FileError::not_found},
        {"fifo", FileError::not_found},
        {"", FileError::not_found},
        {std::string(300, 'x'), FileError::not_found},
    };
    for (const auto& [name, error] : cases) {
        SCOPED_TRACE(name);
        auto opened = root.open(name, 100);
        ASSERT_FALSE(opened.has_value());
        EXPECT_EQ(opened.error(), error);
    }
}

TEST_F(HttpRoot, FollowsLinksAsItIsTold)
{
    using enum config::Site::Symlinks;
    fs::create_directories(base_ / "beside");
    write(base_ / "beside" / "c.txt", "gamma");
    fs::create_symlink("../beside", folder_ / "beside");
    fs::create_symlink("nowhere", folder_ / "dangling");
    fs::create_symlink("docs", folder_ / "docs-link");
    fs::create_symlink("out", folder_ / "out-by-two");
    fs::create_symlink("/proc/self/fd/0", folder_ / "magic-file");
    struct {
        std::string name;
        bool inside, refuse, follow; // whether it is there
    } cases[] = {
        {"a.txt", true, true, true},
        {"docs/b.txt", true, true, true},
        {"within", true, false, true},
        {"docs/up-within", true, false, true},
        {"docs-link/b.txt", true, false, true},
        {"out", false, false, true},
        {"out-by-two", false, false, true},
        {"out-absolute", false, false, true},
        {"within-absolute", false, false, true},
        {"beside/c.txt", false, false, true},
        {"parent/outside.txt", false, false, true},
        {"dangling", false, false, false},
        {"loop", false, false, false},
        {"magic/etc/passwd", false, false, false},
        {"magic-file", false, false, false},
        {"../outside.txt", false, false, false}, // a name never leads out by itself
        {"docs/../a.txt", false, false, false},  // and no request asks for such a one
        {"..", false, false, false},
        {"docs/../../outside.txt", false, false, false},
        {(base_ / "outside.txt").string(), false, false, false},
    };
    const Root roots[] = {Root{folder_, inside}, Root{folder_, refuse}, Root{folder_, follow}};
    for (const auto& row : cases) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(roots[0].open(row.name, 100).has_value(), row.inside);
        EXPECT_EQ(roots[1].open(row.name, 100).has_value(), row.refuse);
        EXPECT_EQ(roots[2].open(row.name, 100).has_value(), row.follow);
    }
}

TEST_F(HttpRoot, ListsWhatItServes)
{
    using enum config::Site::Symlinks;
    write(folder_ / ".hidden", "hidden");
    fs::create_directory(folder_ / ".git");
    fs::create_symlink("a.txt", folder_ / ".link");
    fs::create_symlink("docs", folder_ / "docs-link");
    fs::create_symlink("nowhere", folder_ / "dangling");
    const Root kept{folder_, inside}, refused{folder_, refuse}, followed{folder_, follow};

    using Names = std::vector<std::string>;
    EXPECT_EQ(names(kept.list("", 100)), (Names{"a.txt", "docs-link/", "docs/", "within"}));
    EXPECT_EQ(names(refused.list("", 100)), (Names{"a.txt", "docs/"}));
    EXPECT_EQ(names(followed.list("", 100)),
              (Names{"a.txt", "docs-link/", "docs/", "out", "out-absolute", "parent/", "within",
                     "within-absolute"}));
    EXPECT_EQ(names(kept.list("docs/", 100)), (Names{"b.txt", "deep/", "up-within"}));
    EXPECT_EQ(names(kept.list("docs-link/", 100)), (Names{"b.txt", "deep/", "up-within"}));
    EXPECT_EQ(names(kept.list("docs/deep/", 100)), Names{});

    const auto docs = kept.list("docs/", 100);
    for (const auto& entry : docs->entries) {
        if (entry.name == "up-within") { // as what it leads to
            EXPECT_EQ(entry.size, 5U);
        }
        if (entry.name == "b.txt") {
            EXPECT_EQ(entry.size, 5000U);
            EXPECT_EQ(entry.modified, kept.open("docs/b.txt", 0)->file.modified);
        }
    }
}

TEST_F(HttpRoot, ListsNoMoreThanItMay)
{
    const Root root{folder_};
    auto listing = root.list("docs/", 3); // all that are there
    EXPECT_EQ(listing->entries.size(), 3U);
    EXPECT_FALSE(listing->more);
    listing = root.list("docs/", 2);
    EXPECT_EQ(listing->entries.size(), 2U);
    EXPECT_TRUE(listing->more);
    fs::remove(folder_ / "docs" / "up-within");
    write(folder_ / "docs" / ".hidden", "hidden"); // what is not shown is not more
    listing = root.list("docs/", 2);
    EXPECT_EQ(listing->entries.size(), 2U);
    EXPECT_FALSE(listing->more);
}

TEST_F(HttpRoot, ListsNothingElse)
{
    using enum config::Site::Symlinks;
    fs::create_symlink("docs", folder_ / "docs-link");
    struct {
        std::string name;
        config::Site::Symlinks symlinks;
        FileError error;
    } cases[] = {
        {"a.txt", inside, FileError::not_found},  {"none/", inside, FileError::not_found},
        {"../", inside, FileError::not_found},    {"parent/", inside, FileError::not_found},
        {"magic/", inside, FileError::not_found}, {"loop/", inside, FileError::not_found},
        {"/", inside, FileError::not_found},      {"docs-link/", refuse, FileError::not_found},
        {"../", follow, FileError::not_found},    {"docs/..", follow, FileError::not_found},
        {"/", follow, FileError::not_found},      {"magic/", follow, FileError::not_found},
        {"loop/", follow, FileError::not_found},
    };
    for (const auto& [name, symlinks, error] : cases) {
        SCOPED_TRACE(name);
        const auto listing = Root{folder_, symlinks}.list(name, 100);
        ASSERT_FALSE(listing.has_value());
        EXPECT_EQ(listing.error(), error);
    }
}

TEST_F(HttpRoot, TellsWhatIsInMemory)
{
    Root root{folder_};
    auto written = root.open("docs/b.txt", 0); // just now, so it is
    ASSERT_TRUE(written.has_value());
    EXPECT_TRUE(in_memory(written->descriptor, 0, 5000));
    net::FileDescriptor closed;
    EXPECT_FALSE(in_memory(closed, 0, 5000)); // what cannot be told is not
}

TEST_F(HttpRoot, StaysWhenItsNameMoves)
{
    Root root{folder_};
    fs::rename(folder_, base_ / "moved");
    EXPECT_TRUE(root.open("a.txt", 0).has_value());
}

TEST_F(HttpRoot, MustExist)
{
    EXPECT_THROW(Root{base_ / "nowhere"}, std::runtime_error);
    EXPECT_THROW(Root{base_ / "outside.txt"}, std::runtime_error);
}

} // namespace portico::http
