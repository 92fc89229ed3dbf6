#include "services/console/v1_request.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace portico::console {

namespace {

using Ids = std::vector<std::string>;

Query query(std::string_view text)
{
    return http::parse_urlencoded(text).value();
}

} // namespace

TEST(V1Request, WhatIsMissingOrUnusableHasItsDefault)
{
    for (const auto* text :
         {"", "start=-1&limit=x", "start=&limit=1e3", "start=99999999999999999999"}) {
        const auto range = range_of(query(text), Listing::all, {});
        EXPECT_EQ(range.start, 0U) << text;
        EXPECT_EQ(range.limit, 50U) << text;
        EXPECT_FALSE(range.before) << text;
    }
    const auto range = range_of(query("start=3&limit=7&before=1700000000"), Listing::all, {});
    EXPECT_EQ(range.start, 3U);
    EXPECT_EQ(range.limit, 7U);
    EXPECT_EQ(range.before->time_since_epoch().count(), 1'700'000'000'000);
}

TEST(V1Request, ALimitOfZeroIsAllOfAListAndNothingOfASearch)
{
    const auto all = range_of(query("start=5&limit=0"), Listing::all, {});
    EXPECT_EQ(all.start, 0U);
    EXPECT_GT(all.limit, 1U << 31);
    const auto none = range_of(query("start=5&limit=0"), Listing::matches, {});
    EXPECT_EQ(none.start, 5U);
    EXPECT_EQ(none.limit, 0U);
}

TEST(V1Request, DoubledSlashesAreOne)
{
    EXPECT_EQ(collapsed("//view///x.html"), "/view/x.html");
    EXPECT_EQ(collapsed("/a/"), "/a/");
    EXPECT_EQ(collapsed(""), "");
}

TEST(V1Request, DeletesAllWithoutIdentities)
{
    for (const auto* text :
         {"", "{}", R"({"IDs":[]})", "null", R"({"ids":null})", "IDs=a&IDs=b", "{"}) {
        const auto wanted = to_delete(text);
        ASSERT_TRUE(wanted) << text;
        EXPECT_FALSE(*wanted) << text;
    }
    for (const auto* text :
         {R"({"IDs":["a","b"]})", R"({"ids":["a","b"],"x":1})", R"({"iDS":["a","b"]})"}) {
        const auto wanted = to_delete(text);
        ASSERT_TRUE(wanted) << text;
        EXPECT_EQ(*wanted, (Ids{"a", "b"})) << text;
    }
}

TEST(V1Request, DeletesNothingByJsonOfAnotherShape)
{
    for (const auto* text : {R"({"IDs":"a"})", R"({"IDs":[1]})", R"(["a"])", R"("a")", "[]"})
        EXPECT_FALSE(to_delete(text)) << text;
}

TEST(V1Request, MarksAsRead)
{
    const auto by_id = to_read(R"({"read":true,"IDS":["a"]})");
    ASSERT_TRUE(by_id);
    EXPECT_TRUE(by_id->read);
    EXPECT_EQ(by_id->ids, Ids{"a"});
    const auto all = to_read("{}");
    ASSERT_TRUE(all);
    EXPECT_FALSE(all->read);
    EXPECT_TRUE(all->ids.empty() && all->search.empty());
    EXPECT_EQ(to_read(R"({"Search":" is:read "})")->search, "is:read");
    for (const auto* text :
         {"", "Read=true", "null", R"({"IDs":["a"],"Search":"b"})", R"({"Read":1})"})
        EXPECT_FALSE(to_read(text)) << text;
}

TEST(V1Request, TagsAreCleanedAndNamesAreNot)
{
    EXPECT_EQ(to_tag(R"({"IDs":["a"],"tags":["b!c","B c",""]})")->tags, Ids{"b c"});
    EXPECT_FALSE(to_tag("x"));
    EXPECT_EQ(to_rename(R"({"name":" one.two "})").value(), "one.two");
    for (const auto* text : {"", "{}", R"({"Name":""})", R"({"Name":"a!b"})", R"({"Name":1})"})
        EXPECT_FALSE(to_rename(text)) << text;
}

TEST(V1Request, JsonIsBounded)
{
    EXPECT_TRUE(parse_json("[[1],[2]]"));
    EXPECT_FALSE(parse_json(std::string(100'000, '['))); // neither whole nor flat
    EXPECT_FALSE(parse_json("[1,2,3,4,5,6]", 4));
    EXPECT_TRUE(parse_json("[1,2,3,4,5,6]", 100));
}

} // namespace portico::console
