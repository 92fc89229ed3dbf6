#include "services/console/waiting.hpp"
#include "services/console/wish.hpp"
#include "services/mime/message.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace portico::console {

namespace {

using Keys = std::vector<std::int64_t>;

mail::Arrival arrival(std::int64_t key, std::string to = "Ana@example.test",
                      std::string mailbox = "ana@example.test")
{
    return {.key = key,
            .id = "id" + std::to_string(key),
            .received = {},
            .size = 10,
            .reverse_path = "bo@example.net",
            .recipients = {std::move(to)},
            .mailboxes = {std::move(mailbox)}};
}

void come(Waiting& waiting, std::vector<mail::Arrival> arrivals)
{
    waiting.arrived(arrivals);
}

Keys keys(const Waiting::Came& came)
{
    Keys keys;
    for (const auto& one : came.candidates) keys.push_back(one->key);
    return keys;
}

TEST(ConsoleWaiting, IsFoundByRecipientAndMailbox)
{
    Waiting waiting{10};
    const auto by_address = waiting.sit_down("ana@example.test", [] {});
    const auto by_mailbox = waiting.sit_down("inbox", [] {});
    const auto any = waiting.sit_down("", [] {});
    const auto other = waiting.sit_down("bob@example.test", [] {});
    come(waiting, {arrival(1), arrival(2, "x@example.test", "Inbox")});
    EXPECT_EQ(keys(waiting.take(*by_address)), Keys{1}) << "once, though both name it";
    EXPECT_EQ(keys(waiting.take(*by_mailbox)), Keys{2});
    EXPECT_EQ(keys(waiting.take(*any)), (Keys{1, 2}));
    EXPECT_TRUE(waiting.take(*other).candidates.empty());
    EXPECT_TRUE(waiting.take(*any).candidates.empty()) << "taken once";
}

TEST(ConsoleWaiting, IsWokenOnceUntilItTakes)
{
    Waiting waiting{10};
    int woken = 0;
    const auto place = waiting.sit_down("", [&woken] { ++woken; });
    come(waiting, {arrival(1), arrival(2)});
    come(waiting, {arrival(3)});
    EXPECT_EQ(woken, 1);
    EXPECT_EQ(keys(waiting.take(*place)), (Keys{1, 2, 3}));
    come(waiting, {arrival(4)});
    EXPECT_EQ(woken, 2);
    waiting.leave(*place);
    come(waiting, {arrival(5)});
    EXPECT_EQ(woken, 2);
}

TEST(ConsoleWaiting, HasRoomForSoMany)
{
    Waiting waiting{2};
    const auto first = waiting.sit_down("a", [] {});
    const auto second = waiting.sit_down("a", [] {});
    EXPECT_EQ(waiting.sit_down("b", [] {}), nullptr);
    EXPECT_EQ(waiting.size(), 2U);
    waiting.leave(*first);
    waiting.leave(*first);
    EXPECT_EQ(waiting.size(), 1U);
    EXPECT_NE(waiting.sit_down("b", [] {}), nullptr);
}

TEST(ConsoleWaiting, WhatDoesNotFitIsInTheStore)
{
    Waiting waiting{1};
    const auto place = waiting.sit_down("", [] {});
    for (std::size_t i = 0; i < Waiting::most_candidates; ++i)
        come(waiting, {arrival(static_cast<std::int64_t>(1000 + i))});
    come(waiting, {arrival(5000), arrival(900), arrival(6000)});
    const auto came = waiting.take(*place);
    EXPECT_EQ(came.candidates.size(), Waiting::most_candidates);
    EXPECT_EQ(came.missed, 900);
    come(waiting, {arrival(7000)});
    EXPECT_EQ(keys(waiting.take(*place)), Keys{7000});
}

TEST(ConsoleWaiting, RemembersTheOrderOfCommits)
{
    Waiting waiting{1};
    come(waiting, {arrival(2), arrival(5)});
    come(waiting, {arrival(3), arrival(4)});
    EXPECT_EQ(waiting.behind(5), (Keys{3, 4})) << "begun before it, committed behind it";
    EXPECT_EQ(waiting.behind(3), Keys{4});
    EXPECT_EQ(waiting.behind(4), Keys{});
    EXPECT_EQ(waiting.behind(1), std::nullopt);
    for (std::size_t i = 0; i < Waiting::most_remembered; ++i)
        come(waiting, {arrival(static_cast<std::int64_t>(100 + i))});
    EXPECT_EQ(waiting.behind(4), std::nullopt) << "not for ever";
}

TEST(ConsoleWish, IsReadFromAQuery)
{
    const auto wish = parse_wish("to=Ana%40Example.test&from=bo@x&subject=a+b&contains=%C3%BC&"
                                 "since=2026-11-25T00:00:00Z&timeout=1.5");
    ASSERT_TRUE(wish.has_value()) << wish.error();
    EXPECT_EQ(*wish, (Wish{"ana@example.test", "bo@x", "a b", "\xc3\xbc", "2026-11-25T00:00:00Z",
                           std::chrono::milliseconds{1500}}));
    EXPECT_EQ(parse_wish(""), Wish{});
}

TEST(ConsoleWish, SaysWhatIsWrong)
{
    for (const auto* query : {"timeout=", "timeout=x", "timeout=-1", "timeout=300.1", "timeout=1s",
                              "timeout=nan", "timeout=1e2", "tow=ana", "TO=ana", "x"})
        EXPECT_FALSE(parse_wish(query).has_value()) << query;
    EXPECT_TRUE(parse_wish("timeout=0").has_value());
    EXPECT_TRUE(parse_wish("timeout=300").has_value());
}

TEST(ConsoleWish, FitsIfAllOfItDoes)
{
    const auto message = mime::parse("From: Eve <eve@example.org>\r\n"
                                     "Subject: =?utf-8?Q?Your_c=C3=B6de?=\r\n"
                                     "\r\n"
                                     "The number is 4711.\r\n");
    const auto came = arrival(1);
    const auto fit = [&](std::string_view query) {
        return fits(parse_wish(query).value(), came, message);
    };
    for (const auto* query :
         {"", "to=ANA@example.TEST", "from=BO@example.net", "from=eve@example.org", "subject=your",
          "subject=c%C3%B6de", "contains=number+IS+4711", "contains=your",
          "to=ana@example.test&from=eve@example.org&subject=c&contains=4711"})
        EXPECT_TRUE(fit(query)) << query;
    for (const auto* query : {"to=bob@example.test", "to=ana", "from=eve", "from=x@example.net",
                              "subject=4711", "contains=0815", "subject=your&contains=0815"})
        EXPECT_FALSE(fit(query)) << query;
    EXPECT_FALSE(may_fit(parse_wish("to=bob@example.test").value(), came));
}

TEST(ConsoleWish, AMessageIsTold)
{
    auto came = arrival(1);
    came.username = "eve";
    EXPECT_EQ(arrival_document(came), nlohmann::json::parse(R"json({
        "id": "id1", "from": "bo@example.net", "to": ["Ana@example.test"],
        "mailboxes": ["ana@example.test"], "username": "eve", "size": 10,
        "received": "1970-01-01T00:00:00Z"})json"));
}

} // namespace

} // namespace portico::console
