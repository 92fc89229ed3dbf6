#include "services/catalog/search.hpp"
#include "services/catalog/shelf.hpp"
#include "services/catalog/tags.hpp"
#include "tests/catalog/generate.hpp"
#include "tests/mail/support.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

namespace portico::catalog {

namespace {

using std::chrono::milliseconds;
constexpr std::uint64_t settings = 7;

/// A message as it goes into the files, and the facts that it is to be found by.
struct Made {
    Prepared prepared;
    Facts facts;
};

Made make(std::int64_t key, const std::string& source)
{
    const auto message = mime::parse(source);
    Made made;
    auto& head = made.prepared.head;
    head.key = key;
    head.entry =
        make_entry({.id = "id" + std::to_string(key),
                    .created = std::chrono::sys_time<milliseconds>{milliseconds{key * 10'000'000}},
                    .size = source.size(),
                    .recipients = {"blind@x.org"}},
                   message, "mx", tags_of(message, {}));
    made.facts = make_facts(head.entry, message);
    head.facts = made.facts;
    made.prepared.text = made.facts.text;
    return made;
}

std::string octets_of(const std::filesystem::path& file)
{
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

void write(const std::filesystem::path& file, std::string_view octets)
{
    std::ofstream{file, std::ios::binary} << octets;
}

class CatalogShelf : public testing::Test {
protected:
    Shelf created(std::span<Prepared> messages)
    {
        auto shelf = Shelf::create(folder.path(), settings, "new");
        EXPECT_TRUE(shelf);
        const auto placed = shelf->append(messages);
        EXPECT_TRUE(placed);
        add(*placed);
        EXPECT_TRUE(shelf->publish());
        return std::move(*shelf);
    }

    void add(const std::vector<Placed>& placed)
    {
        for (const auto& record : placed)
            EXPECT_TRUE(slots.add(record.key, record.offset, record.size, record.tags));
    }

    std::vector<std::int64_t> found(const Shelf& shelf, const Query& query)
    {
        const Plan plan{query};
        const auto all = slots.allowed(plan, 1'000'000);
        const auto matching = search(shelf, plan, all);
        EXPECT_TRUE(matching);
        std::vector<std::int64_t> keys;
        for (const auto& slot : *matching) keys.push_back(slot.key);
        return keys;
    }

    mail::test::TemporaryFolder folder;
    Slots slots;
};

} // namespace

TEST_F(CatalogShelf, ASearchFindsWhatMatches)
{
    test::Generator generator{1};
    std::vector<Made> made;
    std::vector<Prepared> prepared;
    for (std::int64_t key = 1; key <= 300; ++key) {
        made.push_back(make(key, generator.source()));
        prepared.push_back(made.back().prepared);
    }
    const auto shelf = created(prepared);
    for (std::int64_t key = 3; key <= 300; key += 3) {
        slots.set_read(key, true);
        made[static_cast<std::size_t>(key - 1)].facts.read = true;
    }
    std::size_t hits = 0;
    for (int round = 0; round < 500; ++round) {
        const auto text = generator.query();
        const auto query = parse_query(text, {});
        std::vector<std::int64_t> expected;
        for (std::size_t i = 0; i < made.size(); ++i)
            if (matches(query, made[i].facts)) expected.push_back(static_cast<std::int64_t>(i + 1));
        EXPECT_EQ(found(shelf, query), expected) << text;
        hits += expected.size();
    }
    EXPECT_GT(hits, 2'000U); // the queries are not all beside the point
}

TEST_F(CatalogShelf, IsThereAgainWhenOpened)
{
    std::vector<Prepared> prepared{make(5, "X-Tags: a,b\r\nSubject: one\r\n\r\nfirst").prepared,
                                   make(3, "Subject: two\r\n\r\nsecond").prepared};
    {
        const auto shelf = created(prepared);
    }
    auto opened = Shelf::open(folder.path(), settings);
    ASSERT_TRUE(opened) << opened.error().what;
    EXPECT_EQ(opened->cut_off, 0U);
    ASSERT_EQ(opened->records.size(), 2U);
    EXPECT_EQ(opened->records[0].key, 5);
    EXPECT_EQ(opened->records[0].tags, (std::vector<std::string>{"a", "b"}));
    const auto head = read_head(opened->shelf, *slots.find(3));
    ASSERT_TRUE(head);
    EXPECT_EQ(head->entry.subject, "two");
    EXPECT_EQ(found(opened->shelf, parse_query("first", {})), (std::vector<std::int64_t>{5}));
    EXPECT_TRUE(found(opened->shelf, parse_query("\"first second\"", {})).empty());
}

TEST_F(CatalogShelf, ATornTailIsCutOffWhereverItIs)
{
    std::vector<Prepared> prepared;
    for (std::int64_t key = 1; key <= 2; ++key)
        prepared.push_back(make(key, "Subject: s\r\n\r\ntext").prepared);
    {
        const auto shelf = created(prepared);
    }
    const auto heads = octets_of(folder.path() / "heads"),
               texts = octets_of(folder.path() / "texts");
    const auto records_in = [&](std::size_t heads_size, std::size_t texts_size) -> std::size_t {
        write(folder.path() / "heads", std::string_view{heads}.substr(0, heads_size));
        write(folder.path() / "texts", std::string_view{texts}.substr(0, texts_size));
        auto opened = Shelf::open(folder.path(), settings);
        if (!opened) return 99;
        // What is left is whole, and goes on where it was cut.
        auto more = make(9, "Subject: more\r\n\r\nmore").prepared;
        EXPECT_TRUE(opened->shelf.append({&more, 1}));
        const auto again = Shelf::open(folder.path(), settings);
        EXPECT_EQ(again->records.size(), opened->records.size() + 1);
        EXPECT_EQ(again->cut_off, 0U);
        return opened->records.size();
    };
    const auto record = (heads.size() - 32) / 2, text = (texts.size() - 32) / 2;
    for (std::size_t size = 0; size <= heads.size(); ++size)
        EXPECT_EQ(records_in(size, texts.size()), size < 32 ? 99 : (size - 32) / record) << size;
    for (std::size_t size = 0; size <= texts.size(); ++size)
        EXPECT_EQ(records_in(heads.size(), size), size < 32 ? 99 : (size - 32) / text) << size;
}

TEST_F(CatalogShelf, WhatIsDamagedIsCutOffFromThere)
{
    std::vector<Prepared> prepared;
    for (std::int64_t key = 1; key <= 3; ++key)
        prepared.push_back(make(key, "Subject: s\r\n\r\ntext").prepared);
    {
        const auto shelf = created(prepared);
    }
    const auto heads = octets_of(folder.path() / "heads"),
               texts = octets_of(folder.path() / "texts");
    for (const std::string name : {"heads", "texts"}) {
        auto changed = name == "heads" ? heads : texts;
        const auto record = (changed.size() - 32) / 3;
        changed[32 + record + record / 2] = '!';
        write(folder.path() / "heads", heads);
        write(folder.path() / "texts", texts);
        write(folder.path() / name, changed);
        const auto opened = Shelf::open(folder.path(), settings);
        ASSERT_TRUE(opened);
        EXPECT_EQ(opened->records.size(), 1U) << name;
        EXPECT_GT(opened->cut_off, 0U);
    }
}

TEST_F(CatalogShelf, KnowsFilesThatAreNotItsOwn)
{
    EXPECT_EQ(Shelf::open(folder.path(), settings).error().kind, mail::StoreError::gone);
    {
        const auto shelf = created({});
    }
    EXPECT_EQ(Shelf::open(folder.path(), settings + 1).error().kind, mail::StoreError::damaged);
    const auto texts = octets_of(folder.path() / "texts");
    {
        const auto shelf = created({});
    }
    write(folder.path() / "texts", texts); // of others
    EXPECT_EQ(Shelf::open(folder.path(), settings).error().kind, mail::StoreError::damaged);
}

TEST_F(CatalogShelf, ASlotThatLeadsNowhereIsDamage)
{
    std::vector<Prepared> prepared{make(1, "Subject: s\r\n\r\ntext").prepared};
    const auto shelf = created(prepared);
    for (const auto wrong : {Slot{.key = 2, .offset = 32, .size = slots.find(1)->size},
                             Slot{.key = 1, .offset = 33, .size = slots.find(1)->size},
                             Slot{.key = 1, .offset = 32, .size = 1 << 20}}) {
        const auto matching = search(shelf, Plan{parse_query("to:x", {})}, {wrong});
        ASSERT_FALSE(matching);
        EXPECT_EQ(matching.error().kind, mail::StoreError::damaged);
        EXPECT_FALSE(read_head(shelf, wrong));
    }
}

} // namespace portico::catalog
