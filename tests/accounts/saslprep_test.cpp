#include "services/accounts/saslprep.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace portico::accounts {
namespace {

using namespace std::string_view_literals;

TEST(Saslprep, TheExamples)
{
    rule("4013", "3", "the examples that need no normalization");
    EXPECT_EQ(saslprep("I\xc2\xadX"), "IX") << "a soft hyphen goes";
    EXPECT_EQ(saslprep("user"), "user");
    EXPECT_EQ(saslprep("USER"), "USER");
    EXPECT_EQ(saslprep("\x07"), std::nullopt);
}

TEST(Saslprep, Maps)
{
    rule("4013", "2.1", "spaces become U+0020, invisible characters go");
    EXPECT_EQ(saslprep("a\xc2\xa0"
                       "b"),
              "a b");
    EXPECT_EQ(saslprep("a\xe3\x80\x80"
                       "b"),
              "a b");
    EXPECT_EQ(saslprep("a\xe2\x80\x8b"
                       "b"),
              "a b");
    EXPECT_EQ(saslprep("a\xe2\x80\x8d"
                       "b\xef\xbb\xbf"),
              "ab");
    EXPECT_EQ(saslprep("\xc2\xad"), "");
    EXPECT_EQ(saslprep(" a  b ~!\"\\"), " a  b ~!\"\\") << "ASCII stays";
    EXPECT_EQ(saslprep("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x8c"),
              "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x8c");
}

TEST(Saslprep, Prohibits)
{
    rule("4013", "2.3", "control, private, non-character and tagging code points are prohibited");
    for (auto text : {"\0"sv, "a\tb"sv, "a\n"sv, "\x1f"sv, "\x7f"sv, "\xc2\x80"sv, "\xc2\x9f"sv,
                      "\xe2\x80\xa8"sv, "\xe2\x80\x8e"sv, "\xe2\x80\xae"sv, "\xee\x80\x80"sv,
                      "\xef\xbf\xbd"sv, "\xef\xbf\xbe"sv, "\xef\xb7\x90"sv, "\xf3\xa0\x80\x81"sv,
                      "\xf4\x8f\xbf\xbf"sv, "\xf0\x9f\xbf\xbe"sv, "\xf3\xb0\x80\x80"sv})
        EXPECT_EQ(saslprep(text), std::nullopt) << text;
}

TEST(Utf8, IsStrict)
{
    rule("3629", "3", "overlong forms, surrogates and what is cut off are no UTF-8");
    for (auto text :
         {""sv, "a\0b"sv, "\xc2\x80"sv, "\xdf\xbf"sv, "\xe0\xa0\x80"sv, "\xed\x9f\xbf"sv,
          "\xef\xbf\xbf"sv, "\xf0\x90\x80\x80"sv, "\xf4\x8f\xbf\xbf"sv})
        EXPECT_TRUE(is_utf8(text)) << text;
    for (auto text :
         {"\x80"sv, "\xc0\x80"sv, "\xc1\xbf"sv, "\xc2"sv, "\xc2\x41"sv, "\xe0\x9f\xbf"sv,
          "\xed\xa0\x80"sv, "\xe2\x82"sv, "\xf0\x8f\xbf\xbf"sv, "\xf4\x90\x80\x80"sv,
          "\xf5\x80\x80\x80"sv, "\xff"sv, "a\xfe"sv, "\xf0\x9f\x90"sv}) {
        EXPECT_FALSE(is_utf8(text)) << text;
        EXPECT_EQ(saslprep(text), std::nullopt) << text;
    }
}

} // namespace
} // namespace portico::accounts
