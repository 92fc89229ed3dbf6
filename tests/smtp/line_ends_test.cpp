#include "services/smtp/line_ends.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>

namespace portico::smtp {
namespace {

// Against the rule read octet by octet, on all texts of three letters up to eight octets.
TEST(SmtpLineEnds, AgreesWithTheRule)
{
    rule("5321", "2.3.8", "CR and LF stand in pairs only");
    const std::string letters = "\r\nx";
    for (std::size_t length = 0, texts = 1; length <= 8; ++length, texts *= 3) {
        for (std::size_t code = 0; code < texts; ++code) {
            std::string text;
            for (std::size_t i = 0, rest = code; i < length; ++i, rest /= 3)
                text += letters[rest % 3];
            std::optional<BareLineEnd> expected;
            for (std::size_t i = 0; i < length && !expected; ++i) {
                const bool bare_cr = text[i] == '\r' && i + 1 < length && text[i + 1] != '\n';
                const bool bare_lf = text[i] == '\n' && (i == 0 || text[i - 1] != '\r');
                if (bare_cr || bare_lf) expected = BareLineEnd{text[i], i + 1};
            }
            for (std::size_t cut = 0; cut <= length; ++cut) {
                LineEnds ends;
                ends.read(std::string_view{text}.substr(0, cut));
                ends.read(std::string_view{text}.substr(cut));
                ASSERT_EQ(ends.bare(), expected) << testing::PrintToString(text) << cut;
            }
        }
    }
}

TEST(SmtpLineEnds, CountsPastOnePiece)
{
    LineEnds ends;
    for (int i = 0; i < 1000; ++i) ends.read("0123456\r\n");
    EXPECT_FALSE(ends.bare());
    ends.read("ab\ncd\r");
    ASSERT_TRUE(ends.bare());
    EXPECT_EQ(ends.bare()->at, 9003u);
    EXPECT_EQ(ends.bare()->name(), "<LF>");
    ends.read("x"); // the first stays the first
    EXPECT_EQ(ends.bare()->at, 9003u);
}

} // namespace
} // namespace portico::smtp
