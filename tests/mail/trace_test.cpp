#include "services/mail/trace.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace portico::mail {
namespace {

using namespace std::chrono_literals;

Trace arrival()
{
    return {.reverse_path = "ana@example.net",
            .host_name = "mx.example.org",
            .client_name = "client.example.net",
            .client_address = "[192.0.2.1]",
            .transmission_type = "ESMTP",
            .id = "0123456789ABCDEFGHIJKL",
            .recipient = "ben@example.org",
            .time = std::chrono::sys_days{std::chrono::year{2026} / 11 / 22} + 22h + 32min + 54s};
}

TEST(MailTrace, OneRecipient) // RFC 5321 section 4.4
{
    EXPECT_EQ(trace_fields(arrival()),
              "Return-Path: <ana@example.net>\r\n"
              "Received: from client.example.net ([192.0.2.1]) by mx.example.org with ESMTP\r\n"
              "    id 0123456789ABCDEFGHIJKL for <ben@example.org>;\r\n"
              "    Sun, 22 Nov 2026 22:32:54 +0000\r\n");
}

TEST(MailTrace, NullSenderAndHiddenRecipients)
{
    auto message = arrival();
    message.reverse_path = "";
    message.recipient = "";
    message.client_address = "[IPv6:2001:db8::1]";
    message.transmission_type = "SMTP";
    EXPECT_EQ(trace_fields(message),
              "Return-Path: <>\r\n"
              "Received: from client.example.net ([IPv6:2001:db8::1]) by mx.example.org\r\n"
              "    with SMTP id 0123456789ABCDEFGHIJKL; Sun, 22 Nov 2026 22:32:54 +0000\r\n");
}

TEST(MailTrace, ClientWithoutAnAddress)
{
    auto message = arrival();
    message.client_address = "";
    EXPECT_TRUE(trace_fields(message).contains("from client.example.net by mx.example.org"));
}

TEST(MailTrace, LinesAreShortWhereTheyCanBe)
{
    const std::string sixty = std::string(60, 'a') + ".example";
    const std::string huge(250, 'a');
    for (const auto& name : {std::string{"c"}, sixty, huge})
        for (const auto& host : {std::string{"h"}, sixty, huge})
            for (const auto& recipient : {std::string{}, "a@" + sixty, "a@" + huge}) {
                auto message = arrival();
                message.client_name = name;
                message.host_name = host;
                message.recipient = recipient;
                message.reverse_path = recipient;
                const auto fields = trace_fields(message);
                std::size_t start = 0;
                while (start < fields.size()) {
                    const auto end = fields.find("\r\n", start);
                    ASSERT_NE(end, fields.npos);
                    const auto line = fields.substr(start, end - start);
                    EXPECT_TRUE(line.size() <= 78 || line.contains(huge)) << line;
                    EXPECT_LE(line.size(), 998u);
                    EXPECT_NE(line.find_first_not_of(" \t"), line.npos); // no line is blank
                    start = end + 2;
                }
            }
}

TEST(MailTrace, DateTime) // RFC 5322 section 3.3
{
    using std::chrono::sys_days;
    using std::chrono::year;
    EXPECT_EQ(date_time({}), "Thu, 1 Jan 1970 00:00:00 +0000");
    EXPECT_EQ(date_time(sys_days{year{2024} / 2 / 29} + 23h + 59min + 59s + 999ms),
              "Thu, 29 Feb 2024 23:59:59 +0000");
    EXPECT_EQ(date_time(sys_days{year{2100} / 3 / 1}), "Mon, 1 Mar 2100 00:00:00 +0000");
}

} // namespace
} // namespace portico::mail
