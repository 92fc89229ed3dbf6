#include "services/smtp/mail_data.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace portico::smtp {
namespace {

struct Taken {
    std::string bytes;
    bool ended;
    std::string rest; // what followed the end
    bool operator==(const Taken&) const = default;
};

Taken take(const std::vector<std::string>& pieces)
{
    MailData data;
    Taken taken{};
    for (const auto& piece : pieces) {
        std::string_view input = piece;
        while (!data.ended()) {
            const auto bytes = data.take(input);
            if (bytes.empty()) break;
            taken.bytes += bytes;
        }
        taken.rest += input;
    }
    taken.ended = data.ended();
    return taken;
}

struct Row {
    std::string sent;
    Taken taken;
};

const std::vector<Row> rows{
    {".\r\n", {"", true, ""}},
    {"a\r\n.\r\n", {"a\r\n", true, ""}},
    {"a\r\n.\r\nQUIT\r\n", {"a\r\n", true, "QUIT\r\n"}},
    {"\r\n.\r\n", {"\r\n", true, ""}},
    {"..\r\n.\r\n", {".\r\n", true, ""}},
    {"...\r\n..a\r\n.b\r\n.\r\n", {"..\r\n.a\r\nb\r\n", true, ""}},
    {"a.\r\n.\r\n", {"a.\r\n", true, ""}},
    {"a.b. .\r\nc", {"a.b. .\r\nc", false, ""}},
    // None of these ends a message (RFC 5321 section 4.1.1.4); the dot after a true line end is
    // deleted wherever the line goes on.
    {"a\n.\nb", {"a\n.\nb", false, ""}},
    {"a\r.\rb", {"a\r.\rb", false, ""}},
    {"a\r\n.\nb", {"a\r\n\nb", false, ""}},
    {"a\r\n.\rb", {"a\r\n\rb", false, ""}},
    {"a\n.\r\nb", {"a\n.\r\nb", false, ""}},
    {"a\r.\r\nb", {"a\r.\r\nb", false, ""}},
    {"a\r\n.\r\r\nb", {"a\r\n\r\r\nb", false, ""}},
    {"a\r\n.\n\r\n.\r\n", {"a\r\n\n\r\n", true, ""}},
    {"a\r\r\n.\r\n", {"a\r\r\n", true, ""}}, // the last CR LF is a true one
    {"a\n\r\n.\r\n", {"a\n\r\n", true, ""}},
    {"a\r\n.\r.\r\nb", {"a\r\n\r.\r\nb", false, ""}},
    {"a\r\n. \r\nb", {"a\r\n \r\nb", false, ""}},
    {"a\r\n.\r", {"a\r\n", false, ""}},
    {"\n.\r\n", {"\n.\r\n", false, ""}},
    {"\r.\r\n", {"\r.\r\n", false, ""}},
};

TEST(SmtpMailData, Whole)
{
    rule("5321", "4.1.1.4", "only CR LF . CR LF ends the mail data");
    rule("5321", "4.5.2", "a dot that starts a line is deleted if more follows");
    for (const auto& [sent, taken] : rows) EXPECT_EQ(take({sent}), taken) << sent;
}

TEST(SmtpMailData, CutAnywhere)
{
    for (const auto& [sent, taken] : rows) {
        for (std::size_t i = 0; i <= sent.size(); ++i)
            for (std::size_t j = i; j <= sent.size(); ++j)
                EXPECT_EQ(take({sent.substr(0, i), sent.substr(i, j - i), sent.substr(j)}), taken)
                    << i << ' ' << j << ' ' << sent;
        std::vector<std::string> octets;
        for (char octet : sent) octets.emplace_back(1, octet);
        EXPECT_EQ(take(octets), taken) << sent;
    }
}

TEST(SmtpMailData, EveryOctetIsData)
{
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    EXPECT_EQ(take({all + "\r\n.\r\n"}), (Taken{all + "\r\n", true, ""}));
}

// Against the rule read line by line, on all texts of four letters up to eight octets.
TEST(SmtpMailData, AgreesWithTheRule)
{
    const std::string letters = "\r\n.x";
    for (std::size_t length = 0; length <= 8; ++length) {
        for (unsigned code = 0; code < 1u << (2 * length); ++code) {
            std::string sent;
            for (std::size_t i = 0; i < length; ++i) sent += letters[(code >> (2 * i)) & 3];
            Taken expected{};
            auto rest = std::string_view{sent};
            while (!rest.empty()) {
                if (rest.starts_with(".\r\n")) {
                    expected.ended = true;
                    expected.rest = rest.substr(3);
                    break;
                }
                if (rest == "." || rest == ".\r") break; // not decided yet
                if (rest.starts_with('.')) rest.remove_prefix(1);
                const auto end = rest.find("\r\n");
                const auto line = rest.substr(0, end == rest.npos ? end : end + 2);
                expected.bytes += line;
                rest.remove_prefix(line.size());
            }
            ASSERT_EQ(take({sent}), expected) << testing::PrintToString(sent);
            ASSERT_EQ(take({sent.substr(0, length / 2), sent.substr(length / 2)}), expected)
                << testing::PrintToString(sent);
        }
    }
}

TEST(SmtpMailData, PiecesAreLargeAndNotCopied)
{
    std::string sent;
    while (sent.size() < 16'000) sent += "A line of text. With dots.\r\n";
    std::string_view input = sent;
    MailData data;
    const auto piece = data.take(input);
    EXPECT_EQ(piece.data(), sent.data());
    EXPECT_EQ(piece.size(), sent.size());
}

} // namespace
} // namespace portico::smtp
