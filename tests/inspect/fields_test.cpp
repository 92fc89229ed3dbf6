#include "tests/inspect/ask.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>
#include <zlib.h>

namespace portico::inspect {

using namespace test;

namespace {

/// What zlib makes of it: gzip or the zlib format, by itself.
std::string inflated(const std::string& packed, bool gzip)
{
    z_stream stream{};
    EXPECT_EQ(::inflateInit2(&stream, gzip ? 31 : 15), Z_OK);
    std::string text(1 << 16, '\0');
    auto copy = packed;
    stream.next_in = reinterpret_cast<Bytef*>(copy.data());
    stream.avail_in = static_cast<uInt>(copy.size());
    stream.next_out = reinterpret_cast<Bytef*>(text.data());
    stream.avail_out = static_cast<uInt>(text.size());
    EXPECT_EQ(::inflate(&stream, Z_FINISH), Z_STREAM_END);
    text.resize(stream.total_out);
    ::inflateEnd(&stream);
    return text;
}

} // namespace

TEST(InspectFields, Cookies)
{
    struct {
        std::vector<http::Field> fields;
        Json cookies;
    } cases[] = {
        {{}, Json::object()},
        {{{"Cookie", "a=1; b=2"}}, {{"a", "1"}, {"b", "2"}}},
        {{{"Cookie", "a=1;b=x=y; c; =d"}}, {{"", "d"}, {"a", "1"}, {"b", "x=y"}}},
        {{{"cookie", "a=1"}, {"Cookie", "a=2"}}, {{"a", {"1", "2"}}}},
    };
    for (const auto& [fields, cookies] : cases)
        EXPECT_EQ(parsed(ask({.target = "/cookies", .fields = fields}))["cookies"], cookies);
}

TEST(InspectFields, SettingCookies)
{
    rule("6265", "4.1.1", "a cookie's name is a token, its value cookie-octets");
    struct {
        std::string target, fields;
    } cases[] = {
        {"/cookies/set?a=1&b=2", "Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2; Path=/\r\n"},
        {"/cookies/set/a/x%3Dy", "Set-Cookie: a=x=y; Path=/\r\n"},
        {"/cookies/set", ""},
        {"/cookies/delete?a&b=1",
         "Set-Cookie: a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/\r\n"
         "Set-Cookie: b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/\r\n"},
    };
    for (const auto& [target, fields] : cases) {
        const auto answer = get(target);
        EXPECT_EQ(code(answer), 302U);
        EXPECT_EQ(answer.fields, "Location: /cookies\r\n" + fields);
    }
    for (std::string bad : {"/cookies/set?=1", "/cookies/set?a%20b=1", "/cookies/set?a=1%0D%0AX:y",
                            "/cookies/set?a=%22", "/cookies/set?a=1;b", "/cookies/set/a/%C3%A9",
                            "/cookies/delete?a%0Ab", "/cookies/delete?=1"})
        EXPECT_EQ(code(get(bad)), 400U) << bad;
}

TEST(InspectFields, ResponseHeaders)
{
    const auto answer = get("/response-headers?X-A=1&X-B=x+y&X-A=2&content-type=text/plain");
    EXPECT_EQ(answer.fields, "X-A: 1\r\nX-B: x y\r\nX-A: 2\r\n");
    EXPECT_EQ(answer.content_type, "text/plain");
    const auto json = Json::parse(answer.content);
    EXPECT_EQ(json["X-A"], Json({"1", "2"}));
    EXPECT_EQ(json["Content-Length"], std::to_string(answer.content.size()));
    for (std::size_t filler = 0; filler < 200; ++filler) { // over the step from 99 to 100 and on
        const auto one = get("/response-headers?a=" + std::string(filler, 'x'));
        EXPECT_EQ(parsed(one)["Content-Length"], std::to_string(one.content.size()));
    }
}

TEST(InspectFields, NoQueryBreaksTheHead)
{
    for (std::string bad :
         {"X=1%0D%0AY:2", "X=%0A", "X=%00", "X=%7F", "X=+1", "X=1+", "X%0D=1", "X%20Y=1", "=1",
          "X:=1", "Content-Length=0", "transfer-encoding=chunked", "Connection=close", "DATE=x",
          "Trailer=x", "Upgrade=x"})
        EXPECT_EQ(code(get("/response-headers?" + bad)), 400U) << bad;
    EXPECT_EQ(code(get("/response-headers?X=%C3%A9")), 200U) << "obs-text is allowed";
}

TEST(InspectFields, Caching)
{
    const auto answer = get("/cache");
    EXPECT_EQ(code(answer), 200U);
    EXPECT_EQ(answer.fields, "ETag: \"0000000000000001\"\r\n"
                             "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    for (std::string name : {"If-None-Match", "If-Modified-Since"}) {
        const auto cached = ask({.target = "/cache", .fields = {{name, "x"}}});
        EXPECT_EQ(code(cached), 304U);
        EXPECT_EQ(cached.content, "");
    }
    EXPECT_EQ(get("/cache/60").fields, "Cache-Control: public, max-age=60\r\n");
    EXPECT_EQ(code(get("/cache/x")), 400U);
    EXPECT_EQ(code(get("/cache/2147483649")), 400U);
}

TEST(InspectFields, EntityTags)
{
    struct {
        std::string name, value;
        unsigned code;
    } cases[] = {
        {"X", "", 200},
        {"If-None-Match", "\"abc\"", 304},
        {"If-None-Match", "W/\"abc\"", 304},
        {"If-None-Match", "\"x\", \"abc\"", 304},
        {"If-None-Match", "\"x\"", 200},
        {"If-None-Match", "*", 304},
        {"If-Match", "\"abc\"", 200},
        {"If-Match", "\"x\"", 412},
        {"If-Match", "*", 200},
    };
    for (const auto& [name, value, expected] : cases) {
        const auto answer = ask({.target = "/etag/abc", .fields = {{name, value}}});
        EXPECT_EQ(code(answer), expected) << name << ": " << value;
        EXPECT_EQ(answer.fields, "ETag: \"abc\"\r\n");
    }
    for (std::string bad : {"/etag/a%22b", "/etag/a%0Ab", "/etag/a%20b"})
        EXPECT_EQ(code(get(bad)), 400U) << bad;
}

TEST(InspectFields, Ranges)
{
    const std::string common = "ETag: \"range30\"\r\nAccept-Ranges: bytes\r\n";
    struct {
        std::string range;
        unsigned code;
        std::string fields, content;
    } cases[] = {
        {"", 200, "", "abcdefghijklmnopqrstuvwxyzabcd"},
        {"bytes=25-27", 206, "Content-Range: bytes 25-27/30\r\n", "zab"},
        {"bytes=-2", 206, "Content-Range: bytes 28-29/30\r\n", "cd"},
        {"bytes=30-", 416, "Content-Range: bytes */30\r\n", ""},
        {"bytes=x", 200, "", "abcdefghijklmnopqrstuvwxyzabcd"},
        {"lines=1-2", 200, "", "abcdefghijklmnopqrstuvwxyzabcd"},
    };
    for (const auto& [range, expected, fields, content] : cases) {
        SCOPED_TRACE(range);
        Case request{.target = "/range/30"};
        if (!range.empty()) request.fields = {{"Range", range}};
        const auto answer = ask(request);
        EXPECT_EQ(code(answer), expected);
        EXPECT_EQ(answer.fields, common + fields);
        EXPECT_EQ(answer.content, content);
    }
    EXPECT_EQ(get("/range/0").content, "");
    EXPECT_EQ(code(get("/range/102400")), 200U);
    for (std::string bad : {"/range/102401", "/range/x", "/range/-1"})
        EXPECT_EQ(code(get(bad)), 400U) << bad;
    config::Inspect limits;
    limits.max_bytes = 1 << 30;
    EXPECT_EQ(code(ask({.target = "/range/1048577", .limits = limits})), 400U);
}

TEST(InspectContents, AreCompressed)
{
    rule("9110", "8.4.1.2", "deflate is the zlib format");
    const auto packed = get("/gzip");
    EXPECT_EQ(packed.fields, "Content-Encoding: gzip\r\n");
    const auto json = Json::parse(inflated(packed.content, true));
    EXPECT_EQ(json["gzipped"], true);
    EXPECT_EQ(json["method"], "GET");
    EXPECT_EQ(json["origin"], "192.0.2.7");
    EXPECT_TRUE(json["headers"].is_object());
    const auto other = get("/deflate");
    EXPECT_EQ(other.fields, "Content-Encoding: deflate\r\n");
    EXPECT_EQ(Json::parse(inflated(other.content, false))["deflated"], true);
}

TEST(InspectContents, Base64)
{
    struct {
        std::string value, content;
    } cases[] = {
        {"SXQgd29ya3MuCg==", "It works.\n"},
        {"SXQgd29ya3MuCg", "It works.\n"},
        {"_-8=", "\xff\xef"},
        {"%2F%2B8", "\xff\xef"},
    };
    for (const auto& [value, content] : cases) EXPECT_EQ(get("/base64/" + value).content, content);
    for (std::string bad : {"a", "a===", "YQ=a", "Y*==", "%C3%A9"})
        EXPECT_EQ(code(get("/base64/" + bad)), 400U) << bad;
    EXPECT_EQ(get("/base64/PGI-").content_type, "text/plain; charset=utf-8") << "never HTML";
}

TEST(InspectContents, Samples)
{
    EXPECT_TRUE(get("/html").content.starts_with("<!doctype html>"));
    const auto json = parsed(get("/json"));
    EXPECT_EQ(json["slideshow"]["slides"].size(), 2U);
    EXPECT_EQ(json["slideshow"]["slides"][1]["items"].size(), 2U);
    EXPECT_EQ(json["slideshow"]["title"], "A slide show");
    EXPECT_TRUE(get("/xml").content.starts_with("<?xml "));
    EXPECT_NE(get("/encoding/utf8").content.find("\xf0\x9f\x98\x80"), std::string::npos);
    EXPECT_EQ(get("/robots.txt").content, "User-agent: *\nDisallow: /\n");
}

} // namespace portico::inspect
