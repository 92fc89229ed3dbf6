#include "services/store/progress_line.hpp"

#include <gtest/gtest.h>

namespace portico::store {
namespace {

using namespace std::chrono_literals;

TEST(Progress, SaysHowFarItIsAndHowLongItTakes)
{
    EXPECT_EQ(progress_line({"Backing up", 3 << 20, 4 << 20, 12'345, "messages", 9s}, 120),
              "Backing up  [##################......]   75 %  3.0 MiB of 4.0 MiB  "
              "12,345 messages  0:03 left");
    EXPECT_EQ(progress_line({"Checking", 1 << 20, 10 << 20, 0, "", 500s}, 120),
              "Checking  [##......................]   10 %  1.0 MiB of 10.0 MiB  1:15:00 left");
}

TEST(Progress, DoesNotGuessTooEarly)
{
    EXPECT_EQ(progress_line({"Checking", 0, 2048, 0, "", 500s}, 120),
              "Checking  [........................]    0 %  0 B of 2.0 KiB");
}

TEST(Progress, WithoutATotalThereIsNoBar)
{
    EXPECT_EQ(progress_line({"Checking mail.db", 0, 0, 0, "", 5s}, 120), "Checking mail.db");
    EXPECT_EQ(progress_line({"Importing", 2048, 0, 3, "messages", 5s}, 120),
              "Importing  2.0 KiB  3 messages");
}

TEST(Progress, NeverPassesItsTotalNorTheWidth)
{
    const Progress more{"Exporting", 5000, 2048, 1, "messages", 5s};
    EXPECT_EQ(progress_line(more, 120),
              "Exporting  [########################]  100 %  2.0 KiB of 2.0 KiB  1 messages  "
              "0:00 left");
    for (std::size_t width = 0; width < 120; ++width)
        EXPECT_LE(progress_line(more, width).size(), width);
    EXPECT_EQ(progress_line(more, 60), "Exporting  [########################]  100 %");
}

TEST(Progress, Commas)
{
    EXPECT_EQ(with_commas(0), "0");
    EXPECT_EQ(with_commas(999), "999");
    EXPECT_EQ(with_commas(1000), "1,000");
    EXPECT_EQ(with_commas(1'234'567), "1,234,567");
}

} // namespace
} // namespace portico::store
