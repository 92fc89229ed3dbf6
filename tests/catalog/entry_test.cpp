#include "services/catalog/entry.hpp"
#include "services/catalog/tags.hpp"
#include "services/mime/message.hpp"

#include <gtest/gtest.h>

#include <string>

namespace portico::catalog {

namespace {

const std::string source = "From: Ana <ana@example.net>\r\n"
                           "To: bob+urgent@example.org, Mia <mia@example.org>\r\n"
                           "Subject: =?utf-8?Q?gr=C3=BC=C3=9Fe?=\r\n"
                           "X-Tags: One, two words!, ONE\r\n"
                           "Date: Tue, 5 Mar 2024 10:20:30 +0530\r\n"
                           "List-Unsubscribe: <https://x.org/u>\r\n"
                           "Content-Type: multipart/mixed; boundary=b\r\n"
                           "\r\n"
                           "--b\r\n"
                           "Content-Type: text/html\r\n"
                           "\r\n"
                           "<p>Your <b>code</b>:</p><a href=\"https://x.org/c\">123</a>\r\n"
                           "--b\r\n"
                           "Content-Type: text/csv; name=a.csv\r\n"
                           "Content-Disposition: attachment\r\n"
                           "\r\n"
                           "a;b\r\n"
                           "--b--\r\n";

Arrival arrival()
{
    return {
        .id = "0123456789abcdefghijkl",
        .created = std::chrono::sys_time<std::chrono::milliseconds>{std::chrono::milliseconds{
            1'709'640'000'120}},
        .size = source.size(),
        .username = "ana",
        .return_path = "bounce@example.net",
        .recipients = {"bob+urgent@example.org", "MIA@example.org", "blind@example.org",
                       "blind@example.org"},
    };
}

struct Both {
    mime::Message message = mime::parse(source);
    Entry entry = make_entry(arrival(), message, "mx.example.org", tags_of(message, {}));
};

} // namespace

TEST(CatalogEntry, FactsAreWhatASearchFinds)
{
    const Both both;
    const auto facts = make_facts(both.entry, both.message);
    for (auto query : {"to:mia@example.org", "to:Mia", "from:ana", "bcc:blind", "subject:GRÜßE",
                       "tag:urgent", "has:attachment", "is:unread", "\"your code\"", "a.csv",
                       "https://x.org/c", "bounce@example.net", "blind@example.org", "grüße"})
        EXPECT_TRUE(matches(parse_query(query, {}), facts)) << query;
    for (auto query : {"to:blind", "has:inline", "is:read", "tag:two", "\"code your\"", "a;b"})
        EXPECT_FALSE(matches(parse_query(query, {}), facts)) << query;
}

TEST(CatalogTags, AreCleaned)
{
    EXPECT_EQ(clean_tag("  a/b  c!"), "a b c");
    EXPECT_EQ(clean_tag("A.b_c-d@e 1"), "A.b_c-d@e 1");
    EXPECT_EQ(clean_tag("ü"), "");
    EXPECT_EQ(clean_tag(std::string(150, 'x')).size(), 100U);
    EXPECT_EQ(clean_tags({"b", "A", "B", "", "a"}), (std::vector<std::string>{"A", "b"}));
}

TEST(CatalogTags, ComeFromAddressesAndAField)
{
    const auto message = mime::parse("From: x+f@a.org\r\nTo: user+a+b@x.org\r\nCc: c@x.org\r\n"
                                     "X-Tags: one,, =?utf-8?Q?two?=\r\n\r\n");
    using Tags = std::vector<std::string>;
    EXPECT_EQ(tags_of(message, {}), (Tags{"a", "b", "f", "one", "two"}));
    EXPECT_EQ(tags_of(message, {.plus_addresses = false}), (Tags{"one", "two"}));
    EXPECT_EQ(tags_of(message, {.x_tags = false}), (Tags{"a", "b", "f"}));
}

} // namespace portico::catalog
