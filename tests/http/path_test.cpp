#include "services/http/path.hpp"

#include <gtest/gtest.h>

#include <string>

namespace portico::http {

TEST(HttpPath, TurnsTargetsIntoNames)
{
    struct {
        std::string target, file, query, host;
    } cases[] = {
        {"/", "", "", ""},
        {"/?a", "", "?a", ""},
        {"/a", "a", "", ""},
        {"/a/", "a/", "", ""},
        {"/a//b", "a/b", "", ""},
        {"//a///", "a/", "", ""},
        {"/./a/./b/.", "a/b/", "", ""},
        {"/%61%2Eb", "a.b", "", ""},
        {"/a+b", "a+b", "", ""}, // "+" is a space in forms only
        {"/%c3%a9", "\xc3\xa9", "", ""},
        {"/a?b?c=/../", "a", "?b?c=/../", ""},
        {"/a%3fb", "a?b", "", ""},
        {"/a%25b", "a%b", "", ""},
        {"/a\\b", "a\\b", "", ""},
        {"/..a/b..", "..a/b..", "", ""},
        {"http://h:80/a?b", "a", "?b", "h:80"},
        {"http://h", "", "", "h"},
        {"HTTP://[::1]?q", "", "?q", "[::1]"},
    };
    for (const auto& [target, file, query, host] : cases) {
        SCOPED_TRACE(target);
        auto path = parse_path(target);
        ASSERT_TRUE(path.has_value());
        EXPECT_EQ(path->file, file);
        EXPECT_EQ(path->query, query);
        EXPECT_EQ(path->host, host);
        EXPECT_EQ(path->is_folder(), file.empty() || file.back() == '/');
    }
}

TEST(HttpPath, RefusesEscapesAndRubbish)
{
    struct {
        std::string target;
        PathError error;
    } cases[] = {
        {"", PathError::malformed},
        {"a", PathError::malformed},
        {"*", PathError::malformed},
        {"/%", PathError::malformed},
        {"/%1", PathError::malformed},
        {"/%1g", PathError::malformed},
        {"/a%00", PathError::malformed},
        {std::string{"/a\0b", 4}, PathError::malformed},
        {"/..", PathError::escape},
        {"/../", PathError::escape},
        {"/a/..", PathError::escape},
        {"/a/../../b", PathError::escape},
        {"/%2e%2e", PathError::escape},
        {"/%2E.", PathError::escape},
        {"/.%2e/x", PathError::escape},
        {"/%2f/../x", PathError::escape},
        {"//..", PathError::escape},
        {"/a%2fb", PathError::not_found},
        {"/%2f", PathError::not_found},
        {"/..%2f", PathError::not_found},
        {"/" + std::string(256, 'a'), PathError::not_found},
        {"http://", PathError::malformed},
        {"http://:80/", PathError::malformed},
        {"http://u@h/", PathError::malformed},
        {"file:///etc/passwd", PathError::malformed},
        {"http:/a", PathError::malformed},
        {"http://h/%2e%2e/a", PathError::escape},
    };
    for (const auto& [target, error] : cases) {
        SCOPED_TRACE(target);
        auto path = parse_path(target);
        ASSERT_FALSE(path.has_value()) << path->file;
        EXPECT_EQ(path.error(), error);
    }
    EXPECT_TRUE(parse_path("/" + std::string(255, 'a')).has_value());
}

TEST(HttpPath, WritesTargetsThatComeBack)
{
    std::string every_octet;
    for (int c = 1; c < 256; ++c)
        if (c != '/') every_octet += static_cast<char>(c);
    for (std::string file :
         {std::string{"a/b"}, every_octet.substr(0, 128), every_octet.substr(128),
          std::string{"%2e"}, std::string{"a b/"}, std::string{}}) {
        auto target = to_target(file);
        EXPECT_TRUE(target.starts_with('/'));
        for (auto c : target) EXPECT_TRUE(c > 0x20 && c < 0x7f) << static_cast<int>(c);
        auto path = parse_path(target);
        ASSERT_TRUE(path.has_value()) << target;
        EXPECT_EQ(path->file, file);
    }
    EXPECT_EQ(to_target("\\a"), "/%5Ca");
}

} // namespace portico::http
