#include "services/http/date.hpp"
#include "services/http/reply.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace portico::http {

using std::chrono::seconds;
using std::chrono::sys_seconds;

namespace {

constexpr sys_seconds then{seconds{784111777}};

} // namespace

TEST(HttpDate, ReadsAllThreeForms)
{
    rule("9110", "5.6.7", "all three forms of HTTP-date are understood");
    for (std::string text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                             "Sun Nov  6 08:49:37 1994"})
        EXPECT_EQ(parse_date(text, then), then) << text;
    EXPECT_EQ(parse_date("Wed Nov 16 08:49:37 1994", then), then + std::chrono::days{10});
    for (long time : {0L, 951782400L, 4102444800L, -1L})
        EXPECT_EQ(parse_date(imf_fixdate(sys_seconds{seconds{time}}), then),
                  sys_seconds{seconds{time}});
    EXPECT_TRUE(parse_date("Sat, 31 Dec 2016 23:59:60 GMT", then).has_value()); // a leap second
}

TEST(HttpDate, TwoDigitsOfAYearAreNotFarInTheFuture)
{
    rule("9110", "5.6.7", "a year of two digits over 50 years ahead is in the past");
    const sys_seconds in_2026{seconds{1767225600}};
    auto year = [&](std::string text) {
        auto date = parse_date(text, in_2026);
        if (!date) return 0;
        return static_cast<int>(
            std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(*date)}.year());
    };
    EXPECT_EQ(year("Sunday, 06-Nov-94 08:49:37 GMT"), 1994);
    EXPECT_EQ(year("Friday, 06-Nov-26 08:49:37 GMT"), 2026);
    EXPECT_EQ(year("Friday, 06-Nov-76 08:49:37 GMT"), 2076);
    EXPECT_EQ(year("Sunday, 06-Nov-77 08:49:37 GMT"), 1977);
}

TEST(HttpDate, RefusesEverythingElse)
{
    for (std::string text : {"",
                             "0",
                             "784111777",
                             "Sun, 06 Nov 1994",
                             "Sun, 6 Nov 1994 08:49:37 GMT",
                             "Sun, 06 Nov 94 08:49:37 GMT",
                             "sun, 06 Nov 1994 08:49:37 GMT",
                             "Sun, 06 nov 1994 08:49:37 GMT",
                             "Mon, 06 Nov 1994 08:49:37 GMT",
                             "Sun, 06 Nov 1994 08:49:37 UTC",
                             "Sun, 06 Nov 1994 08:49:37 +0000",
                             "Sun, 06 Nov 1994 08:49:37 GMT ",
                             "Sun, 06 Nov 1994 24:00:00 GMT",
                             "Sun, 06 Nov 1994 08:60:37 GMT",
                             "Sun, 06 Nov 1994 08:49:61 GMT",
                             "Wed, 31 Nov 1994 08:49:37 GMT",
                             "Tue, 29 Feb 1994 08:49:37 GMT",
                             "Sun, 00 Nov 1994 08:49:37 GMT",
                             "Sun, -6 Nov 1994 08:49:37 GMT",
                             "Sun, 06-Nov-94 08:49:37 GMT",
                             "Sunday, 06 Nov 1994 08:49:37 GMT",
                             "Sun Nov 6 08:49:37 1994",
                             "Sun Nov  6 08:49:37 1994 GMT",
                             "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT"})
        EXPECT_FALSE(parse_date(text, then).has_value()) << text;
}

} // namespace portico::http
