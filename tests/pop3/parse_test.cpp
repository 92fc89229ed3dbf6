#include "services/pop3/parse.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portico::pop3 {
namespace {

constexpr auto largest = std::numeric_limits<std::uint64_t>::max();

TEST(Pop3Parse, Commands)
{
    rule("1939", "3", "a command: a keyword and arguments, one space between them");
    rule("1939", "7", "PASS's argument is all that follows its space");
    struct Row {
        std::string_view line, verb;
        std::optional<std::string_view> argument;
    };
    for (auto& row : std::to_array<Row>({
             {"STAT", "STAT", {}},
             {"STAT ", "STAT", {}},
             {"RETR 1", "RETR", "1"},
             {"RETR  1", "RETR", " 1"},
             {"RETR 1  ", "RETR", "1"},
             {"TOP 1 2", "TOP", "1 2"},
             {"PASS", "PASS", {}},
             {"PASS ", "PASS", ""},
             {"PASS  a b ", "PASS", " a b "},
             {"pass x ", "pass", "x "},
             {"USER ana ", "USER", "ana"},
             {" STAT", "", "STAT"},
             {"", "", {}},
             {"   ", "", {}},
         })) {
        auto command = parse_command(row.line);
        EXPECT_EQ(command.verb, row.verb) << row.line;
        EXPECT_EQ(command.argument, row.argument) << row.line;
    }
}

TEST(Pop3Parse, Numbers)
{
    rule("1939", "5", "message numbers are decimal digits");
    struct Row {
        std::string_view text;
        std::optional<std::uint64_t> number;
    };
    for (auto& row : std::to_array<Row>({
             {"0", 0},
             {"1", 1},
             {"007", 7},
             {"18446744073709551615", largest},
             {"18446744073709551616", largest},
             {"99999999999999999999999999999999999", largest},
             {"", {}},
             {"-1", {}},
             {"+1", {}},
             {" 1", {}},
             {"1 ", {}},
             {"1a", {}},
             {"0x1", {}},
             {"1.0", {}},
         }))
        EXPECT_EQ(parse_number(row.text), row.number) << row.text;
}

TEST(Pop3Parse, TopWantsTwoNumbers)
{
    rule("1939", "7", "TOP takes two numbers");
    auto top = parse_top("3 10");
    ASSERT_TRUE(top);
    EXPECT_EQ(top->message, 3U);
    EXPECT_EQ(top->lines, 10U);
    for (auto* bad : {"", "3", "3 ", " 3", "3  10", "3 -1", "3 10 1", "a 1", "3 a"})
        EXPECT_FALSE(parse_top(bad)) << bad;
}

TEST(Pop3Parse, ApopWantsANameAndADigest)
{
    rule("1939", "7", "APOP takes a name and 16 octets in lower-case hexadecimal");
    auto apop = parse_apop("mrose c4c9334bac560ecc979e58001b3e22fb");
    ASSERT_TRUE(apop);
    EXPECT_EQ(apop->name, "mrose");
    EXPECT_EQ(apop->digest, "c4c9334bac560ecc979e58001b3e22fb");
    for (auto* bad :
         {"", "mrose", "mrose ", "mrose c4c9334bac560ecc979e58001b3e22f",
          "mrose c4c9334bac560ecc979e58001b3e22fbb", "mrose C4C9334BAC560ECC979E58001B3E22FB",
          "mrose  c4c9334bac560ecc979e58001b3e22fb", " c4c9334bac560ecc979e58001b3e22fb",
          "m rose c4c9334bac560ecc979e58001b3e22fb", "mrose g4c9334bac560ecc979e58001b3e22fb"})
        EXPECT_FALSE(parse_apop(bad)) << bad;
}

TEST(Pop3Parse, AuthWantsAMechanismAndPerhapsAResponse)
{
    rule("5034", "4", "AUTH takes a mechanism and an optional initial response");
    struct Row {
        std::string_view argument, mechanism;
        std::optional<std::string_view> initial_response;
    };
    for (auto& row : std::to_array<Row>({
             {"PLAIN", "PLAIN", {}},
             {"plain =", "plain", "="},
             {"PLAIN dGVzdA==", "PLAIN", "dGVzdA=="},
         })) {
        auto auth = parse_auth(row.argument);
        ASSERT_TRUE(auth) << row.argument;
        EXPECT_EQ(auth->mechanism, row.mechanism);
        EXPECT_EQ(auth->initial_response, row.initial_response);
    }
    for (auto* bad : {"", " ", "PLAIN ", "PLAIN  x", "PLAIN x y", " PLAIN"})
        EXPECT_FALSE(parse_auth(bad)) << bad;
}

TEST(Pop3Parse, SecretsAreMasked)
{
    rule("1939", "13", "a transcript shows no password and no digest");
    struct Row {
        std::string_view line, shown;
    };
    for (auto& row : std::to_array<Row>({
             {"PASS secret", "PASS ****"},
             {"pass  se cret ", "pass ****"},
             {"PASS", "PASS"},
             {"PASS\tsecret", "PASS ****"},
             {"  PASS secret", "  PASS ****"},
             {"PASSsecret", "PASS ****"},
             {"AUTH PLAIN AGFuYQBzZWNyZXQ=", "AUTH PLAIN ****"},
             {"auth scram-sha-256-plus  x", "auth scram-sha-256-plus ****"},
             {"AUTH PLAIN", "AUTH PLAIN"},
             {"AUTH PLAINTEXT", "AUTH ****"},
             {"AUTH  PLAIN", "AUTH ****"},
             {"AUTH", "AUTH"},
             {"APOP ana 0123", "APOP ****"},
             {"APOP ana c4c9334bac560ecc979e58001b3e22fb", "APOP ana ****"},
             {"APOP ana secret c4c9334bac560ecc979e58001b3e22fb", "APOP ****"},
             {"USER ana", "USER ana"},
             {"RETR 1", "RETR 1"},
             {"", ""},
             {"   ", "   "},
         }))
        EXPECT_EQ(masked(row.line), row.shown);
}

/// Lines as they come, "!" and the error's number for a refused one.
std::vector<std::string> lines_of(std::string_view bytes, std::size_t cut)
{
    Lines lines;
    std::vector<std::string> result;
    while (!bytes.empty()) {
        auto piece = bytes.substr(0, cut);
        bytes.remove_prefix(piece.size());
        lines.feed(piece);
        while (auto line = lines.next()) {
            if (*line)
                result.emplace_back(**line);
            else
                result.push_back("!" + std::to_string(static_cast<int>(line->error())));
        }
    }
    return result;
}

std::string refused(LineError error)
{
    return "!" + std::to_string(static_cast<int>(error));
}

TEST(Pop3Parse, LinesHowEverTheyAreCut)
{
    rule("1939", "3", "a command ends with CRLF");
    rule("2449", "4", "a command line has up to 255 octets");
    using namespace std::string_literals;
    struct Row {
        std::string bytes;
        std::vector<std::string> lines;
    };
    auto x = [](std::size_t count) { return std::string(count, 'x'); };
    const std::vector<Row> rows{
        {"STAT\r\nNOOP\r\n", {"STAT", "NOOP"}},
        {"\r\n\r\n", {"", ""}},
        {"STAT", {}},
        {"STAT\r", {}},
        {"STAT\nNOOP\r\n", {refused(LineError::bare_lf), "NOOP"}},
        {"ST\rAT\r\nNOOP\r\n", {refused(LineError::bare_cr), "NOOP"}},
        {"STAT\r\r\nNOOP\r\n", {refused(LineError::bare_cr), "NOOP"}},
        {"PASS a\0b\r\nNOOP\r\n"s, {refused(LineError::nul), "NOOP"}},
        {x(253) + "\r\nNOOP\r\n", {x(253), "NOOP"}},
        {x(254) + "\r\nNOOP\r\n", {refused(LineError::too_long), "NOOP"}},
        {x(255) + "\nNOOP\r\n", {refused(LineError::too_long), "NOOP"}},
        {x(70'000) + "\r\nNOOP\r\n", {refused(LineError::too_long), "NOOP"}},
        {x(70'000) + "\nNOOP\r\n", {refused(LineError::too_long), "NOOP"}},
    };
    for (auto& row : rows) {
        for (std::size_t cut : {1, 2, 3, 5, 253, 254, 255, 256, 257, 100'000})
            EXPECT_EQ(lines_of(row.bytes, cut), row.lines)
                << row.bytes.substr(0, 40) << ", cut every " << cut;
    }
}

TEST(Pop3Parse, ALineMayBeLongerForAWhile)
{
    rule("5034", "4", "a response may be longer than a command line");
    Lines lines;
    const std::string longer(300, 'x');
    lines.limit(302);
    lines.feed(longer + "\r\n" + longer + "y\r\n" + longer + "\r\nNOOP\r\n");
    EXPECT_EQ(lines.next()->value(), longer);
    EXPECT_EQ(lines.next()->error(), LineError::too_long);
    lines.limit(Lines::command_limit);
    EXPECT_EQ(lines.next()->error(), LineError::too_long);
    EXPECT_EQ(lines.next()->value(), "NOOP");
}

TEST(Pop3Parse, LinesCanBeDropped)
{
    rule("2595", "4", "what is behind STLS in clear is thrown away");
    Lines lines;
    lines.feed("STLS\r\nSTAT\r\nNO");
    EXPECT_EQ(lines.next()->value(), "STLS");
    EXPECT_EQ(lines.drop(), 8U);
    EXPECT_EQ(lines.drop(), 0U);
    EXPECT_FALSE(lines.next());
    lines.feed("OP\r\n");
    EXPECT_EQ(lines.next()->value(), "OP");
}

} // namespace
} // namespace portico::pop3
