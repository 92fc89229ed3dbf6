#include "services/accounts/base64.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

namespace portico::accounts {
namespace {

using namespace std::string_view_literals;

constexpr std::pair<std::string_view, std::string_view> vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff\xbf"sv, "+/+/"},
    {"\0\0\0"sv, "AAAA"},
    {"\0"sv, "AA=="},
};

TEST(Base64, TheVectorsBothWays)
{
    rule("4648", "10", "the test vectors of base64");
    for (auto [octets, text] : vectors) {
        EXPECT_EQ(base64(octets), text);
        EXPECT_EQ(from_base64(text), octets);
    }
}

TEST(Base64, EveryOctetAtEveryPlace)
{
    for (std::size_t length = 1; length <= 5; ++length)
        for (int octet = 0; octet < 256; ++octet) {
            const std::string octets(length, static_cast<char>(octet));
            EXPECT_EQ(from_base64(base64(octets)), octets);
        }
}

TEST(Base64, OtherCharactersAreRefused)
{
    rule("4648", "3.3", "characters outside the alphabet are refused, not skipped");
    for (auto text :
         {"Zm9 "sv, "Zm\r\n"sv, "Zm9v\r\n"sv, "Zm9-"sv, "Zm9_"sv, "Zm9\0"sv, "Zm9\xff"sv, "    "sv,
          "*"sv, "Zm=v"sv, "=Zm9"sv, "Z==="sv, "===="sv, "=="sv, "="sv})
        EXPECT_FALSE(from_base64(text)) << text;
}

TEST(Base64, PaddingIsExact)
{
    rule("4648", "3.2", "padding is there, and there is not too much of it");
    for (auto text : {"Zg"sv, "Zg="sv, "Zg==="sv,
                      "Zg===="
                      "=="sv,
                      "Zm8"sv, "Zm8=="sv, "Zm9v="sv, "Zm9v===="sv, "Zg==Zg=="sv, "Zm9vY"sv})
        EXPECT_FALSE(from_base64(text)) << text;
}

TEST(Base64, PadBitsAreZero)
{
    rule("4648", "3.5", "pad bits that are not zero are refused");
    for (auto text : {"Zh=="sv, "Zv=="sv, "Zm9="sv,
                      "Zm//"
                      "Zm+="sv,
                      "//=="sv})
        EXPECT_FALSE(from_base64(text)) << text;
}

} // namespace
} // namespace portico::accounts
