#include "services/http/sites.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace portico::http {

namespace {

config::Site site(std::vector<std::string> names)
{
    config::Site made;
    made.names = std::move(names);
    return made;
}

} // namespace

TEST(HttpSites, AreFoundByHost)
{
    rule("9110", "7.2", "Host picks the site: port, case and final dot do not count");
    const Sites sites{{
        site({"example.test", "www.example.test"}),
        site({"*.example.test"}),
        site({"*.deep.example.test", "192.0.2.1"}),
        site({"2001:db8:0::1"}),
        site({"*.test"}),
    }};
    struct {
        std::string authority;
        std::size_t index;
    } cases[] = {
        {"example.test", 1},
        {"EXAMPLE.Test", 1},
        {"example.test:8080", 1},
        {"example.test:", 1},
        {"example.test.", 1},
        {"example.test.:80", 1},
        {"www.example.test", 1}, // the name itself before the domain
        {"a.example.test", 2},
        {"b.a.example.test", 2}, // one or more labels in front
        {"deep.example.test", 2},
        {"x.deep.example.test", 3}, // the longest domain
        {"y.x.deep.example.test:81", 3},
        {"192.0.2.1", 3},
        {"192.0.2.1:80", 3},
        {"[2001:db8::1]", 4},
        {"[2001:DB8::1]:443", 4},
        {"[2001:db8:0:0::0:1]", 4},
        {"[2001:db8::2]", 0},
        {"2001:db8::1", 0}, // without brackets its end is a port
        {"[", 0},
        {"[]", 0},
        {"other.test", 5},
        {"test", 0},
        {"xexample.test", 5},
        {".example.test", 0}, // an empty label is none
        {"example.test..", 0},
        {"example.org", 0},
        {"*.example.test", 2}, // a label like another, here
        {"", 0},
        {".", 0},
        {":80", 0},
        {std::string(300, 'a') + ".test", 0},
        {std::string(250, 'a') + ".test", 5},
    };
    for (const auto& [authority, index] : cases)
        EXPECT_EQ(sites.find(authority), index) << authority;
}

TEST(HttpSites, WithoutAnyThereIsOne)
{
    EXPECT_EQ(Sites{{}}.find("example.test"), Sites::by_default);
}

TEST(HttpSites, APortNamesOne)
{
    const Sites sites{{site({"example.test"}), site({"*.example.test", "::1"})}};
    struct {
        std::string name;
        std::size_t index;
    } cases[] = {
        {"example.test", 1}, {"*.example.test", 2}, {"::1", 2}, {"a.example.test", 0}, {"", 0},
    };
    for (const auto& [name, index] : cases) EXPECT_EQ(sites.named(name), index) << name;
}

TEST(HttpSites, AHostIsAnAuthorityWithoutPort)
{
    struct {
        std::string authority, host;
    } cases[] = {
        {"a.test", "a.test"}, {"a.test:1", "a.test"}, {"a.test.", "a.test"},
        {"[::1]", "[::1]"},   {"[::1]:80", "[::1]"},  {"", ""},
        {":80", ""},          {"A.test", "A.test"},
    };
    for (const auto& [authority, host] : cases) EXPECT_EQ(host_of(authority), host) << authority;
}

} // namespace portico::http
