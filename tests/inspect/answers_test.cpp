#include "services/inspect/answers.hpp"
#include "services/inspect/octets.hpp"
#include "tests/inspect/ask.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace portico::inspect {

using namespace test;

TEST(InspectAnswers, GetIsWrittenAsHttpbinWritesIt)
{
    const auto answer =
        ask({.target = "/get?b=2&a=1&a=%C3%A9",
             .fields = {{"Host", "h:8080"}, {"ACCEPT", "*/*"}, {"x-a", "1"}, {"X-A", "2"}}});
    EXPECT_EQ(code(answer), 200U);
    EXPECT_EQ(answer.content_type, "application/json");
    EXPECT_EQ(answer.content, R"({
  "args": {
    "a": [
      "1",
      "\u00e9"
    ],
    "b": "2"
  },
  "headers": {
    "Accept": "*/*",
    "Host": "h:8080",
    "X-A": "1, 2"
  },
  "origin": "192.0.2.7",
  "url": "http://h:8080/get?b=2&a=1&a=%C3%A9"
}
)");
}

TEST(InspectAnswers, UrlIsTheClients)
{
    struct {
        std::string target, url;
        bool tls = false;
    } cases[] = {
        {"/get", "http://h:8080/get"},
        {"/get", "https://h:8080/get", true},
        {"/get?", "http://h:8080/get?"},
        {"/g%65t?a=%2f", "http://h:8080/g%65t?a=%2f"},
        {"http://h:8080/get?q", "http://h:8080/get?q"},
    };
    for (const auto& [target, url, tls] : cases)
        EXPECT_EQ(parsed(ask({.target = target, .tls = tls}))["url"], url);
}

TEST(InspectAnswers, ContentIsTold)
{
    const std::string form = "application/x-www-form-urlencoded";
    const auto empty = Json::object();
    struct {
        std::string type, content;
        Json data, form, json;
    } cases[] = {
        {"", "", "", empty, nullptr},
        {"text/plain", "caf\xc3\xa9", "caf\xc3\xa9", empty, nullptr},
        {"text/plain", "\xff\x01", "data:application/octet-stream;base64,/wE=", empty, nullptr},
        {"application/json",
         R"({"a": [1, null]})",
         R"({"a": [1, null]})",
         empty,
         {{"a", {1, nullptr}}}},
        {"", "12", "12", empty, 12},
        {"application/json", "{", "{", empty, nullptr},
        {form, "a=1&b=x+y&a=2", "", {{"a", {"1", "2"}}, {"b", "x y"}}, nullptr},
        {form + "; charset=utf-8", "a=%FF", "", {{"a", "\xef\xbf\xbd"}}, nullptr},
        {"APPLICATION/X-WWW-FORM-URLENCODED", "12", "", {{"12", ""}}, nullptr},
    };
    for (const auto& [type, content, data, fields, json] : cases) {
        SCOPED_TRACE(type + " " + content);
        for (std::string method : {"POST", "PUT", "PATCH", "DELETE"}) {
            const auto target =
                "/" + std::string{http::equals_ignoring_case(method, "POST") ? "post"
                                  : method == "PUT"                          ? "put"
                                  : method == "PATCH"                        ? "patch"
                                                                             : "delete"};
            const auto told = parsed(ask({.method = method,
                                          .target = target,
                                          .fields = {{"Content-Type", type}},
                                          .content = content}));
            EXPECT_EQ(told["data"], data);
            EXPECT_EQ(told["form"], fields);
            EXPECT_EQ(told["json"], json);
            EXPECT_EQ(told["files"], empty);
            EXPECT_FALSE(told.contains("method"));
        }
    }
}

TEST(InspectAnswers, AnythingTellsTheMethod)
{
    for (std::string method : {"GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND"})
        for (std::string target : {"/anything", "/anything/", "/anything/a%2Fb/c?d"}) {
            const auto told = parsed(ask({.method = method, .target = target}));
            EXPECT_EQ(told["method"], method);
            EXPECT_EQ(told["url"], "http://h:8080" + target);
            EXPECT_EQ(told.size(), 9U) << "args data files form headers json method origin url";
        }
}

TEST(InspectAnswers, DeepJsonIsNotFollowed)
{
    const auto nested = [](std::size_t levels) {
        return std::string(levels, '[') + std::string(levels, ']');
    };
    const auto json = [](const std::string& content) {
        return parsed(ask({.method = "POST", .target = "/post", .content = content}))["json"];
    };
    EXPECT_TRUE(json(nested(100)).is_array());
    EXPECT_TRUE(json(nested(101)).is_null());
    EXPECT_TRUE(json(nested(500'000)).is_null());
    EXPECT_TRUE(json(std::string(500'000, '[')).is_null());
    EXPECT_EQ(json("\"" + std::string(200, '[') + "\\\"\""), std::string(200, '[') + "\"");
    EXPECT_EQ(json("[" + std::string(300, ' ') + "[],[],[]]").size(), 3U);
}

TEST(InspectAnswers, FieldsThatAreNoUtf8AreReplaced)
{
    const auto told =
        parsed(ask({.target = "/headers", .fields = {{"X-A", "\xff"}, {"x-b-C", "\xc3\xa9"}}}));
    EXPECT_EQ(told["headers"]["X-A"], "\xef\xbf\xbd");
    EXPECT_EQ(told["headers"]["X-B-C"], "\xc3\xa9");
}

TEST(InspectAnswers, SmallOnes)
{
    EXPECT_EQ(get("/ip").content, "{\n  \"origin\": \"192.0.2.7\"\n}\n");
    EXPECT_EQ(get("/user-agent").content, "{\n  \"user-agent\": null\n}\n");
    EXPECT_EQ(parsed(ask({.target = "/user-agent", .fields = {{"user-agent", "me/1"}}})),
              Json({{"user-agent", "me/1"}}));
    EXPECT_EQ(parsed(get("/headers")), Json({{"headers", Json::object()}}));
}

TEST(InspectAnswers, UuidsAreRandomAndVersion4)
{
    rule("9562", "5.4", "a UUID of version 4: variant and version set, the rest random");
    const std::regex form{"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"};
    std::set<std::string> seen;
    for (std::uint64_t random = 0; random < 100; ++random) {
        const auto uuid =
            parsed(ask({.target = "/uuid", .random = random}))["uuid"].get<std::string>();
        EXPECT_TRUE(std::regex_match(uuid, form)) << uuid;
        seen.insert(uuid);
    }
    EXPECT_EQ(seen.size(), 100U);
}

TEST(InspectAnswers, StreamLines)
{
    const auto line = with({.target = "/stream/3"}, "/stream/{n}",
                           [](const Asked& asked) { return stream_line(asked, 2); });
    EXPECT_TRUE(line.ends_with("}\n"));
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    EXPECT_EQ(Json::parse(line)["id"], 2);
}

TEST(InspectAnswers, StatusAsAsked)
{
    for (std::string good : {"200", "204", "205", "299", "304", "404", "418", "599"})
        EXPECT_EQ(std::to_string(code(get("/status/" + good))), good);
    for (std::string bad : {"100",
                            "101",
                            "103",
                            "199",
                            "600",
                            "0",
                            "-200",
                            "abc",
                            "200x",
                            "2e2",
                            "200,",
                            ",200",
                            "200:",
                            "200:x",
                            "200:-1",
                            "200:0",
                            "200:nan",
                            "200:inf",
                            "99999999999999999999",
                            "200,,404",
                            "200:1:2",
                            "+200"}) {
        const auto answer = get("/status/" + bad);
        EXPECT_EQ(code(answer), 400U) << bad;
        EXPECT_EQ(answer.content.find('\n'), answer.content.size() - 1) << "one line";
    }
    EXPECT_EQ(get("/status/404").content, "");
}

TEST(InspectAnswers, StatusesComeWithWhatTheyNeed)
{
    rule("9110", "15.5.2", "401 comes with a challenge, wherever the status is from");
    struct {
        std::string code, field;
    } cases[] = {
        {"301", "Location: /redirect/1\r\n"},
        {"302", "Location: /redirect/1\r\n"},
        {"303", "Location: /redirect/1\r\n"},
        {"307", "Location: /redirect/1\r\n"},
        {"308", "Location: /redirect/1\r\n"},
        {"401", "WWW-Authenticate: Basic realm=\"portico\"\r\n"},
        {"405", "Allow: GET, HEAD, OPTIONS\r\n"},
        {"407", "Proxy-Authenticate: Basic realm=\"portico\"\r\n"},
        {"426", "Upgrade: websocket\r\n"},
        {"500", ""},
    };
    for (const auto& [code, field] : cases) EXPECT_EQ(get("/status/" + code).fields, field);
}

TEST(InspectAnswers, StatusesByWeight)
{
    std::map<unsigned, int> counts;
    for (std::uint64_t random = 0; random < 3000; ++random)
        ++counts[code(ask({.target = "/status/200,404:2,500:0,503:0.5", .random = random}))];
    EXPECT_EQ(counts.size(), 3U);
    EXPECT_NEAR(counts[200], 3000 / 3.5, 150);
    EXPECT_NEAR(counts[404], 6000 / 3.5, 150);
    EXPECT_NEAR(counts[503], 1500 / 3.5, 150);
}

TEST(InspectAnswers, Redirects)
{
    struct {
        std::string target, location;
    } cases[] = {
        {"/redirect/1", "/get"},
        {"/redirect/3", "/relative-redirect/2"},
        {"/redirect/1?absolute=true", "http://h:8080/get"},
        {"/redirect/3?absolute=TRUE", "http://h:8080/absolute-redirect/2"},
        {"/redirect/3?absolute=false", "/relative-redirect/2"},
        {"/relative-redirect/1", "/get"},
        {"/relative-redirect/1000", "/relative-redirect/999"},
        {"/absolute-redirect/1", "http://h:8080/get"},
        {"/absolute-redirect/2", "http://h:8080/absolute-redirect/1"},
        {"/redirect-to?url=/get", "/get"},
        {"/redirect-to?url=http%3A%2F%2Fexample.com%2F%3Fa%3D1&x", "http://example.com/?a=1"},
        {"/redirect-to?url=/a%20b%C3%A9", "/a%20b%C3%A9"},
        {"/redirect-to?url=x%0D%0ASet-Cookie:%20a=b", "x%0D%0ASet-Cookie:%20a=b"},
    };
    for (const auto& [target, to] : cases) {
        const auto answer = get(target);
        EXPECT_EQ(code(answer), 302U) << target;
        EXPECT_EQ(answer.fields, "Location: " + to + "\r\n") << target;
    }
    EXPECT_EQ(code(get("/redirect-to?url=/get&status_code=307")), 307U);
    for (std::string bad :
         {"/redirect/0", "/redirect/1001", "/redirect/x", "/absolute-redirect/-1", "/redirect-to",
          "/redirect-to?url=", "/redirect-to?url=a&status_code=200",
          "/redirect-to?url=a&status_code=x"})
        EXPECT_EQ(code(get(bad)), 400U) << bad;
}

TEST(InspectAnswers, BasicAuthentication)
{
    rule("7617", "2", "Basic: user-id and password in base64, scheme without case");
    struct {
        std::string target, authorization;
        bool in;
    } cases[] = {
        {"/basic-auth/ana/secret", "Basic YW5hOnNlY3JldA==", true},
        {"/basic-auth/ana/secret", "bASIC  YW5hOnNlY3JldA==", true},
        {"/basic-auth/an%61/s%65cret", "Basic YW5hOnNlY3JldA==", true},
        {"/basic-auth/ana/a:b", "Basic YW5hOmE6Yg==", true},
        {"/basic-auth/ana:a/b", "Basic YW5hOmE6Yg==", false},
        {"/basic-auth/ana/secret", "Basic YW5hOnNlY3JldA", false},
        {"/basic-auth/ana/secret", "Basic YW5hOndyb25n", false},
        {"/basic-auth/ana/secret", "Bearer YW5hOnNlY3JldA==", false},
        {"/basic-auth/ana/secret", "Basic", false},
        {"/basic-auth/ana/secret", "", false},
    };
    for (const auto& [target, authorization, in] : cases) {
        SCOPED_TRACE(target + " " + authorization);
        for (std::string hidden : {"", "/hidden-"}) {
            Case request{.target = hidden.empty() ? target : hidden + target.substr(1)};
            if (!authorization.empty()) request.fields = {{"Authorization", authorization}};
            const auto answer = ask(request);
            EXPECT_EQ(code(answer), in ? 200U : hidden.empty() ? 401U : 404U);
            EXPECT_EQ(answer.fields.starts_with("WWW-Authenticate: Basic realm="),
                      !in && hidden.empty());
            if (in) {
                EXPECT_EQ(parsed(answer), Json({{"authenticated", true}, {"user", "ana"}}));
            }
        }
    }
}

TEST(InspectAnswers, BearerAuthentication)
{
    EXPECT_EQ(code(get("/bearer")), 401U);
    EXPECT_TRUE(get("/bearer").fields.starts_with("WWW-Authenticate: Bearer"));
    EXPECT_EQ(code(ask({.target = "/bearer", .fields = {{"Authorization", "Bearer "}}})), 401U);
    EXPECT_EQ(parsed(ask({.target = "/bearer", .fields = {{"Authorization", "bearer abc"}}})),
              Json({{"authenticated", true}, {"token", "abc"}}));
}

TEST(InspectAnswers, OctetsFollowFromTheirSeed)
{
    Octets whole{7};
    Octets pieces{7};
    const auto octets = whole.take(1000);
    std::string joined;
    for (std::size_t i = 0; i < 44; ++i) joined += pieces.take(i);
    EXPECT_EQ(joined, octets.substr(0, joined.size()));
    EXPECT_EQ(joined.size(), 946U);
    EXPECT_NE(Octets{8}.take(1000), octets);
    EXPECT_EQ(Octets{1}.take(0), "");
    EXPECT_EQ(std::set<char>(octets.begin(), octets.end()).size() > 200, true);
}

TEST(InspectAnswers, ThePageListsThem)
{
    std::vector<Listed> all;
    for (const auto& row : rows()) all.push_back(row.listed);
    const auto page = index_page(all);
    EXPECT_TRUE(page.starts_with("<!doctype html>"));
    EXPECT_TRUE(page.ends_with("</html>\n"));
    EXPECT_NE(page.find("<code>/status/{code}</code>"), page.npos);
    EXPECT_NE(page.find("<a href=\"/redirect-to?url=/get\">"), page.npos);
    EXPECT_EQ(page.find("<script"), page.npos);
    EXPECT_NE(index_page({{"GET", "/<", "\"", "/&"}}).find("&lt;</code></a></td><td>&quot;"), page.npos);
}

TEST(InspectAnswers, ExamplesWork)
{
    for (const auto& row : rows()) {
        if (row.listed.example.empty()) continue;
        const auto answer = get(std::string{row.listed.example});
        EXPECT_NE(code(answer), 400U) << row.listed.example;
        EXPECT_LT(code(answer), 500U) << row.listed.example;
    }
}

TEST(InspectAnswers, NumbersAreWhole)
{
    EXPECT_EQ(parse_number("0"), 0U);
    EXPECT_EQ(parse_number("18446744073709551615"), ~0ULL);
    for (std::string bad : {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "18446744073709551616"})
        EXPECT_EQ(parse_number(bad), std::nullopt) << bad;
    using std::chrono::milliseconds;
    EXPECT_EQ(parse_seconds("0"), milliseconds{0});
    EXPECT_EQ(parse_seconds("1.5"), milliseconds{1500});
    EXPECT_EQ(parse_seconds("0.0004"), milliseconds{0});
    EXPECT_GT(parse_seconds("999999999999999999999").value(), std::chrono::years{1});
    for (std::string bad : {"", "-1", "1e3", "nan", "inf", "1s", " 1", "+1"})
        EXPECT_EQ(parse_seconds(bad), std::nullopt) << bad;
}

} // namespace portico::inspect
