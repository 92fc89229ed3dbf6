#include "services/http/access_log.hpp"
#include "tests/net/log.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <set>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace portico::http::test {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t large = 64 << 10;

/// A folder for a log, and what the log of the server says.
struct AccessLogFile : testing::Test {
    AccessLogFile()
    {
        std::string name = testing::TempDir() + "/portico-access-XXXXXX";
        folder = ::mkdtemp(name.data());
        path = folder / "access.log";
    }
    ~AccessLogFile() override { fs::remove_all(folder); }

    std::unique_ptr<AccessLog> open(std::size_t octets = large)
    {
        auto access = AccessLog::open(path, AccessFormat::combined, octets, log);
        EXPECT_TRUE(access) << access.error();
        return std::move(*access);
    }

    fs::path folder, path;
    tests::KeptLog log;
};

void write(AccessLog& access, std::string_view line)
{
    access.write({.line = line, .status = 200});
}

std::string content(const fs::path& path)
{
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
}

/// The request lines of a log's lines, each of which must be whole.
std::vector<std::string> requests(const std::string& text)
{
    constexpr std::string_view before = "- - - [01/Jan/1970:00:00:00 +0000] \"";
    constexpr std::string_view after = "\" 200 0 \"-\" \"-\"";
    std::vector<std::string> found;
    for (std::size_t start = 0; start < text.size();) {
        const auto end = std::min(text.find('\n', start), text.size());
        const std::string_view line{text.data() + start, end - start};
        const bool whole = line.starts_with(before) && line.ends_with(after) && end < text.size();
        found.emplace_back(
            whole ? line.substr(before.size(), line.size() - before.size() - after.size())
                  : "broken: " + std::string{line});
        start = end + 1;
    }
    return found;
}

using Lines = std::vector<std::string>;

/// A pipe under a path, read by the test.
class Fifo {
public:
    explicit Fifo(const fs::path& path)
    {
        EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
        end_.reset(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
        EXPECT_TRUE(end_);
        EXPECT_GE(::fcntl(end_.get(), F_SETPIPE_SZ, 4096), 4096);
    }

    /// What comes next, within ten seconds; "" at the end.
    std::string read()
    {
        pollfd waiting{.fd = end_.get(), .events = POLLIN, .revents = 0};
        if (::poll(&waiting, 1, 10'000) != 1) return "nothing came";
        std::array<char, 4096> bytes;
        const auto count = ::read(end_.get(), bytes.data(), bytes.size());
        return {bytes.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
    }

    std::string read_all()
    {
        std::string all;
        for (std::string piece; !(piece = read()).empty() && piece != "nothing came";) all += piece;
        return all;
    }

private:
    net::FileDescriptor end_;
};

} // namespace

TEST_F(AccessLogFile, HasEachLineAfterAFlush)
{
    auto access = open();
    access->flush();
    EXPECT_EQ(content(path), "");
    write(*access, "GET /1");
    write(*access, "GET /2");
    access->flush();
    EXPECT_EQ(requests(content(path)), (Lines{"GET /1", "GET /2"}));
    write(*access, "GET /3");
    access->flush();
    EXPECT_EQ(requests(content(path)), (Lines{"GET /1", "GET /2", "GET /3"}));
    EXPECT_EQ(access->dropped(), 0U);
}

TEST_F(AccessLogFile, GetsTheRestAtTheEnd)
{
    auto access = open();
    write(*access, "GET /1");
    access.reset();
    EXPECT_EQ(requests(content(path)), Lines{"GET /1"});
    access = open(); // and adds to what is there
    write(*access, "GET /2");
    access.reset();
    EXPECT_EQ(requests(content(path)), (Lines{"GET /1", "GET /2"}));
    EXPECT_TRUE(log.events().empty());
}

TEST_F(AccessLogFile, GetsALineWithoutBeingAsked)
{
    Fifo fifo{path};
    auto access = open();
    for (std::string line : {"GET /1", "GET /2"}) { // within a second; the test waits for ten
        write(*access, line);
        EXPECT_EQ(requests(fifo.read()), Lines{line});
    }
}

TEST_F(AccessLogFile, IsOpenedAgainAfterRotation)
{
    auto access = open();
    write(*access, "GET /1");
    access->flush();
    fs::rename(path, folder / "access.log.1");
    write(*access, "GET /2");
    access->flush();
    EXPECT_EQ(requests(content(folder / "access.log.1")), Lines{"GET /1"});
    EXPECT_EQ(requests(content(path)), Lines{"GET /2"});

    fs::remove(path);
    std::ofstream{path} << ""; // another one of that name
    write(*access, "GET /3");
    access->flush();
    EXPECT_EQ(requests(content(path)), Lines{"GET /3"});
    EXPECT_TRUE(log.events().empty());
}

TEST_F(AccessLogFile, KeepsTheOldFileIfThereCanBeNoNewOne)
{
    const auto moved = folder / "moved";
    const auto within = folder / "within";
    fs::create_directory(within);
    path = within / "access.log";
    auto access = open();
    fs::rename(within, moved);
    for (std::string line : {"GET /1", "GET /2"}) {
        write(*access, line);
        access->flush();
    }
    EXPECT_EQ(requests(content(moved / "access.log")), (Lines{"GET /1", "GET /2"}));
    EXPECT_EQ(log.count("No such file"), 1U); // once, not each time
    EXPECT_EQ(access->dropped(), 0U);

    fs::create_directory(within);
    write(*access, "GET /3");
    access->flush();
    EXPECT_EQ(requests(content(path)), Lines{"GET /3"});
    EXPECT_EQ(log.count("is well again"), 1U);
}

TEST_F(AccessLogFile, DropsAndCountsWhatIsTooMuch)
{
    Fifo fifo{path};
    auto access = open(1000);
    std::uint64_t sent = 0;
    while (access->dropped() == 0) write(*access, "GET /" + std::to_string(sent++));
    EXPECT_LT(sent, 4096U + 3000U); // pipe, and both buffers: octets, and a line has more of them
    std::string text;
    std::jthread reader{[&] { text = fifo.read_all(); }};
    access->flush();
    const auto dropped = access->dropped();
    access.reset();
    reader.join();
    const auto arrived = requests(text);
    EXPECT_EQ(arrived.size() + dropped, sent);
    for (const auto& line : arrived) EXPECT_TRUE(line.starts_with("GET /")) << line;
    EXPECT_TRUE(std::ranges::is_sorted(arrived, {}, [](const std::string& line) {
        return std::stoul(line.substr(line.find('/') + 1));
    }));
    EXPECT_TRUE(log.says(std::to_string(dropped) + " lines dropped"));
}

TEST_F(AccessLogFile, DropsALineThatNeverFits)
{
    auto access = open(100);
    write(*access, std::string(100, 'x'));
    write(*access, "GET /");
    EXPECT_EQ(access->dropped(), 1U);
    access.reset();
    EXPECT_EQ(requests(content(path)), Lines{"GET /"});
    EXPECT_EQ(log.count("1 lines dropped"), 1U);
}

TEST_F(AccessLogFile, SaysThatTheDiskIsFull)
{
    path = "/dev/full";
    auto access = open();
    for (int round = 0; round < 3; ++round) {
        write(*access, "GET /1");
        write(*access, "GET /2");
        access->flush();
    }
    EXPECT_EQ(access->dropped(), 6U);
    access.reset();
    EXPECT_EQ(log.count("No space left"), 1U);
    EXPECT_GE(log.count("lines dropped"), 1U);
}

TEST_F(AccessLogFile, SurvivesAPipeWithoutReader)
{
    auto fifo = std::make_unique<Fifo>(path);
    auto access = open();
    fifo.reset();
    write(*access, "GET /");
    access->flush(); // SIGPIPE would end the test
    EXPECT_EQ(access->dropped(), 1U);
    EXPECT_EQ(log.count("Broken pipe"), 1U);
}

TEST_F(AccessLogFile, TakesLinesFromManyThreads)
{
    constexpr int threads = 4, lines = 2000;
    auto access = open(16 << 10);
    {
        std::vector<std::jthread> writers;
        for (int thread = 0; thread < threads; ++thread) {
            writers.emplace_back([&access, thread] {
                for (int line = 0; line < lines; ++line) {
                    write(*access, "GET /" + std::to_string(thread) + "/" + std::to_string(line));
                    if (line % 500 == 0) access->flush();
                }
            });
        }
    }
    const auto dropped = access->dropped(); // the disk may be slow
    access.reset();
    const auto arrived = requests(content(path));
    const std::set<std::string> different{arrived.begin(), arrived.end()};
    EXPECT_EQ(different.size(), arrived.size());
    EXPECT_EQ(arrived.size() + dropped, std::size_t{threads * lines});
    for (const auto& line : arrived) ASSERT_TRUE(line.starts_with("GET /")) << line;
}

TEST_F(AccessLogFile, IsSharedByThoseWhoNameIt)
{
    AccessLogs logs{log};
    const auto first = logs.open(path, AccessFormat::combined, large);
    ASSERT_TRUE(first) << first.error();
    fs::create_symlink(folder, folder / "link");
    EXPECT_EQ(logs.open(folder / "link" / ".." / folder.filename() / "access.log",
                        AccessFormat::combined, large),
              *first);
    EXPECT_NE(logs.open(folder / "other.log", AccessFormat::json, large), *first);
    const auto other = logs.open(path, AccessFormat::json, large);
    ASSERT_FALSE(other);
    EXPECT_NE(other.error().find("two formats"), std::string::npos);
    write(**first, "GET /");
    (*first)->flush();
    EXPECT_EQ(requests(content(path)), Lines{"GET /"});
}

TEST_F(AccessLogFile, SaysWhyItCannotBeHad)
{
    const auto access =
        AccessLogs{log}.open(folder / "none" / "access.log", AccessFormat::json, large);
    ASSERT_FALSE(access);
    EXPECT_EQ(access.error(), "access log " + (folder / "none/access.log").string() +
                                  ": No such file or directory");
}

} // namespace portico::http::test
