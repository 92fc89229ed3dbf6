#include "services/catalog/tags.hpp"
#include "services/console/json.hpp"
#include "services/mime/message.hpp"

#include <gtest/gtest.h>

#include <string>

namespace portico::console {

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

catalog::Arrival arrival()
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
    Entry entry = make_entry(arrival(), message, "mx.example.org", catalog::tags_of(message, {}));
};

} // namespace

TEST(ConsoleJson, AnEntry)
{
    const auto expected = Json::parse(R"json({
        "ID": "0123456789abcdefghijkl", "MessageID": "0123456789abcdefghijkl@mx.example.org",
        "Read": false, "From": {"Name": "Ana", "Address": "ana@example.net"},
        "To": [{"Name": "", "Address": "bob+urgent@example.org"},
               {"Name": "Mia", "Address": "mia@example.org"}],
        "Cc": [], "Bcc": [{"Name": "", "Address": "blind@example.org"}], "ReplyTo": [],
        "Subject": "grüße", "Created": "2024-03-05T12:00:00.12Z", "Username": "ana",
        "Tags": ["One", "two words", "urgent"], "Size": 0, "Attachments": 1,
        "Snippet": "Your code: 123"})json");
    auto document = entry_document(Both{}.entry);
    EXPECT_EQ(document["Size"], source.size());
    document["Size"] = 0;
    EXPECT_EQ(document, expected) << document;
}

TEST(ConsoleJson, AMessage)
{
    const auto expected = Json::parse(R"json({
        "ID": "0123456789abcdefghijkl", "MessageID": "0123456789abcdefghijkl@mx.example.org",
        "From": {"Name": "Ana", "Address": "ana@example.net"},
        "To": [{"Name": "", "Address": "bob+urgent@example.org"},
               {"Name": "Mia", "Address": "mia@example.org"}],
        "Cc": [], "Bcc": [{"Name": "", "Address": "blind@example.org"}], "ReplyTo": [],
        "ReturnPath": "bounce@example.net", "Subject": "grüße",
        "ListUnsubscribe": {"Header": "<https://x.org/u>", "Links": ["https://x.org/u"],
                            "Errors": "", "HeaderPost": ""},
        "Date": "2024-03-05T10:20:30+05:30", "Tags": ["One", "two words", "urgent"],
        "Username": "ana", "Text": "Your code:\n\n123 ( https://x.org/c )",
        "HTML": "<p>Your <b>code</b>:</p><a href=\"https://x.org/c\">123</a>", "Size": 0,
        "Inline": [],
        "Attachments": [{"PartID": "2", "FileName": "a.csv", "ContentType": "text/csv",
            "ContentID": "", "Size": 3, "Checksums": {
                "MD5": "05b28d17a7b6e7024b6e5d8cc43a8bf7",
                "SHA1": "", "SHA256": ""}}]})json");
    const Both both;
    auto document = message_document(both.entry, both.message);
    document["Size"] = 0;
    auto& sums = document["Attachments"][0]["Checksums"];
    EXPECT_EQ(sums["MD5"].get<std::string>().size(), 32U);
    EXPECT_EQ(sums["SHA1"].get<std::string>().size(), 40U);
    EXPECT_EQ(sums["SHA256"].get<std::string>().size(), 64U);
    sums = expected["Attachments"][0]["Checksums"]; // the values: tests/mime
    EXPECT_EQ(document, expected) << document;
}

TEST(ConsoleJson, AnEmptyMessageHasNoNulls)
{
    const auto message = mime::parse("");
    const auto entry = catalog::make_entry({.id = "x"}, message, "mx", {});
    for (const auto& document : {entry_document(entry), message_document(entry, message)})
        for (const auto& member : document.items())
            EXPECT_FALSE(member.value().is_null()) << member.key();
    const auto document = message_document(entry, message);
    EXPECT_EQ(document["From"], Json::parse(R"({"Name": "", "Address": ""})"));
    EXPECT_EQ(document["Date"], "1970-01-01T00:00:00Z");
    EXPECT_EQ(document["ListUnsubscribe"],
              Json::parse(R"({"Header": "", "Links": [], "Errors": "", "HeaderPost": ""})"));
    EXPECT_EQ(headers_document(message), Json::object());
}

TEST(ConsoleJson, Headers)
{
    const auto message = mime::parse("message-ID: <1>\r\nReceived: a\r\n b\r\nMIME-Version: 1.0\r\n"
                                     "received: c\r\nSubject: =?utf-8?Q?x?=\r\n\r\n");
    EXPECT_EQ(headers_document(message).dump(),
              R"({"Message-Id":["<1>"],"Mime-Version":["1.0"],"Received":["a b","c"],)"
              R"("Subject":["=?utf-8?Q?x?="]})");
}

TEST(ConsoleJson, AList)
{
    const auto document = list_document(
        {.total = 9, .unread = 8, .messages_count = 7, .messages_unread = 6, .start = 5}, {"a"},
        {Both{}.entry});
    EXPECT_EQ(document["total"], 9);
    EXPECT_EQ(document["unread"], 8);
    EXPECT_EQ(document["count"], 1);
    EXPECT_EQ(document["messages_count"], 7);
    EXPECT_EQ(document["messages_unread"], 6);
    EXPECT_EQ(document["start"], 5);
    EXPECT_EQ(document["tags"], Json::parse(R"(["a"])"));
    EXPECT_EQ(document["messages"].size(), 1U);
    EXPECT_EQ(list_document({}, {}, {})["messages"], Json::array());
}

TEST(ConsoleJson, TimesHaveNoZerosAtTheEnd)
{
    const auto told = [](std::int64_t since_1970) {
        return created_text(std::chrono::sys_time<std::chrono::milliseconds>{
            std::chrono::milliseconds{since_1970}});
    };
    EXPECT_EQ(told(1'709'640'000'000), "2024-03-05T12:00:00Z");
    EXPECT_EQ(told(1'709'640'000'100), "2024-03-05T12:00:00.1Z");
    EXPECT_EQ(told(1'709'640'000'001), "2024-03-05T12:00:00.001Z");
}

TEST(ConsoleJson, TextIsAlwaysUtf8)
{
    EXPECT_EQ(to_text(Json{{"a", "\xFF"}}), "{\"a\":\"\xEF\xBF\xBD\"}\n");
}

} // namespace portico::console
