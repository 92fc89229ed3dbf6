#include "conversation.hpp"
#include "services/smtp/text_lines.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>

namespace portico::smtp {
namespace {

std::optional<std::uint64_t> too_long(std::string_view text, std::size_t cut)
{
    TextLines lines{10};
    lines.read(text.substr(0, cut));
    lines.read(text.substr(cut));
    return lines.too_long();
}

TEST(SmtpTextLines, FindsTheFirstThatIsTooLong)
{
    const std::pair<std::string, std::optional<std::uint64_t>> cases[] = {
        {"", {}},
        {"\r\n\r\n", {}},
        {"12345678\r\n12345678\r\n", {}},
        {"123456789\r\n", 1},
        {"1\r\n12345678\r\n123456789\r\n1234567890\r\n", 3},
        {"1\r\n12345678901", 2},
        {"1\r\n1234567890", {}}, // its line end is still to come
    };
    for (const auto& [text, line] : cases)
        for (std::size_t cut = 0; cut <= text.size(); ++cut)
            EXPECT_EQ(too_long(text, cut), line) << testing::PrintToString(text) << cut;
}

TEST(SmtpTextLines, AreHeldToTheirLimitInDataOnly)
{
    rule("5321", "4.5.3.1.6", "a text line has at most 1000 octets, where max_text_line says so");
    Scene scene;
    scene.options.max_text_line = 1000;
    scene.max_message_size = 10'000;
    const std::string fits(998, 'x');
    const auto talk = expect_conversation(R"(
        S: 220 mx.example.org ESMTP portico
        C: HELO client.example.net
        S: 250 mx.example.org
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<bo@example.org>
        S: 250 2.1.5 Recipient OK
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: )" + fits + R"(
        C: ..)" + fits.substr(1) + R"(
        C: .
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<bo@example.org>
        S: 250 2.1.5 Recipient OK
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: short
        C: )" + fits + R"(y
        C: .
        S: 500 5.6.0 Line 2 of the message is too long (1000 octets at most)
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<bo@example.org>
        S: 250 2.1.5 Recipient OK
        C: BDAT 1002 LAST
        C: )" + fits + R"(yz
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
    )",
                                          scene);
    ASSERT_EQ(talk.stored.size(), 2U);
    EXPECT_EQ(talk.stored[0].bytes, fits + "\r\n." + fits.substr(1) + "\r\n");
}

} // namespace
} // namespace portico::smtp
