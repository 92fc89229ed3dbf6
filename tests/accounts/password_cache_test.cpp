#include "services/accounts/password_cache.hpp"

#include <gtest/gtest.h>

#include <string>

namespace portico::accounts {
namespace {

using namespace std::literals;

const PasswordCache::Time start{};

TEST(PasswordCache, HasWhatWasKeptForItsLife)
{
    PasswordCache cache{10, 5min, "key"};
    const auto right = cache.digest("ana", "$6$hash", "secret");
    EXPECT_FALSE(cache.has(1, right, start));
    cache.keep(1, right, start);
    EXPECT_TRUE(cache.has(1, right, start));
    EXPECT_FALSE(cache.has(2, right, start)) << "another account";
    EXPECT_TRUE(cache.has(1, right, start + 5min - 1ms)) << "being asked does not make it live on";
    EXPECT_FALSE(cache.has(1, right, start + 5min));
    EXPECT_EQ(cache.size(), 0U);
    EXPECT_FALSE(cache.has(1, right, start));
}

TEST(PasswordCache, AWrongPasswordIsNotInAndDoesNotPushTheRightOneOut)
{
    PasswordCache cache{10, 5min, "key"};
    const auto right = cache.digest("ana", "$6$hash", "secret");
    cache.keep(1, right, start);
    for (const auto* other : {"", "secre", "secret ", "Secret"})
        EXPECT_FALSE(cache.has(1, cache.digest("ana", "$6$hash", other), start)) << other;
    EXPECT_TRUE(cache.has(1, right, start));
    const auto next = cache.digest("ana", "$6$hash", "new");
    cache.keep(1, next, start);
    EXPECT_TRUE(cache.has(1, next, start));
    EXPECT_FALSE(cache.has(1, right, start)) << "an account has one";
}

TEST(PasswordCache, ADigestIsOfAllThreeAndOfTheKey)
{
    const PasswordCache cache{10, 5min, "key"};
    const auto digest = cache.digest("ana", "hash", "secret");
    EXPECT_EQ(cache.digest("ana", "hash", "secret"), digest);
    EXPECT_NE(cache.digest("bob", "hash", "secret"), digest);
    EXPECT_NE(cache.digest("ana", "hasher", "secret"), digest);
    EXPECT_NE(cache.digest("ana", "hash", "secreter"), digest);
    EXPECT_NE(cache.digest("anah", "ash", "secret"), digest);
    EXPECT_NE(cache.digest("ana", "hashs", "ecret"), digest);
    EXPECT_NE(cache.digest("ana", "hash", "secret\0"s), digest);
    const PasswordCache other{10, 5min, "another key"};
    EXPECT_NE(other.digest("ana", "hash", "secret"), digest);
    EXPECT_EQ(view(digest).find("secret"), std::string_view::npos);
}

TEST(PasswordCache, IsBounded)
{
    PasswordCache cache{3, 5min, "key"};
    const auto digest = cache.digest("ana", "hash", "secret");
    for (std::size_t account = 0; account != 10; ++account) {
        cache.keep(account, digest, start);
        EXPECT_TRUE(cache.has(account, digest, start)) << "the newest is there";
        EXPECT_LE(cache.size(), 3U);
    }
    cache.keep(9, digest, start + 1min);
    EXPECT_EQ(cache.size(), 3U);
    PasswordCache none{0, 5min, "key"};
    none.keep(1, digest, start);
    EXPECT_FALSE(none.has(1, digest, start));
    EXPECT_EQ(none.size(), 0U);
}

} // namespace
} // namespace portico::accounts
