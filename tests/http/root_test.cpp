#include "services/http/root.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

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
    EXPECT_EQ(small->file.nanoseconds, status.st_mtim.tv_nsec);
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
