#include "services/http/routes.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace portico::http {

namespace {

/// "3 code=200": the index and the parameters; "404"; "405 GET, HEAD, OPTIONS".
std::string told(const RouteTable& table, std::string_view method, std::string_view path)
{
    auto target = parse_target(path);
    if (!target) return "400";
    auto match = table.match(method, *target);
    if (auto* refused = std::get_if<MethodNotAllowed>(&match)) return "405 " + refused->allow;
    auto* found = std::get_if<Found>(&match);
    if (!found) return "404";
    auto text = std::to_string(found->index);
    for (const auto& [name, value] : found->parameters)
        text.append(" ").append(name).append("=").append(value);
    return text;
}

RouteTable table_of(const std::vector<std::pair<std::string, std::string>>& routes)
{
    RouteTable table;
    for (const auto& [method, pattern] : routes) table.add(method, pattern);
    return table;
}

} // namespace

TEST(HttpRoutes, FindsByPathAndMethod)
{
    const auto table = table_of({
        {"GET", "/"},                    // 0
        {"GET", "/status/{code}"},       // 1
        {"*", "/anything/{rest...}"},    // 2
        {"GET", "/cookies"},             // 3
        {"GET", "/cookies/set"},         // 4
        {"GET", "/cookies/set/{n}/{v}"}, // 5
        {"GET", "/cookies/{any}/x/y"},   // 6
        {"POST", "/post"},               // 7
        {"GET", "/a/{x}/c"},             // 8
        {"GET", "/a/b/{y}"},             // 9
        {"GET", "/a/{rest...}"},         // 10
        {"DELETE", "/a/b/{y}"},          // 11
    });
    struct {
        std::string method, path, result;
    } cases[] = {
        {"GET", "/", "0"},
        {"GET", "http://h", "0"},
        {"GET", "//", "404"},
        {"GET", "/status/200", "1 code=200"},
        {"GET", "/st%61tus/2%300", "1 code=200"},
        {"GET", "/status/a%2Fb", "1 code=a/b"},
        {"GET", "/status", "404"},
        {"GET", "/status/", "404"},
        {"GET", "/status/200/", "404"},
        {"GET", "/Status/200", "404"},
        {"PATCH", "/anything", "2 rest="},
        {"GET", "/anything/", "2 rest="},
        {"HEAD", "/anything/a/b%20/", "2 rest=a/b /"},
        {"OPTIONS", "/anything/a", "2 rest=a"},
        {"GET", "/anythingelse", "404"},
        {"GET", "/cookies", "3"},
        {"GET", "/cookies/set", "4"},
        {"GET", "/cookies/set/a/b", "5 n=a v=b"},
        {"GET", "/cookies/set/x/y", "5 n=x v=y"}, // literal before parameter, from the left
        {"GET", "/cookies/get/x/y", "6 any=get"},
        {"GET", "/cookies/set//b", "404"},
        {"GET", "/a/b/c", "9 y=c"},
        {"GET", "/a/d/c", "8 x=d"},
        {"GET", "/a/d/e", "10 rest=d/e"},
        {"GET", "/a", "10 rest="},
        {"DELETE", "/a/b/c", "11 y=c"},
    };
    for (const auto& [method, path, result] : cases)
        EXPECT_EQ(told(table, method, path), result) << method << " " << path;
}

TEST(HttpRoutes, HeadGoesWhereGetDoes)
{
    rule("9110", "9.3.2", "HEAD is answered where GET is");
    const auto table = table_of({{"GET", "/get"},
                                 {"GET", "/own"},
                                 {"HEAD", "/own"},
                                 {"*", "/any"},
                                 {"GET", "/any"},
                                 {"POST", "/post"},
                                 {"PUT", "/x/{y}"},
                                 {"GET", "/x/{rest...}"}});
    EXPECT_EQ(told(table, "HEAD", "/get"), "0");
    EXPECT_EQ(told(table, "HEAD", "/own"), "2");
    EXPECT_EQ(told(table, "HEAD", "/any"), "4");
    EXPECT_EQ(told(table, "PUT", "/any"), "3");
    EXPECT_EQ(told(table, "HEAD", "/post"), "405 OPTIONS, POST");
    EXPECT_EQ(told(table, "HEAD", "/x/1"), "7 rest=1");
}

TEST(HttpRoutes, NamesAllMethodsOfAPath)
{
    rule("9110", "15.5.6", "405 comes with Allow, which names every method of the path");
    const auto table = table_of({{"PUT", "/a/b"},
                                 {"GET", "/a/{x}"},
                                 {"DELETE", "/a/{rest...}"},
                                 {"POST", "/own"},
                                 {"OPTIONS", "/own"}});
    EXPECT_EQ(told(table, "POST", "/a/b"), "405 DELETE, GET, HEAD, OPTIONS, PUT");
    EXPECT_EQ(told(table, "POST", "/a/c"), "405 DELETE, GET, HEAD, OPTIONS");
    EXPECT_EQ(told(table, "OPTIONS", "/a"), "405 DELETE, OPTIONS");
    EXPECT_EQ(told(table, "OPTIONS", "/own"), "4");
    EXPECT_EQ(told(table, "get", "/a/c"), "405 DELETE, GET, HEAD, OPTIONS"); // case counts
    EXPECT_EQ(told(RouteTable{}, "GET", "/"), "404");
}

TEST(HttpRoutes, TheOrderOfAddingDoesNotMatter)
{
    const auto table = table_of({{"GET", "/{rest...}"},
                                 {"GET", "/{a}"},
                                 {"GET", "/b"},
                                 {"GET", "/{a}/c"},
                                 {"GET", "/b/{d}"}});
    EXPECT_EQ(told(table, "GET", "/b"), "2");
    EXPECT_EQ(told(table, "GET", "/x"), "1 a=x");
    EXPECT_EQ(told(table, "GET", "/b/c"), "4 d=c");
    EXPECT_EQ(told(table, "GET", "/x/c"), "3 a=x");
    EXPECT_EQ(told(table, "GET", "/x/y"), "0 rest=x/y");
    EXPECT_EQ(told(table, "GET", "/"), "0 rest=");
}

TEST(HttpRoutes, RefusesOurMistakes)
{
    for (std::string pattern : {"", "a", "/a?b", "/%", "/{", "/{a", "/a}", "/{}", "/{...}", "/x{a}",
                                "/{a}x", "/{a...}/b", "/{a}/{a}", "/{a b}", "http://h/"}) {
        RouteTable table;
        EXPECT_THROW(table.add("GET", pattern), std::logic_error) << pattern;
    }
    RouteTable table = table_of({{"GET", "/a/{x}"}, {"POST", "/a/{x}"}, {"*", "/b"}});
    EXPECT_THROW(table.add("GET", "/a/{x}"), std::logic_error);
    EXPECT_THROW(table.add("PUT", "/a/{y}"), std::logic_error);
    EXPECT_THROW(table.add("*", "/b"), std::logic_error);
    EXPECT_THROW(table.add("", "/c"), std::logic_error);
    EXPECT_EQ(table.add("GET", "/b"), 3U) << "what was refused has no index";
}

} // namespace portico::http
