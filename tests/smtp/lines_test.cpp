#include "services/smtp/lines.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace portico::smtp {
namespace {

using Seen = std::vector<std::pair<std::string, std::uint64_t>>;

Seen lines_of(const std::string& sent, std::size_t cut)
{
    Lines lines;
    Seen seen;
    for (std::size_t at = 0; at < sent.size(); at += cut) {
        const auto piece = sent.substr(at, cut);
        std::string_view input = piece;
        while (auto line = lines.take(input, 8)) seen.emplace_back(line->text, line->octets);
        EXPECT_TRUE(input.empty());
    }
    return seen;
}

TEST(SmtpLines, OnlyCrLfEndsALine)
{
    rule("5321", "2.3.8", "only the pair CR LF ends a line");
    const std::string sent = "a\r\n\r\nb\nc\r\nd\r\r\n\n\r\n123456\r\nunfinished";
    const Seen expected{{"a", 3}, {"", 2}, {"b\nc", 5}, {"d\r", 4}, {"\n", 3}, {"123456", 8}};
    for (std::size_t cut = 1; cut <= sent.size(); ++cut)
        EXPECT_EQ(lines_of(sent, cut), expected) << cut;
}

TEST(SmtpLines, WhatIsTooLongIsCountedAndNotKept)
{
    rule("5321", "4.5.3.1.4", "a line of any length is answered and leaves the session in step");
    const std::string sent = std::string(1000, 'x') + "\r\nshort\r\n";
    for (std::size_t cut : {1, 7, 8, 9, 999, 1000, 1001}) {
        const auto seen = lines_of(sent, static_cast<std::size_t>(cut));
        ASSERT_EQ(seen.size(), 2u) << cut;
        EXPECT_EQ(seen[0].second, 1002u);
        EXPECT_EQ(seen[1], (Seen::value_type{"short", 7}));
    }
}

TEST(SmtpLines, TellTheFirstBareLineEnd)
{
    rule("5321", "2.3.8", "a bare CR or LF in a command is found wherever it stands");
    struct Row {
        std::string line;
        std::optional<BareLineEnd> bare;
    };
    for (const auto& [line, bare] : {
             Row{"\r\n", {}}, Row{"abc\r\n", {}}, Row{"a\nb\r\n", BareLineEnd{'\n', 2}},
             Row{"\n\r\n", BareLineEnd{'\n', 1}}, Row{"ab\rc\n\r\n", BareLineEnd{'\r', 3}},
             Row{"a\r\r\n", BareLineEnd{'\r', 2}},
             Row{"0123456789\nb\r\n", BareLineEnd{'\n', 11}}, // beyond what is kept
         })
        for (std::size_t cut = 1; cut <= line.size(); ++cut) {
            Lines lines;
            std::optional<Lines::Line> taken;
            for (std::size_t at = 0; at < line.size(); at += cut) {
                const auto piece = line.substr(at, cut);
                std::string_view input = piece;
                taken = lines.take(input, 8);
            }
            ASSERT_TRUE(taken) << line;
            EXPECT_EQ(taken->bare, bare) << line;
            const std::string next = "x\r\n";
            std::string_view input = next;
            EXPECT_FALSE(lines.take(input, 8)->bare);
        }
}

} // namespace
} // namespace portico::smtp
