#include "services/accounts/guard.hpp"
#include "services/accounts/scram_cache.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace portico::accounts {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr Guard::Address v4(unsigned char third, unsigned char last)
{
    return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, third, last};
}

constexpr Guard::Address v6(unsigned char network, unsigned char host)
{
    return {0x20, 1, 0x0d, 0xb8, 0, 0, 0, network, 0, 0, 0, 0, 0, 0, 0, host};
}

constexpr Guard::Address localhost6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
constexpr Guard::Address localhost4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 9, 9, 9};

struct GuardTest : testing::Test {
    milliseconds failed(const Guard::Address& peer, std::optional<std::string_view> account)
    {
        return guard.failed(peer, account, now);
    }

    Guard::Time now{1000h};
    Guard guard{5s, false, "key"};
};

TEST_F(GuardTest, DelaysGrowUpToTheMaximum)
{
    std::vector<milliseconds> delays;
    for (int i = 0; i < 7; ++i) delays.push_back(failed(v4(2, 1), "ana"));
    EXPECT_EQ(delays, (std::vector<milliseconds>{312ms, 625ms, 1250ms, 2500ms, 5s, 5s, 5s}));
}

TEST_F(GuardTest, CountsByPeer)
{
    for (auto name : {"a", "b", "c", "d"}) failed(v4(2, 1), name);
    EXPECT_EQ(failed(v4(2, 1), "e"), 5s);
    EXPECT_EQ(failed(v4(2, 1), std::nullopt), 5s);
    EXPECT_EQ(failed(v4(2, 2), "f"), 312ms) << "another peer, another name";
}

TEST_F(GuardTest, CountsByAccount)
{
    for (unsigned char i = 1; i < 5; ++i) failed(v4(2, i), "ana");
    EXPECT_EQ(failed(v4(2, 5), "ANA"), 5s) << "names have no case";
    EXPECT_EQ(failed(v4(2, 6), "ben"), 312ms);
    EXPECT_EQ(failed(v4(2, 7), std::nullopt), 312ms);
}

TEST_F(GuardTest, OneFailureIsForgottenAMinute)
{
    for (int i = 0; i < 5; ++i) failed(v4(2, 1), "ana");
    now += 2min; // three left
    EXPECT_EQ(failed(v4(2, 1), "ana"), 2500ms);
    now += 4min; // none
    EXPECT_EQ(failed(v4(2, 1), "ana"), 312ms);
}

TEST_F(GuardTest, NoMoreIsRememberedThanIsForgottenSoon)
{
    for (int i = 0; i < 1000; ++i) failed(v4(2, 1), "ana");
    now += 15min;
    EXPECT_EQ(failed(v4(2, 1), "ana"), 312ms);
}

TEST_F(GuardTest, AnIpv6NetworkIsOnePeer)
{
    for (unsigned char host = 1; host < 5; ++host) failed(v6(1, host), std::nullopt);
    EXPECT_EQ(failed(v6(1, 9), std::nullopt), 5s);
    EXPECT_EQ(failed(v6(2, 1), std::nullopt), 312ms);
}

TEST_F(GuardTest, LoopbackIsNotDelayedNorCounted)
{
    for (const auto& peer : {localhost4, localhost6})
        for (int i = 0; i < 10; ++i) EXPECT_EQ(failed(peer, "ana"), 0ms);
    EXPECT_EQ(guard.entries(), 0U);
    EXPECT_EQ(failed(v4(2, 1), "ana"), 312ms);

    Guard strict{5s, true, "key"};
    EXPECT_EQ(strict.failed(localhost4, "ana", now), 312ms);
    EXPECT_EQ(strict.failed(localhost6, "ana", now), 625ms);
}

TEST_F(GuardTest, WithoutAMaximumNoDelay)
{
    Guard none{0ms, true, "key"};
    for (int i = 0; i < 10; ++i) EXPECT_EQ(none.failed(v4(2, 1), "ana", now), 0ms);
    EXPECT_EQ(none.entries(), 0U);
}

TEST_F(GuardTest, IsBounded)
{
    for (int i = 0; i < 4; ++i) failed(v4(2, 1), "ana");
    for (std::size_t i = 0; i < 3 * Guard::most_entries; ++i) {
        const auto name = std::to_string(i);
        failed(v4(static_cast<unsigned char>(3 + i % 100), 1), name);
        ASSERT_LE(guard.entries(), 2 * Guard::most_entries);
    }
    EXPECT_EQ(failed(v4(2, 9), "ana"), 5s) << "who is guessed at most is not washed away";
}

TEST_F(GuardTest, WhatIsForgottenGoesFirst)
{
    for (std::size_t i = 0; i < Guard::most_entries; ++i) failed(v4(3, 1), std::to_string(i));
    EXPECT_EQ(guard.entries(), 1 + Guard::most_entries);
    now += 1min;
    failed(v4(3, 1), "ana");
    EXPECT_EQ(guard.entries(), 2U);
}

TEST(ScramCache, KeepsWhatIsUsedAndIsBounded)
{
    ScramCache cache;
    cache.keep({.salt = "ana", .iterations = 7, .stored_key = {}, .server_key = {}});
    EXPECT_FALSE(cache.find("ben"));
    for (std::size_t i = 0; i < 5 * ScramCache::generation; ++i) {
        cache.keep(
            {.salt = std::to_string(i), .iterations = 1, .stored_key = {}, .server_key = {}});
        if (i % 1000 == 0) {
            const auto keys = cache.find("ana");
            ASSERT_TRUE(keys);
            ASSERT_EQ(keys->salt, "ana");
            ASSERT_EQ(keys->iterations, 7U);
        }
        ASSERT_LE(cache.size(), 2 * ScramCache::generation);
    }
    EXPECT_FALSE(cache.find("0"));
}

} // namespace
} // namespace portico::accounts
