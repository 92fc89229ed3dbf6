#include "services/catalog/needle.hpp"
#include "services/catalog/slots.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace portico::catalog {

namespace {

using Keys = std::vector<std::int64_t>;
using Counts = TagCounts;

Keys keys(const std::vector<Slot>& slots)
{
    Keys result;
    for (const auto& slot : slots) result.push_back(slot.key);
    return result;
}

Keys found(const Slots& slots, std::string_view query, std::int64_t below = 1000)
{
    return keys(slots.allowed(Plan{parse_query(query, {})}, below));
}

Slots example()
{
    Slots slots;
    slots.add(3, 30, 10, {"A"});
    slots.add(1, 10, 10, {});
    slots.add(2, 20, 10, {"a", "b"});
    return slots;
}

} // namespace

TEST(CatalogSlots, AreInTheOrderOfKeys)
{
    auto slots = example();
    EXPECT_EQ(keys(slots.all()), (Keys{1, 2, 3}));
    EXPECT_FALSE(slots.add(2, 99, 10, {}));
    EXPECT_EQ(slots.find(2)->offset, 20U);
    EXPECT_EQ(slots.find(4), nullptr);
    EXPECT_EQ(slots.size(), 3U);
    EXPECT_EQ(slots.octets(), 30U);
}

TEST(CatalogSlots, CountWhatIsUnread)
{
    auto slots = example();
    EXPECT_TRUE(slots.set_read(1, true));
    EXPECT_FALSE(slots.set_read(1, true));
    EXPECT_FALSE(slots.set_read(9, true));
    EXPECT_EQ(slots.unread(), 2U);
    EXPECT_EQ(found(slots, "is:read"), (Keys{1}));
    EXPECT_EQ(found(slots, "is:unread"), (Keys{2, 3}));
    slots.remove(Keys{1, 2, 7});
    EXPECT_EQ(slots.unread(), 1U);
    EXPECT_EQ(slots.octets(), 10U);
    slots.set_all_read(true);
    EXPECT_EQ(slots.unread(), 0U);
}

TEST(CatalogSlots, KnowTags)
{
    auto slots = example();
    EXPECT_EQ(*slots.tags().counts(), (Counts{{"A", 2}, {"b", 1}}));
    EXPECT_EQ(found(slots, "tag:a"), (Keys{2, 3}));
    EXPECT_EQ(found(slots, "-tag:b"), (Keys{1, 3}));
    EXPECT_EQ(found(slots, "is:tagged", 3), (Keys{2}));
    EXPECT_TRUE(slots.set_tags(3, {"b"}));
    EXPECT_FALSE(slots.set_tags(3, {"b"}));
    EXPECT_EQ(keys(slots.tagged("b")), (Keys{2, 3}));
    EXPECT_EQ(*slots.tags().counts(), (Counts{{"A", 1}, {"b", 2}}));
    slots.remove(Keys{2, 3});
    EXPECT_TRUE(slots.tags().counts()->empty());
    EXPECT_TRUE(found(slots, "tag:b").empty());
}

TEST(CatalogSlots, KeepOnlySome)
{
    auto slots = example();
    slots.keep(Keys{0, 2, 5});
    EXPECT_EQ(keys(slots.all()), (Keys{2}));
    slots.keep({});
    EXPECT_EQ(slots.size(), 0U);
    EXPECT_EQ(slots.octets(), 0U);
}

TEST(CatalogTagSets, NumbersAreUsedAgain)
{
    TagSets sets;
    for (int i = 0; i < 1000; ++i) sets.release(sets.take({std::to_string(i)}));
    EXPECT_EQ(sets.size(), 2U);
    EXPECT_TRUE(sets.counts()->empty());
}

TEST(CatalogNeedle, FindsWhatStringsFind)
{
    std::mt19937 random{7};
    const auto text_of = [&](std::size_t size) {
        std::string text(size, ' ');
        for (auto& c : text) c = "ab \xC3"[random() % 4];
        return text;
    };
    for (int round = 0; round < 20'000; ++round) {
        const auto text = text_of(random() % 120);
        const Needle needle{text_of(1 + random() % 6)};
        const auto from = random() % 130;
        EXPECT_EQ(needle.find(text, from), text.find(needle.text(), from))
            << text << '|' << needle.text() << '|' << from;
    }
}

} // namespace portico::catalog
