#include "services/mail/identity.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>

namespace portico::mail {

namespace {

// From the table of the reference implementation: key 00 01 .. 0f, input 00 01 .. 07.
TEST(SipHash, GivesTheReferenceValue)
{
    IdBits key{0x0f0e0d0c0b0a0908, 0x0706050403020100};
    EXPECT_EQ(siphash(key, 0x0706050403020100), 0x93f5f5799a932462u);
}

TEST(Id, IsTwentyTwoLettersAndDigits)
{
    for (int i = 0; i < 1000; ++i) {
        auto id = new_id();
        EXPECT_TRUE(is_id(id)) << id;
        EXPECT_EQ(encode_id(decode_id(id).value()), id);
    }
    for (auto* other : {"", "0", "000000000000000000000", "00000000000000000000000",
                        "000000000000000000000-", "00000000000 0000000000"})
        EXPECT_FALSE(is_id(other)) << other;
}

TEST(Id, DecodesEveryValueOfItsBits)
{
    constexpr auto all = ~std::uint64_t{0};
    for (auto bits : {IdBits{0, 0}, IdBits{0, 1}, IdBits{0, all}, IdBits{1, 0}, IdBits{all, all}})
        EXPECT_EQ(decode_id(encode_id(bits)), bits);
    EXPECT_EQ(decode_id(std::string(22, 'z')), std::nullopt) << "beyond 128 bits";
    EXPECT_EQ(decode_id("short"), std::nullopt);
}

TEST(Identities, LeadBackToTheirKey)
{
    Identities identities{{1, 2}};
    for (std::int64_t key :
         {std::int64_t{1}, std::int64_t{2}, std::int64_t{1'000'000}, INT64_MAX}) {
        auto id = identities.make(key);
        EXPECT_TRUE(is_id(id));
        EXPECT_EQ(identities.key_of(id), key);
    }
    EXPECT_EQ(identities.key_of("rubbish"), std::nullopt);
}

TEST(Identities, DifferForTheSameKeyAndSayNothingWithoutTheSecret)
{
    Identities ours{{1, 2}};
    Identities others{{1, 3}};
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        auto id = ours.make(7);
        EXPECT_TRUE(seen.insert(id).second);
        EXPECT_NE(others.key_of(id), 7);
    }
}

} // namespace

} // namespace portico::mail
