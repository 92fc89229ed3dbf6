#include "config/syntax.hpp"
#include "config/units.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace portico::config {
namespace {

TEST(Units, ReadsSizes)
{
    const std::pair<std::string_view, std::optional<std::uint64_t>> cases[] = {
        {"0 B", 0},
        {"64 KiB", 65536},
        {"64KiB", 65536},
        {"50 MiB", 52428800},
        {"2 GiB", 2147483648U},
        {"16777215 TiB", 18446742974197923840U},
        {"16777216 TiB", {}},
        {"64", {}},
        {"64  KiB", {}},
        {"64 KB", {}},
        {"64 kib", {}},
        {"-1 B", {}},
        {"+1 B", {}},
        {"1.5 MiB", {}},
        {"MiB", {}},
        {"", {}},
        {" 1 B", {}},
        {"1 B ", {}},
        {"99999999999999999999 B", {}},
    };
    for (const auto& [text, octets] : cases) EXPECT_EQ(parse_size(text), octets) << text;
}

TEST(Units, ReadsTimes)
{
    const std::pair<std::string_view, std::optional<Duration>> cases[] = {
        {"500ms", 500ms}, {"8s", 8s},   {"10m", 10min}, {"1h", 1h},
        {"10 m", 10min},  {"0s", 0ms},  {"1d", 24h},    {"5min", {}},
        {"5", {}},        {"-5s", {}},  {"1.5s", {}},   {"s", {}},
        {"", {}},         {"1h1m", {}}, {"5S", {}},     {"9223372036854775807h", {}},
    };
    for (const auto& [text, time] : cases) EXPECT_EQ(parse_duration(text), time) << text;
}

TEST(Units, WritesWhatItReads)
{
    for (const std::uint64_t octets : {0ULL, 1ULL, 1024ULL, 65536ULL, 1536ULL, 1ULL << 40})
        EXPECT_EQ(parse_size(format_size(octets)), octets);
    for (const Duration time :
         {Duration{0}, Duration{1}, Duration{8s}, Duration{90min}, Duration{24h}})
        EXPECT_EQ(parse_duration(format_duration(time)), time);
    EXPECT_EQ(format_size(64 << 10), "64 KiB");
    EXPECT_EQ(format_duration(90s), "90s");
}

TEST(Syntax, CountsWhatWasTypedWrong)
{
    EXPECT_EQ(edit_distance("", ""), 0U);
    EXPECT_EQ(edit_distance("smtp", "smtp"), 0U);
    EXPECT_EQ(edit_distance("smpt", "smtp"), 1U);
    EXPECT_EQ(edit_distance("mtp", "smtp"), 1U);
    EXPECT_EQ(edit_distance("", "smtp"), 4U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Syntax, KnowsDomains) // RFC 1035 sections 2.3.1 and 2.3.4
{
    for (const auto* text : {"a", "localhost", "mx.example.test", "1a.2b", "xn--bcher-kva.test"})
        EXPECT_TRUE(is_domain(text)) << text;
    for (const auto* text : {"", ".", "a.", ".a", "a..b", "-a", "a-", "a_b", "a b", "b\xc3\xbc"})
        EXPECT_FALSE(is_domain(text)) << text;
    const std::string label(63, 'a');
    EXPECT_TRUE(is_domain(label + '.' + label + '.' + label + '.' + label));
    EXPECT_FALSE(is_domain(label + 'a'));
    EXPECT_FALSE(is_domain(label + '.' + label + '.' + label + '.' + label + ".a"));
}

TEST(Syntax, KnowsAddresses)
{
    for (const auto* text : {"ana@example.test", "*@example.test", "a+b@x", "\u6771@\u4eac.test",
                             "j\u00f6rg@b\u00fccher.example"})
        EXPECT_TRUE(is_address(text)) << text;
    for (const auto* text : {"", "ana", "@x", "ana@", "ana@-x", "a*@x", "ana@x y", "a\tb@x"})
        EXPECT_FALSE(is_address(text)) << text;
}

TEST(Syntax, SpellsAddressesInOneWay)
{
    EXPECT_EQ(canonical_ip("127.0.0.1"), "127.0.0.1");
    EXPECT_EQ(canonical_ip("0:0:0:0:0:0:0:1"), "::1");
    EXPECT_EQ(canonical_ip("2001:DB8::0"), "2001:db8::");
    for (const auto* text : {"", "localhost", "1.2.3", "1.2.3.256", "01.2.3.4", "::1%lo", "[::1]"})
        EXPECT_EQ(canonical_ip(text), std::nullopt) << text;
}

} // namespace
} // namespace portico::config
