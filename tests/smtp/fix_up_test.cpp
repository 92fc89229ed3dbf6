#include "services/smtp/fix_up.hpp"
#include "services/smtp/header.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace portico::smtp {
namespace {

const std::string date = "Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n";
const std::string message_id = "Message-ID: <ID@mx.example.org>\r\n";
const std::string both = date + message_id;

std::string fixed(const std::vector<std::string>& pieces)
{
    HeaderSection header;
    FixUp fix_up{"ID", "mx.example.org", {}};
    std::string text;
    for (const auto& piece : pieces) {
        const auto extent = header.read(piece);
        for (auto part : fix_up.pass(piece, header, extent)) text += part;
    }
    return text += fix_up.finish(header);
}

struct Row {
    std::string sent, fixed;
};

const std::vector<Row> rows{
    {"Subject: x\r\n\r\nbody", "Subject: x\r\n" + both + "\r\nbody"},
    {"Date: x\r\n\r\nbody", "Date: x\r\n" + message_id + "\r\nbody"},
    {"message-id : <x>\r\n\r\nbody", "message-id : <x>\r\n" + date + "\r\nbody"},
    {"DATE: x\r\nMessage-Id: y\r\n\r\nb\r\n", "DATE: x\r\nMessage-Id: y\r\n\r\nb\r\n"},
    {"Subject: x\r\n Date: y\r\n\tMessage-ID: z\r\n\r\n",
     "Subject: x\r\n Date: y\r\n\tMessage-ID: z\r\n" + both + "\r\n"},
    {"X-Date: x\r\nDated: y\r\n\r\n", "X-Date: x\r\nDated: y\r\n" + both + "\r\n"},
    // The body has no say.
    {"Subject: x\r\n\r\nDate: y\r\nMessage-ID: z\r\n",
     "Subject: x\r\n" + both + "\r\nDate: y\r\nMessage-ID: z\r\n"},
    // Nothing but a header
    {"Subject: x\r\n", "Subject: x\r\n" + both},
    {"Subject: x", "Subject: x\r\n" + both},
    {"Date: x\r\nMessage-ID: y", "Date: x\r\nMessage-ID: y"},
    {"Subject: x\r\nunfinis", "Subject: x\r\n" + both + "unfinis"},
    {"Subject: x\r\n\r", "Subject: x\r\n" + both + "\r"},
    // No header
    {"", both},
    {"\r\nbody", both + "\r\nbody"},
    {"Hello there\r\n", both + "\r\nHello there\r\n"},
    {"Hello", both + "\r\nHello"},
    {" folded\r\n", both + "\r\n folded\r\n"},
    {": x\r\n", both + "\r\n: x\r\n"},
    {"caf\xc3\xa9: x\r\n", both + "\r\ncaf\xc3\xa9: x\r\n"},
    // A header without its end: before the first line that is none of it
    {"Subject: x\r\nno field\r\nDate: y\r\n", "Subject: x\r\n" + both + "no field\r\nDate: y\r\n"},
    {"Subject: x\r\n\rDate: y\r\n", "Subject: x\r\n" + both + "\rDate: y\r\n"},
    // Sent with LF alone, where that is let through
    {"Date: x\nSubject: y\n\nbody\n", "Date: x\nSubject: y\n" + message_id + "\nbody\n"},
};

TEST(SmtpFixUp, Whole)
{
    rule("6409", "8", "Date and Message-ID are added where they are missing, and nothing else");
    for (const auto& row : rows) EXPECT_EQ(fixed({row.sent}), row.fixed) << row.sent;
}

TEST(SmtpFixUp, CutAnywhere)
{
    for (const auto& row : rows) {
        for (std::size_t i = 0; i <= row.sent.size(); ++i)
            for (std::size_t j = i; j <= row.sent.size(); ++j)
                ASSERT_EQ(
                    fixed({row.sent.substr(0, i), row.sent.substr(i, j - i), row.sent.substr(j)}),
                    row.fixed)
                    << i << ' ' << j << ' ' << row.sent;
        std::vector<std::string> octets;
        for (char octet : row.sent) octets.emplace_back(1, octet);
        EXPECT_EQ(fixed(octets), row.fixed) << row.sent;
    }
}

TEST(SmtpFixUp, HoldsBackNoMoreThanALine)
{
    HeaderSection header;
    FixUp fix_up{"ID", "mx.example.org", {}};
    std::size_t out = 0;
    for (std::size_t in = 1; in < 5000; ++in) {
        const std::string octet = in % 2 ? "x" : "y";
        const auto extent = header.read(octet);
        for (auto part : fix_up.pass(octet, header, extent)) out += part.size();
        ASSERT_LT(in, out + 1000);
    }
}

TEST(SmtpHeader, CountsReceived)
{
    rule("5321", "6.3", "Received fields are counted, in the header section only");
    HeaderSection header;
    const std::string text = "Received: a\r\n b\r\nreceived: c\r\nRECEIVED : d\r\n"
                             "X-Received: no\r\nReceived-SPF: no\r\n Received: no\r\n\r\n"
                             "Received: no\r\n";
    for (char octet : text) header.read({&octet, 1});
    EXPECT_EQ(header.received(), 3u);
    EXPECT_TRUE(header.ended_by_empty_line());
}

} // namespace
} // namespace portico::smtp
