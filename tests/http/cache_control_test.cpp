#include "services/http/cache_control.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>

namespace portico::http {

TEST(HttpCacheControl, PatternsMatchWhole)
{
    struct {
        std::string pattern, text;
        bool match;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"a", "a", true},
        {"a", "A", false},
        {"a", "ab", false},
        {"*", "", true},
        {"*", "abc", true},
        {"*", "a/c", false},
        {"**", "a/c", true},
        {"***", "a/b/c", true},
        {"*.css", "a.css", true},
        {"*.css", ".css", true},
        {"*.css", "a.css.map", false},
        {"*.css", "a.css.css", true},
        {"a*b*c", "aXbYc", true},
        {"a*b*c", "aXcYb", false},
        {"a*b*c", "abcbc", true},
        {"assets/**", "assets/", true},
        {"assets/**", "assets/a/b.js", true},
        {"assets/**", "assets", false},
        {"assets/*", "assets/a.js", true},
        {"assets/*", "assets/a/b.js", false},
        {"**/img/*.png", "a/img/x.png", true},
        {"**/img/*.png", "a/b/img/x.png", true},
        {"**/img/*.png", "a/img/y/x.png", false},
        {"**/img/*.png", "a/img/y/img/x.png", true}, // the first "img/" leads nowhere
        {"**a*b/c", "a/ab/c", true},
        {"**a*b**c*d", "a/b/c/d a1b/c2d", true},
        {"**a*b**c*d", "a/b/c/d a1b/c/d", false},
    };
    for (const auto& [pattern, text, match] : cases)
        EXPECT_EQ(matches_pattern(pattern, text), match) << pattern << " and " << text;
}

// Trying one way after the other, the sun would burn out first.
TEST(HttpCacheControl, HostilePatternsCostTheirLengthOnly)
{
    std::string pattern, text(4000, 'a');
    for (int i = 0; i < 30; ++i) pattern += i % 2 ? "**a" : "*a";
    EXPECT_FALSE(matches_pattern(pattern + "b", text));
    EXPECT_TRUE(matches_pattern(pattern, text));
}

TEST(HttpCacheControl, TheFirstRuleThatMatchesDecides)
{
    rule("9111", "5.2", "Cache-Control of a file by the first pattern that matches it");
    const std::vector<config::CacheRule> rules{
        {"/assets/keep/**", "no-store"}, {"/assets/**", "max-age=31536000, immutable"},
        {"*.css", "max-age=3600"},       {"/index.html", "no-cache"},
        {"index.*", "max-age=60"},
    };
    struct {
        std::string file, value;
    } cases[] = {
        {"assets/keep/a.css", "no-store"},
        {"assets/a.css", "max-age=31536000, immutable"},
        {"x/assets/a.css", "max-age=3600"},
        {"a.css", "max-age=3600"},
        {"index.html", "no-cache"},
        {"docs/index.html", "max-age=60"},
        {"docs/a.html", ""},
        {"a.css/b", ""},
        {"", ""},
    };
    for (const auto& [file, value] : cases) EXPECT_EQ(cache_control(rules, file), value) << file;
    EXPECT_EQ(cache_control({}, "a.css"), "");
}

} // namespace portico::http
