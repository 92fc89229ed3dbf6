#include "services/console/v1_compose.hpp"
#include "services/console/v1_encode.hpp"
#include "services/console/v1_request.hpp"
#include "services/mime/message.hpp"
#include "services/mime/transfer.hpp"
#include "services/mime/words.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>

namespace portico::console {

namespace {

const Stamp stamp{"Tue, 5 Mar 2024 10:20:30 +0000", "one@mx.example.test"};

std::string why(std::string_view json)
{
    const auto mail = to_send(parse_json(json).value());
    return mail ? "" : mail.error();
}

mime::Message sent(std::string_view json)
{
    const auto mail = to_send(parse_json(json).value());
    EXPECT_TRUE(mail) << mail.error();
    return mime::parse(compose(mail.value(), stamp));
}

std::size_t longest_line(std::string_view text)
{
    std::size_t longest = 0;
    while (!text.empty()) {
        const auto end = text.find("\r\n");
        longest = std::max(longest, std::min(end, text.size()));
        text.remove_prefix(end == text.npos ? text.size() : end + 2);
    }
    return longest;
}

} // namespace

TEST(V1Encode, HeaderTextsComeBack)
{
    rule("2047", "2", "an encoded word has at most 75 characters, and a line of them at most 76");
    const std::string texts[] = {
        "plain",        "Grüße aus München", std::string(2000, 'x'),
        "=?not a word", std::string("a\tb"), std::string{"€"} + std::string(300, '!')};
    for (const auto& text : texts) {
        const auto written = header_text(text);
        EXPECT_EQ(mime::decode_words(written), text);
        EXPECT_LE(written == text ? 0 : longest_line(written), 76U);
    }
    EXPECT_EQ(display_name("A \"B\""), R"("A \"B\"")");
}

TEST(V1Encode, ParametersInPieces)
{
    rule("2231", "4.1", "a long or non-ASCII parameter comes in numbered pieces");
    EXPECT_EQ(parameter("filename", "a\"b.txt"), ";\r\n filename=\"a\\\"b.txt\"");
    EXPECT_EQ(parameter("filename", "ü"), ";\r\n filename*0*=UTF-8''%C3%BC");
    EXPECT_LE(longest_line(parameter("filename", std::string(500, 'x') + "ü")), 100U);
}

TEST(V1Encode, QuotedPrintableComesBack)
{
    rule("2045", "6.7", "lines of at most 76 characters, no blank at their ends");
    const std::string texts[] = {"a\r\nb\r\n", "blank \r\n\tand tab\t\r\n",
                                 std::string(500, '=') + "\r\n", "Grüße\r\n",
                                 std::string{"a\0b\r\n", 5}};
    for (const auto& text : texts) {
        const auto written = quoted_printable(text);
        EXPECT_EQ(mime::decode_quoted_printable(written), text);
        EXPECT_LE(longest_line(written), 76U);
        EXPECT_EQ(written.find(" \r\n"), std::string::npos);
    }
    EXPECT_EQ(quoted_printable("a\nb"), "a\r\nb");
    EXPECT_EQ(quoted_printable(" "), "=20");
}

TEST(V1Compose, OnlyTheLevelsThatAreNeeded)
{
    const auto plain = compose({.from = {"a@x.test"}, .bcc = {"b@x.test"}, .text = "t"}, stamp);
    EXPECT_EQ(plain, "From: a@x.test\r\n"
                     "Subject: \r\n"
                     "Date: Tue, 5 Mar 2024 10:20:30 +0000\r\n"
                     "Message-ID: <one@mx.example.test>\r\n"
                     "MIME-Version: 1.0\r\n"
                     "Content-Type: text/plain; charset=utf-8\r\n"
                     "Content-Transfer-Encoding: quoted-printable\r\n"
                     "\r\n"
                     "t");
    const auto all = compose({.from = {"a@x.test"},
                              .text = "t",
                              .html = "h",
                              .attachments = {{"1", "a.bin", "application/octet-stream", ""},
                                              {"2", "", "image/gif", "i@x"}}},
                             stamp);
    const auto message = mime::parse(all);
    EXPECT_EQ(message.text, "t");
    EXPECT_EQ(message.html, "h");
    ASSERT_EQ(message.inlines.size(), 1U);
    EXPECT_EQ(message.inlines[0].id, "1.2");
    ASSERT_EQ(message.attachments.size(), 1U);
    EXPECT_EQ(message.attachments[0].id, "2");
    EXPECT_EQ(mime::part(all, "1.1.2")->octets, "h");
}

TEST(V1Compose, WhatWasAskedForIsSaid)
{
    const auto message = sent(R"({
        "from": {"email": "a@x.test", "NAME": "Ä, B"}, "To": [{"Email": "b@x.test"}, {"Email": "c@x.test", "Name": "C"}],
        "ReplyTo": [{"Email": "r@x.test"}], "Subject": "one\r\nBcc: two", "Text": "ü\n", "Tags": ["t 1", "u!"],
        "Headers": {"X-One": "ö", "message-id": "<own@x.test>"},
        "Attachments": [{"Content": "data:text/plain;base64,aGk=", "Filename": "ü.txt"}]})");
    EXPECT_EQ(message.from, (mime::Address{"Ä, B", "a@x.test"}));
    EXPECT_EQ(message.to.size(), 2U);
    EXPECT_EQ(message.reply_to.front().address, "r@x.test");
    EXPECT_EQ(message.subject, "one  Bcc: two"); // no field of its own
    EXPECT_TRUE(message.bcc.empty());
    EXPECT_EQ(message.message_id, "own@x.test");
    EXPECT_EQ(message["X-Tags"], "t 1, u");
    EXPECT_EQ(mime::decode_words(message["X-One"]), "ö");
    ASSERT_EQ(message.attachments.size(), 1U);
    EXPECT_EQ(message.attachments[0].file_name, "ü.txt");
    EXPECT_EQ(message.attachments[0].size, 2U);
}

TEST(V1Compose, Refusals)
{
    EXPECT_EQ(why(R"({"To":[{"Email":"b@x.test"}]})"), "From.Email is missing");
    EXPECT_EQ(why(R"({"From":{"Email":"a@x.test"}})"), "there is no recipient");
    for (const auto* address :
         {"", "x", "@x.test", "a@", "a b@x.test", "<a@x.test>", "a@x.test\\r\\nTo: b"})
        EXPECT_NE(why(std::string{R"({"From":{"Email":"a@x.test"},"Bcc":[")"} + address + "\"]}"),
                  "")
            << address;
    const std::string begin = R"({"From":{"Email":"a@x.test"},"Bcc":["b@x.test"],)";
    for (const auto* more : {R"("Headers":{"subject":"x"}})", R"("Headers":{"CONTENT-TYPE":"x"}})",
                             R"("Headers":{"a b":"x"}})", R"("Headers":{"A":"x\r\nB: y"}})",
                             R"("Headers":{"X-Tags":"a"},"Tags":["b"]})", R"("Headers":[]})",
                             R"("Attachments":[{"Content":"!"}]})", R"("Attachments":{}})",
                             R"("Text":1})", R"("To":"a@x.test"})"})
        EXPECT_NE(why(begin + more), "") << more;
    EXPECT_EQ(why(begin + R"("Headers":{"X-Tags":"a"}})"), "");
}

TEST(V1Compose, RecipientsComeOnce)
{
    const Outgoing mail{
        .to = {{"a@x.test"}, {"A@x.test"}}, .cc = {{"b@x.test"}}, .bcc = {"b@x.test", "c@x.test"}};
    EXPECT_EQ(recipients_of(mail), (std::vector<std::string>{"a@x.test", "b@x.test", "c@x.test"}));
}

TEST(V1Compose, TypesByContent)
{
    EXPECT_EQ(detected_type("GIF89a"), "image/gif");
    EXPECT_EQ(detected_type("hello"), "text/plain; charset=utf-8");
    EXPECT_EQ(detected_type(std::string_view{"a\0b", 3}), "application/octet-stream");
}

} // namespace portico::console
