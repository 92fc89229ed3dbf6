#include "services/http/access_record.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace portico::http::test {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::sys_time<std::chrono::microseconds> noon = // of 2000-02-29
    std::chrono::sys_days{std::chrono::year{2000} / 2 / 29} + 12h + 3min + 4s + 56'789us;

AccessRecord record()
{
    return {.when = noon,
            .took = 84us,
            .connection = 7,
            .client = "2001:db8::1",
            .tls = true,
            .user = {},
            .host = "example.org",
            .line = "GET /a?b=c HTTP/1.1",
            .status = 200,
            .octets = 18'446'744'073'709'551'615U,
            .referer = "https://example.net/",
            .user_agent = "curl/8.5.0"};
}

std::string line(AccessFormat format, const AccessRecord& record)
{
    std::string room(4096, '?');
    const auto length = AccessFormatter{format}.write(room, record);
    return length ? room.substr(0, *length) : "no room";
}

} // namespace

TEST(HttpAccessRecord, IsALineOfTheCombinedFormat)
{
    EXPECT_EQ(line(AccessFormat::combined, record()),
              "2001:db8::1 - - [29/Feb/2000:12:03:04 +0000] \"GET /a?b=c HTTP/1.1\" 200 "
              "18446744073709551615 \"https://example.net/\" \"curl/8.5.0\"\n");
    EXPECT_EQ(line(AccessFormat::combined, {.when = noon, .status = 408}),
              "- - - [29/Feb/2000:12:03:04 +0000] \"-\" 408 0 \"-\" \"-\"\n");
}

TEST(HttpAccessRecord, IsAnObjectOfJson)
{
    rule("3339", "5.6", "times of the access log, in UTC with milliseconds");
    EXPECT_EQ(line(AccessFormat::json, record()),
              R"({"time":"2000-02-29T12:03:04.056Z","connection":7,"client":"2001:db8::1",)"
              R"("tls":true,"host":"example.org","request":"GET /a?b=c HTTP/1.1","status":200,)"
              R"("octets":18446744073709551615,"took_us":84,"referer":"https://example.net/",)"
              "\"user_agent\":\"curl/8.5.0\"}\n");
    EXPECT_EQ(line(AccessFormat::json, {.when = noon, .took = -1us, .status = 408}),
              R"({"time":"2000-02-29T12:03:04.056Z","connection":0,"tls":false,"status":408,)"
              "\"octets\":0,\"took_us\":0}\n");
}

TEST(HttpAccessRecord, EscapesWhatAClientSent)
{
    rule("8259", "7", "JSON strings of any octets are valid JSON");
    struct {
        std::string_view sent, combined, json;
    } cases[] = {
        {"a b", "a b", "a b"},
        {"say \"hi\"", "say \\x22hi\\x22", "say \\\"hi\\\""},
        {"a\\b", "a\\x5Cb", "a\\\\b"},
        {"a\nb\r", "a\\x0Ab\\x0D", "a\\u000Ab\\u000D"},
        {std::string_view{"\0\x01\x1f\x7f", 4}, "\\x00\\x01\\x1F\\x7F",
         "\\u0000\\u0001\\u001F\\u007F"},
        {"\x1b[2J", "\\x1B[2J", "\\u001B[2J"},
        {"\xc2\x9b", "\\xC2\\x9B", "\\u009B"}, // CSI as one character
        {"\xc3\xa4\xe2\x82\xac", "\\xC3\\xA4\\xE2\\x82\\xAC", "\\u00E4\\u20AC"},
        {"\xe2\x80\xae", "\\xE2\\x80\\xAE", "\\u202E"}, // what follows would be read backwards
        {"\xf0\x9f\x98\x80", "\\xF0\\x9F\\x98\\x80", "\\uD83D\\uDE00"},
        {"\xff", "\\xFF", "\\uFFFD"},
        {"\xc3(", "\\xC3(", "\\uFFFD("},
        {"\xe2\x82", "\\xE2\\x82", "\\uFFFD\\uFFFD"},
        {"\xed\xa0\x80", "\\xED\\xA0\\x80", "\\uFFFD\\uFFFD\\uFFFD"}, // a surrogate
        {"\xc0\xaf", "\\xC0\\xAF", "\\uFFFD\\uFFFD"},                 // too long a form
        {"\xf4\x90\x80\x80", "\\xF4\\x90\\x80\\x80", "\\uFFFD\\uFFFD\\uFFFD\\uFFFD"},
    };
    for (const auto& [sent, combined, json] : cases) {
        EXPECT_EQ(line(AccessFormat::combined, {.when = noon, .line = sent}),
                  "- - - [29/Feb/2000:12:03:04 +0000] \"" + std::string{combined} +
                      "\" 0 0 \"-\" \"-\"\n");
        EXPECT_NE(line(AccessFormat::json, {.when = noon, .user_agent = sent})
                      .find(",\"user_agent\":\"" + std::string{json} + "\"}\n"),
                  std::string::npos)
            << json;
    }
}

TEST(HttpAccessRecord, KeepsItsColumns)
{
    const auto text = line(AccessFormat::combined,
                           {.when = noon, .client = "fe80::1%a b", .user = "Ana \"x\" [y]"});
    EXPECT_TRUE(text.starts_with("fe80::1%a\\x20b - Ana\\x20\\x22x\\x22\\x20[y] [29/")) << text;
}

TEST(HttpAccessRecord, TellsNoUserInfo)
{
    rule("9110", "4.2.4", "user-info is not shown in the access log");
    struct {
        std::string_view line, expected;
    } cases[] = {
        {"GET http://ana:secret@example.org/ HTTP/1.1", "GET http://example.org/ HTTP/1.1"},
        {"GET http://a@b:secret@example.org HTTP/1.1", "GET http://example.org HTTP/1.1"},
        {"GET http://an a:secret@example.org/", "GET http://example.org/"},
        {"CONNECT ana:secret@example.org:443 HTTP/1.1", "CONNECT example.org:443 HTTP/1.1"},
        {"GET /?next=ftp://ana:secret@a/&http://b:secret@c HTTP/1.1",
         "GET /?next=ftp://a/&http://c HTTP/1.1"},
        {"GET http://example.org/@x?y@z HTTP/1.1", "GET http://example.org/@x?y@z HTTP/1.1"},
        {"GET /@scope//a@b?mail=ana@example.org HTTP/1.1",
         "GET /@scope//a@b?mail=ana@example.org HTTP/1.1"},
        {"://", "://"},
        {"CONNECT ", "CONNECT "},
    };
    for (auto format : {AccessFormat::combined, AccessFormat::json}) {
        for (const auto& [sent, expected] : cases) {
            const auto text = line(format, {.when = noon, .line = sent});
            EXPECT_NE(text.find("\"" + std::string{expected} + "\""), std::string::npos) << text;
        }
        const auto text = line(format, {.when = noon,
                                        .host = "ana:secret@a",
                                        .referer = "http://ana:secret@a/",
                                        .user_agent = "bot (+http://a; ana@a)"});
        EXPECT_EQ(text.find("secret"), std::string::npos) << text;
        EXPECT_NE(text.find("bot (+http://a; ana@a)"), std::string::npos) << text;
    }
}

TEST(HttpAccessRecord, TellsEachSecond)
{
    for (auto format : {AccessFormat::combined, AccessFormat::json}) {
        AccessFormatter formatter{format};
        std::string room(400, '?');
        for (auto step : {0us, 943'210us, 943'211us, 86'400'000'000us, 0us, -60'000'000us}) {
            const AccessRecord at{.when = noon + step};
            const auto length = formatter.write(room, at);
            ASSERT_TRUE(length);
            EXPECT_EQ(room.substr(0, *length), line(format, at));
        }
    }
    EXPECT_NE(line(AccessFormat::combined, {.when = noon + 943'210us}).find(":04 +"),
              std::string::npos);
    EXPECT_NE(line(AccessFormat::combined, {.when = noon + 943'211us}).find(":05 +"),
              std::string::npos);
}

TEST(HttpAccessRecord, FitsOrIsNotThere)
{
    for (auto format : {AccessFormat::combined, AccessFormat::json}) {
        const auto whole = line(format, record());
        for (std::size_t size = 0; size <= whole.size(); ++size) {
            std::vector<char> room(size); // ASan watches its end
            const auto length = AccessFormatter{format}.write(room, record());
            EXPECT_EQ(length.has_value(), size == whole.size()) << size;
        }
    }
}

} // namespace portico::http::test
