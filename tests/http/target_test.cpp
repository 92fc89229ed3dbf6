#include "services/http/target.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace portico::http {

TEST(HttpTarget, SplitsThenDecodesOnce)
{
    rule("3986", "2.4", "a target is split at its slashes first, then decoded, once");
    struct {
        std::string target, path;
        std::vector<std::string> segments;
        std::string query, host;
    } cases[] = {
        {"/", "/", {""}, "", ""},
        {"/a", "/a", {"a"}, "", ""},
        {"/a/b/", "/a/b/", {"a", "b", ""}, "", ""},
        {"//a", "//a", {"", "a"}, "", ""},
        {"/a%2Fb/c", "/a%2Fb/c", {"a/b", "c"}, "", ""},
        {"/%2541", "/%2541", {"%41"}, "", ""},
        {"/a+b%20c", "/a+b%20c", {"a+b c"}, "", ""},
        {"/../%2e/x", "/../%2e/x", {"..", ".", "x"}, "", ""},
        {"/a?b=%41&c?/d", "/a", {"a"}, "b=%41&c?/d", ""},
        {"/?", "/", {""}, "", ""},
        {"/a%3fb?c", "/a%3fb", {"a?b"}, "c", ""},
        {"/%c3%A9", "/%c3%A9", {"\xc3\xa9"}, "", ""},
        {"http://h:80/a/b?c", "/a/b", {"a", "b"}, "c", "h:80"},
        {"https://[::1]/", "/", {""}, "", "[::1]"},
        {"http://h", "", {""}, "", "h"},
        {"http://h?q", "", {""}, "q", "h"},
    };
    for (const auto& [text, path, segments, query, host] : cases) {
        SCOPED_TRACE(text);
        auto target = parse_target(text);
        ASSERT_TRUE(target.has_value());
        EXPECT_EQ(target->path, path);
        EXPECT_EQ(target->segments, segments);
        EXPECT_EQ(target->query, query);
        EXPECT_EQ(target->host, host);
    }
}

TEST(HttpTarget, RefusesRubbish)
{
    for (std::string text : {"", "*", "a", "h:80", "/%", "/%1", "/%g1", "/%1g", "/a%00b", "http:/a",
                             "http://", "http://:80/", "http://u@h/", "ftp://h/", "/a/%2"}) {
        EXPECT_FALSE(parse_target(text).has_value()) << text;
    }
    EXPECT_FALSE(parse_target(std::string{"/a\0b", 4}).has_value());
}

TEST(HttpTarget, ParsesUrlencoded)
{
    struct {
        std::string text;
        std::vector<NameValue> pairs;
    } cases[] = {
        {"", {}},
        {"a=1", {{"a", "1"}}},
        {"b=2&a=1&b=3", {{"b", "2"}, {"a", "1"}, {"b", "3"}}},
        {"a", {{"a", ""}}},
        {"a=", {{"a", ""}}},
        {"=1", {{"", "1"}}},
        {"=", {{"", ""}}},
        {"a=b=c", {{"a", "b=c"}}},
        {"&&a=1&", {{"a", "1"}}},
        {"a+b=c+d%2B", {{"a b", "c d+"}}},
        {"%61%3d=%26", {{"a=", "&"}}},
        {"a=%&b=%4&c=%zz&d=100%25", {{"a", "%"}, {"b", "%4"}, {"c", "%zz"}, {"d", "100%"}}},
        {"a=%2541", {{"a", "%41"}}},
        {"a=%00", {{"a", std::string(1, '\0')}}},
        {"a;b=1", {{"a;b", "1"}}},
    };
    for (const auto& [text, pairs] : cases) {
        SCOPED_TRACE(text);
        auto parsed = parse_urlencoded(text);
        ASSERT_TRUE(parsed.has_value());
        EXPECT_EQ(*parsed, pairs);
    }
}

TEST(HttpTarget, TakesNoMoreNamesThanIsSaid)
{
    EXPECT_TRUE(parse_urlencoded("a&b&", 2).has_value());
    EXPECT_FALSE(parse_urlencoded("a&b&c", 2).has_value());
    std::string many = "a";
    for (std::size_t i = 1; i < most_names; ++i) many += "&a";
    EXPECT_TRUE(parse_urlencoded(many).has_value());
    EXPECT_FALSE(parse_urlencoded(many + "&a").has_value());
}

TEST(HttpTarget, FindsTheFirst)
{
    const std::vector<NameValue> pairs{{"a", "1"}, {"b", "2"}, {"a", "3"}};
    EXPECT_EQ(find(pairs, "a"), "1");
    EXPECT_EQ(find(pairs, "A"), std::nullopt);
}

} // namespace portico::http
