#include "services/catalog/when.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace portico::catalog {

namespace {

std::string big_endian(std::int64_t value, int octets)
{
    std::string text;
    for (int i = octets - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
    return text;
}

/// A file with these changes (seconds, index of a type) and types (offsets), as RFC 8536 has it.
std::string tzif(const std::vector<std::pair<std::int64_t, int>>& changes,
                 const std::vector<int>& types, char version = '2')
{
    const auto block = [&](int size) {
        std::string text = "TZif";
        text += version;
        text += std::string(15, '\0');
        for (std::size_t count : {std::size_t{0}, std::size_t{0}, std::size_t{0}, changes.size(),
                                  types.size(), std::size_t{4}})
            text += big_endian(static_cast<std::int64_t>(count), 4);
        for (const auto& [time, type] : changes) text += big_endian(time, size);
        for (const auto& [time, type] : changes) text += static_cast<char>(type);
        for (auto offset : types) text += big_endian(offset, 4) + std::string{"\0\0", 2};
        return text + "LMT" + '\0';
    };
    return version == '\0' ? block(4) : block(4) + block(8) + "\nCET-1CEST\n";
}

// Central European time in 2024: summer begins on 31 March, 01:00 UTC, ends on 27 October.
const auto berlin_file = tzif({{1'711'846'800, 1}, {1'729'990'800, 0}}, {3600, 7200});

std::int64_t seconds(std::chrono::sys_seconds time)
{
    return time.time_since_epoch().count();
}

std::string told(std::string_view text, const Zone& zone = {})
{
    const auto time = parse_when(text, zone);
    return time ? std::to_string(time->time_since_epoch().count()) : "none";
}

} // namespace

TEST(CatalogWhen, ReadsDates)
{
    rule("3339", "5.6", "a date of the search grammar may have its own offset");
    const std::string midnight = "1709596800000"; // 2024-03-05T00:00:00Z
    const struct {
        std::string text, told;
    } cases[] = {
        {"2024-03-05", midnight},
        {"2024/03/05", midnight},
        {"03/05/2024", midnight},
        {"3/5/2024", midnight},
        {"2024-03-05 12:00", "1709640000000"},
        {"2024-03-05 12:00:01", "1709640001000"},
        {"03/05/2024 12:00", "1709640000000"},
        {"2024-03-05T12:00:00Z", "1709640000000"},
        {"2024-03-05t12:00:00.25z", "1709640000250"},
        {"2024-03-05T12:00:00.1239+02:00", "1709632800123"},
        {"2024-03-05T12:00:00-05:30", "1709659800000"},
        {"2024-03-05 12:00:00 +0100", "1709636400000"},
        {"1709640000", "1709640000000"},    // seconds
        {"1709640000123", "1709640000123"}, // milliseconds
        {" 2024-03-05 ", midnight},
        {"", "none"},
        {"2024", "none"},
        {"2024-03", "none"},
        {"2024-13-01", "none"},
        {"2024-02-30", "none"},
        {"13/05/2024", "none"},
        {"2024-03-05 25:00", "none"},
        {"2024-03-05 12", "none"},
        {"2024-03-05x", "none"},
        {"2024-03-05T12:00:00+99:00", "none"},
        {"2024-03-05T12:00:00Zx", "none"},
        {"yesterday", "none"},
        {"99999999999999999999", "none"},
        {"-1709640000", "none"},
    };
    for (const auto& c : cases) EXPECT_EQ(told(c.text), c.told) << c.text;
}

TEST(CatalogWhen, ReadsThemInAZone)
{
    rule("8536", "3", "the zone data's files are read, versions 1 and 2");
    const auto berlin = parse_zone(berlin_file);
    ASSERT_TRUE(berlin);
    EXPECT_EQ(told("2024-03-05 13:00", *berlin), "1709640000000");
    EXPECT_EQ(told("2024-07-01 14:00", *berlin), "1719835200000"); // 12:00Z
    EXPECT_EQ(told("2024-07-01T14:00:00Z", *berlin), "1719842400000");
    const auto old = parse_zone(tzif({{1'711'846'800, 1}}, {3600, 7200}, '\0'));
    ASSERT_TRUE(old);
    EXPECT_EQ(told("2024-07-01 14:00", *old), "1719835200000");
}

TEST(CatalogWhen, AClockMayStrikeTwiceOrNot)
{
    const auto berlin = parse_zone(berlin_file);
    ASSERT_TRUE(berlin);
    const auto local = [](std::int64_t since) {
        return std::chrono::local_seconds{std::chrono::seconds{since}};
    };
    const std::int64_t spring = 1'711'846'800, autumn = 1'729'990'800;
    EXPECT_EQ(seconds(berlin->to_utc(local(spring + 3600 - 1))), spring - 1);
    EXPECT_EQ(seconds(berlin->to_utc(local(spring + 7200))), spring);
    EXPECT_EQ(seconds(berlin->to_utc(local(spring + 3600 + 60))), spring + 60); // never comes
    EXPECT_EQ(seconds(berlin->to_utc(local(autumn + 3600 + 60))), autumn - 3600 + 60); // the first
    EXPECT_EQ(seconds(berlin->to_utc(local(autumn + 7200))), autumn + 3600);
}

TEST(CatalogWhen, RefusesBrokenZones)
{
    EXPECT_FALSE(parse_zone(""));
    EXPECT_FALSE(parse_zone("TZif"));
    EXPECT_FALSE(parse_zone(tzif({}, {})));
    EXPECT_FALSE(parse_zone(tzif({{0, 5}}, {0})));         // no such type
    EXPECT_FALSE(parse_zone(tzif({{2, 0}, {1, 0}}, {0}))); // not in order
    for (std::size_t size = 0; size + 12 < berlin_file.size(); ++size)
        EXPECT_FALSE(parse_zone(std::string_view{berlin_file}.substr(0, size))) << size;
    auto huge = berlin_file;
    huge.replace(32, 4, "\xFF\xFF\xFF\xFF");
    EXPECT_FALSE(parse_zone(huge));
    EXPECT_TRUE(parse_zone(tzif({}, {0}))); // UTC's own
}

TEST(CatalogWhen, ZoneNamesStayInTheirFolder)
{
    for (auto name : {"Europe/Berlin", "UTC", "Etc/GMT+5", "America/Port-au-Prince"})
        EXPECT_TRUE(is_zone_name(name)) << name;
    for (auto name : {"", "/etc/passwd", "../x", "a/../b", "a b"})
        EXPECT_FALSE(is_zone_name(name)) << name;
    EXPECT_FALSE(is_zone_name(std::string(65, 'a')));
}

} // namespace portico::catalog
