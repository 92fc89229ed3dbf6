#include "services/log/escape.hpp"
#include "services/log/log.hpp"
#include "services/log/transcript.hpp"

#include <asio/ip/address.hpp>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <regex>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace portico::log {
namespace {

TEST(Escape, MakesOneLineOfAnything)
{
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"plain", "plain"},
        {"a\r\nb", "a\\x0d\\x0ab"},
        {"\x1b[2J\x7f\t", "\\x1b[2J\\x7f\\x09"},
        {"gr\xc3\xbc\xc3\x9f \xf0\x9f\x93\xac", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x93\xac"},
        {"\xc2\x9b", "\\xc2\\x9b"},                   // a control character of C1
        {"\xff\xc3", "\\xff\\xc3"},                   // no UTF-8, and cut off
        {"\xc0\xaf", "\\xc0\\xaf"},                   // overlong
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},          // a surrogate
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, // past U+10FFFF
    };
    for (const auto& [text, line] : cases) EXPECT_EQ(printable(text), line);
    EXPECT_EQ(printable(std::string_view{"\0", 1}), "\\x00");
    EXPECT_EQ(printable_ascii("\xc3\xbc\n"), "\\xc3\\xbc\\x0a");
}

TEST(Escape, MakesJsonStrings) // RFC 8259 section 7
{
    EXPECT_EQ(json_string("a\"b\\c/"), R"("a\"b\\c/")");
    EXPECT_EQ(json_string("\r\n\t\x01\x7f"), R"("\r\n\t\u0001\u007f")");
    EXPECT_EQ(json_string("\xc3\xbc"), "\"\xc3\xbc\"");
    EXPECT_EQ(json_string("\xff\xc3"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

class LogFile : public testing::Test {
protected:
    LogFile()
    {
        const auto* test = testing::UnitTest::GetInstance()->current_test_info();
        config_.file = std::filesystem::temp_directory_path() /
                       fmt::format("portico-log-{}-{}", test->name(), ::getpid());
    }
    ~LogFile() override { std::filesystem::remove(config_.file); }

    std::vector<std::string> lines() const
    {
        std::ifstream file{config_.file};
        std::vector<std::string> lines;
        for (std::string line; std::getline(file, line);) lines.push_back(line);
        return lines;
    }

    config::Log config_;
    net::FiveTuple tuple_{
        {net::Transport::tcp, asio::ip::make_address("127.0.0.1"), 25},
        {net::Transport::tcp, asio::ip::make_address("127.0.0.1"), 40112},
    };
};

const std::string utc = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)";

TEST_F(LogFile, HasALineAnEvent)
{
    auto log = open_log(config_);
    ASSERT_TRUE(log);
    (*log)->write(net::Level::info, net::Origin{12, "smtp", tuple_}, "message accepted {}\n250 ok");
    (*log)->write(net::Level::error, "disk full");
    (*log)->write(net::Level::debug, "too much");
    const auto written = lines(); // before the log is closed: nothing waits in memory
    ASSERT_EQ(written.size(), 2U);
    EXPECT_TRUE(std::regex_match(
        written[0],
        std::regex{utc + " info  smtp #12 tcp 127\\.0\\.0\\.1:40112 > 127\\.0\\.0\\.1:25  "
                         "message accepted \\{\\}\\\\x0a250 ok"}))
        << written[0];
    EXPECT_TRUE(std::regex_match(written[1], std::regex{utc + " error disk full"})) << written[1];
}

TEST_F(LogFile, IsJsonIfWanted)
{
    config_.format = config::Log::Format::json;
    auto log = open_log(config_);
    ASSERT_TRUE(log);
    (*log)->write(net::Level::warn, net::Origin{12, "smtp", tuple_}, "a \"b\"\n");
    (*log)->write(net::Level::info, "up");
    const auto written = lines();
    ASSERT_EQ(written.size(), 2U);
    const auto after_time = [](const std::string& line) { return line.substr(line.find(',')); };
    EXPECT_TRUE(std::regex_search(written[0], std::regex{"^\\{\"time\":\"" + utc + "\","}));
    EXPECT_EQ(after_time(written[0]),
              R"(,"level":"warn","message":"a \"b\"\n","connection":12,"service":"smtp",)"
              R"("transport":"tcp","client":"127.0.0.1:40112","server":"127.0.0.1:25"})");
    EXPECT_EQ(after_time(written[1]), R"(,"level":"info","message":"up"})");
}

TEST_F(LogFile, KeepsWhatIsThereAndObeysTheLevel)
{
    std::ofstream{config_.file} << "before\n";
    config_.level = config::Log::Level::error;
    auto log = open_log(config_);
    ASSERT_TRUE(log);
    EXPECT_FALSE((*log)->enabled(net::Level::warn));
    EXPECT_TRUE((*log)->enabled(net::Level::error));
    (*log)->write(net::Level::warn, "no");
    (*log)->write(net::Level::error, "yes");
    ASSERT_EQ(lines().size(), 2U);
    EXPECT_EQ(lines()[0], "before");
}

TEST_F(LogFile, IsWrittenByManyThreads)
{
    auto log = open_log(config_);
    ASSERT_TRUE(log);
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 4; ++thread)
            threads.emplace_back([&] {
                for (int i = 0; i < 100; ++i) (*log)->write(net::Level::info, "one whole line");
            });
    }
    const auto written = lines();
    EXPECT_EQ(written.size(), 400U);
    for (const auto& line : written) EXPECT_TRUE(line.ends_with("Z info  one whole line")) << line;
}

TEST(Log, SaysWhyAFileCannotBeHad)
{
    config::Log config;
    config.file = "/proc/no/such/file";
    const auto log = open_log(config);
    ASSERT_FALSE(log);
    EXPECT_NE(log.error().find("/proc/no/such/file"), std::string::npos) << log.error();
}

TEST(Transcript, ShowsWhoSaidWhat)
{
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::tmpfile(), std::fclose};
    ASSERT_TRUE(file);
    const auto transcript = make_transcript(file.get());
    transcript->client(12, "EHLO \xc3\xbc\x1b");
    transcript->server(12, "250 ok");
    transcript->client(3, std::string(200, 'a'));
    transcript->client(3, std::string(201, 'a'));
    std::rewind(file.get());
    std::string text(4096, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file.get()));
    const std::string most(200, 'a');
    EXPECT_EQ(text, "#12 C: EHLO \\xc3\\xbc\\x1b\n#12 S: 250 ok\n#3 C: " + most +
                        "\n#3 C: " + most + "... (201 octets)\n");
}

} // namespace
} // namespace portico::log
