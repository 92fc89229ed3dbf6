#include "services/smtp/lines.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace portico::smtp {
namespace {

using Seen = std::vector<std::pair<std::string, std::uint64_t>>;

Seen lines_of(const std::string& sent, std::size_t cut)
{
    Lines lines{8};
    Seen seen;
    for (std::size_t at = 0; at < sent.size(); at += cut) {
        const auto piece = sent.substr(at, cut);
        std::string_view input = piece;
        while (auto line = lines.take(input)) seen.emplace_back(line->text, line->octets);
        EXPECT_TRUE(input.empty());
    }
    return seen;
}

TEST(SmtpLines, OnlyCrLfEndsALine)
{
    const std::string sent = "a\r\n\r\nb\nc\r\nd\r\r\n\n\r\n123456\r\nunfinished";
    const Seen expected{{"a", 3}, {"", 2}, {"b\nc", 5}, {"d\r", 4}, {"\n", 3}, {"123456", 8}};
    for (std::size_t cut = 1; cut <= sent.size(); ++cut)
        EXPECT_EQ(lines_of(sent, cut), expected) << cut;
}

TEST(SmtpLines, WhatIsTooLongIsCountedAndNotKept)
{
    const std::string sent = std::string(1000, 'x') + "\r\nshort\r\n";
    for (std::size_t cut : {1, 7, 8, 9, 999, 1000, 1001}) {
        const auto seen = lines_of(sent, static_cast<std::size_t>(cut));
        ASSERT_EQ(seen.size(), 2u) << cut;
        EXPECT_EQ(seen[0].second, 1002u);
        EXPECT_EQ(seen[1], (Seen::value_type{"short", 7}));
    }
}

} // namespace
} // namespace portico::smtp
