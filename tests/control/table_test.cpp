#include "services/control/table.hpp"

#include <gtest/gtest.h>

namespace portico::control {
namespace {

TEST(Table, AlignsWordsLeftAndNumbersRight)
{
    EXPECT_EQ(to_table({{"PORT", "NAME"}, {"25", "smtp"}, {"1110", ""}}), "PORT  NAME\n"
                                                                          "  25  smtp\n"
                                                                          "1110\n");
}

TEST(Table, ShowsControlBytesAsQuestionMarks)
{
    EXPECT_EQ(to_table({{std::string{"a\x1b[2Jb\n", 7}}}), "a?[2Jb?\n");
}

TEST(Table, SizesHaveUnits)
{
    EXPECT_EQ(to_size(0), "0 B");
    EXPECT_EQ(to_size(1023), "1023 B");
    EXPECT_EQ(to_size(1024), "1.0 KiB");
    EXPECT_EQ(to_size(52'428'800), "50.0 MiB");
    EXPECT_EQ(to_size(std::uint64_t{1} << 62), "4194304.0 TiB");
}

TEST(Table, AgesGrowCoarser)
{
    EXPECT_EQ(to_age(5), "5 s");
    EXPECT_EQ(to_age(120), "2 min");
    EXPECT_EQ(to_age(7200), "2 h");
    EXPECT_EQ(to_age(172'800), "2 d");
}

} // namespace
} // namespace portico::control
