#include "services/mail/read_ahead.hpp"

#include <gtest/gtest.h>

#include <string>

namespace portico::mail {
namespace {

TEST(ReadAhead, HasWhatWasAddedAndNothingElse)
{
    Budget budget{1 << 20};
    ReadAhead ahead{budget};
    EXPECT_TRUE(ahead.empty());
    EXPECT_FALSE(ahead.find(0));
    ahead.begin(7);
    for (const auto* message : {"seven", "", "nine"}) EXPECT_TRUE(ahead.add(message));
    EXPECT_FALSE(ahead.find(6));
    EXPECT_EQ(ahead.find(7), "seven");
    EXPECT_EQ(ahead.find(8), "");
    EXPECT_EQ(ahead.find(9), "nine");
    EXPECT_FALSE(ahead.find(10));
    ahead.begin(0);
    EXPECT_FALSE(ahead.find(0));
    EXPECT_FALSE(ahead.find(8));
}

TEST(ReadAhead, WantsMoreOfWhoAsksInOrder)
{
    Budget budget{1 << 20};
    ReadAhead ahead{budget};
    const auto fetch = [&ahead](std::size_t index, int messages) {
        const auto wanted = ahead.begin(index);
        for (int number = 0; number != messages; ++number) EXPECT_TRUE(ahead.add("x"));
        return wanted;
    };
    EXPECT_EQ(fetch(0, 1), 1U) << "only the one that is asked for";
    EXPECT_EQ(fetch(1, 3), 16U << 10);
    EXPECT_EQ(fetch(4, 3), 32U << 10);
    EXPECT_EQ(fetch(8, 3), 64U << 10) << "7 was one that is not kept here";
    EXPECT_EQ(fetch(11, 1), 64U << 10);
    EXPECT_EQ(fetch(11, 1), 1U);
    EXPECT_EQ(fetch(20, 1), 1U);
    EXPECT_EQ(fetch(3, 1), 1U);
    EXPECT_EQ(fetch(4, 1), 16U << 10);
}

TEST(ReadAhead, IsBoundedAndCounted)
{
    Budget budget{100'000};
    ReadAhead ahead{budget};
    const std::string third(ReadAhead::most / 3, 'x');
    ahead.begin(0);
    for (int number = 0; number != 3; ++number) EXPECT_TRUE(ahead.add(third));
    EXPECT_FALSE(ahead.add(third));
    EXPECT_EQ(ahead.find(2), third);
    EXPECT_FALSE(ahead.find(3));
    EXPECT_LE(budget.left(), 100'000 - 3 * third.size());
    {
        ReadAhead other{budget};
        other.begin(0);
        EXPECT_TRUE(other.add(third));
        EXPECT_FALSE(other.add(third)) << "the budget is spent";
        EXPECT_EQ(other.find(0), third);
    }
    ahead.clear();
    EXPECT_FALSE(ahead.find(0));
    EXPECT_EQ(budget.left(), 100'000U);
}

} // namespace
} // namespace portico::mail
