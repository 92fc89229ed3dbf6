#include "services/smtp/reply.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace portico::smtp {
namespace {

std::string sent(const Reply& reply)
{
    std::string bytes;
    append(bytes, reply, [](std::string_view) {});
    return bytes;
}

TEST(SmtpReply, OneLineAndMore) // RFC 5321 section 4.2.1, RFC 2034 section 4
{
    EXPECT_EQ(sent({250, "2.0.0", "OK"}), "250 2.0.0 OK\r\n");
    EXPECT_EQ(sent({354, "", "Go on"}), "354 Go on\r\n");
    EXPECT_EQ(sent({250, "", "a\nb\nc"}), "250-a\r\n250-b\r\n250 c\r\n");
    EXPECT_EQ(sent({214, "2.0.0", "a\nb"}), "214-2.0.0 a\r\n214 2.0.0 b\r\n");
}

TEST(SmtpReply, TellsItsLines)
{
    std::string bytes = "before\r\n";
    std::vector<std::string> lines;
    append(bytes, {250, "2.0.0", "a\nb"}, [&](std::string_view line) { lines.emplace_back(line); });
    EXPECT_EQ(lines, (std::vector<std::string>{"250-2.0.0 a", "250 2.0.0 b"}));
}

TEST(SmtpReply, StoreErrors)
{
    EXPECT_EQ(reply_to(mail::StoreError::full).code, 452);
    for (auto error : {mail::StoreError::failing, mail::StoreError::gone, mail::StoreError::in_use})
        EXPECT_EQ(reply_to(error).code, 451);
}

} // namespace
} // namespace portico::smtp
