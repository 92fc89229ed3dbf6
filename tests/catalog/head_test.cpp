#include "services/catalog/head.hpp"
#include "services/mime/message.hpp"

#include <gtest/gtest.h>

#include <string>

namespace portico::catalog {

namespace {

using std::chrono::milliseconds;

Head example()
{
    const auto message = mime::parse("From: Ana <ana@example.net>\r\nTo: Bob <b@x.org>, c@x.org\r\n"
                                     "Cc: D <d@x.org>\r\nReply-To: r@x.org\r\n"
                                     "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHello\r\n");
    Head head{.key = -5};
    head.entry = make_entry({.id = "0123456789abcdefghijkl",
                             .created = std::chrono::sys_time<milliseconds>{milliseconds{-1}},
                             .size = std::uint64_t{1} << 40,
                             .username = "ana",
                             .return_path = "bounce@example.net",
                             .recipients = {"blind@x.org"}},
                            message, "mx", {"One", "two"});
    head.entry.attachments = 3;
    head.facts = make_facts(head.entry, message);
    head.facts.inlines = true;
    head.text = {.offset = std::uint64_t{1} << 50, .size = 7, .checksum = ~std::uint64_t{1}};
    return head;
}

void expect_same(const Head& a, const Head& b)
{
    EXPECT_EQ(a.key, b.key);
    EXPECT_EQ(a.text, b.text);
    EXPECT_EQ(a.entry.arrival.id, b.entry.arrival.id);
    EXPECT_EQ(a.entry.arrival.created, b.entry.arrival.created);
    EXPECT_EQ(a.entry.arrival.size, b.entry.arrival.size);
    EXPECT_EQ(a.entry.arrival.username, b.entry.arrival.username);
    EXPECT_EQ(a.entry.arrival.return_path, b.entry.arrival.return_path);
    EXPECT_EQ(a.entry.message_id, b.entry.message_id);
    EXPECT_EQ(a.entry.from, b.entry.from);
    EXPECT_EQ(a.entry.to, b.entry.to);
    EXPECT_EQ(a.entry.cc, b.entry.cc);
    EXPECT_EQ(a.entry.bcc, b.entry.bcc);
    EXPECT_EQ(a.entry.reply_to, b.entry.reply_to);
    EXPECT_EQ(a.entry.subject, b.entry.subject);
    EXPECT_EQ(a.entry.tags, b.entry.tags);
    EXPECT_EQ(a.entry.attachments, b.entry.attachments);
    EXPECT_EQ(a.entry.snippet, b.entry.snippet);
    EXPECT_EQ(a.facts.from, b.facts.from);
    EXPECT_EQ(a.facts.to, b.facts.to);
    EXPECT_EQ(a.facts.cc, b.facts.cc);
    EXPECT_EQ(a.facts.bcc, b.facts.bcc);
    EXPECT_EQ(a.facts.reply_to, b.facts.reply_to);
    EXPECT_EQ(a.facts.subject, b.facts.subject);
    EXPECT_EQ(a.facts.message_id, b.facts.message_id);
    EXPECT_EQ(a.facts.attachments, b.facts.attachments);
    EXPECT_EQ(a.facts.inlines, b.facts.inlines);
    EXPECT_EQ(a.facts.created, b.facts.created);
    EXPECT_EQ(a.facts.size, b.facts.size);
}

} // namespace

TEST(CatalogHead, IsReadAsItWasWritten)
{
    const auto head = example();
    const auto record = encode(head);
    const auto decoded = decode(record + "what follows");
    ASSERT_TRUE(decoded);
    expect_same(*decoded, head);
    const auto view = HeadView::at(record);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->size(), record.size());
    EXPECT_EQ(view->key(), head.key);
    EXPECT_EQ(view->fact(FactField::from), head.facts.from);
    EXPECT_EQ(view->fact(FactField::bcc), head.facts.bcc);
    EXPECT_EQ(view->fact(FactField::message_id), head.facts.message_id);
}

TEST(CatalogHead, IsTheSameOctetsOnEveryMachine)
{
    Head head{.key = 0x0102};
    head.facts.from = "a";
    const auto record = encode(head);
    EXPECT_EQ(record.size(), smallest_head + 1 + 13 * 4);
    EXPECT_EQ(record.substr(0, 4), std::string("\x91\0\0\0", 4));
    EXPECT_EQ(record.substr(16, 8), std::string("\2\1\0\0\0\0\0\0", 8));
    EXPECT_EQ(record.substr(64, 8), std::string("\1\0\0\0\1\0\0\0", 8));
    EXPECT_EQ(record[smallest_head], 'a');
}

TEST(CatalogHead, IsNoneWhereverItIsCutOff)
{
    const auto record = encode(example());
    for (std::size_t size = 0; size < record.size(); ++size) {
        // A copy, so that the address sanitizer sees a look past its end.
        const std::string cut{record, 0, size};
        EXPECT_FALSE(HeadView::at(cut)) << size;
        EXPECT_FALSE(decode(cut)) << size;
    }
}

TEST(CatalogHead, IsNoneWithAnyOctetChanged)
{
    const auto record = encode(example());
    for (std::size_t place = 0; place < record.size(); ++place) {
        auto changed = record;
        changed[place] = static_cast<char>(changed[place] ^ 0x20);
        EXPECT_FALSE(decode(changed)) << place;
        const auto view = HeadView::at(changed); // may be wrong, but stays within
        for (std::size_t field = 0; view && field < fact_fields; ++field) {
            EXPECT_LE(view->fact(static_cast<FactField>(field)).size(), changed.size());
        }
    }
}

TEST(CatalogHead, LeavesOutWhatAListNeedNotShow)
{
    Entry entry;
    entry.subject = std::string(16383, 'x') + "ü";
    for (int i = 0; i < 10'000; ++i) entry.to.push_back({.address = std::string(92, 'a')});
    entry.cc = entry.to;
    for (int i = 0; i < 200; ++i) entry.tags.push_back(std::to_string(i));
    shorten(entry);
    EXPECT_EQ(entry.subject, std::string(16383, 'x')); // cut between characters
    EXPECT_EQ(entry.to.size(), 2621U);
    EXPECT_TRUE(entry.cc.empty());
    EXPECT_EQ(entry.tags.size(), 100U);
    EXPECT_LT(encode({.entry = entry, .facts = make_facts(entry, {})}).size(), largest_head);
}

TEST(CatalogHead, ATextIsCutAtItsLimit)
{
    Entry entry;
    const auto message = mime::parse("Subject: s\r\n\r\n" + std::string(50, ' ') + "one  two üx");
    const auto text = [&](std::size_t most) { return make_facts(entry, message, most).text; };
    EXPECT_EQ(text(100), "one two üx");
    EXPECT_EQ(text(10), "one two ü");
    EXPECT_EQ(text(9), "one two");
    EXPECT_EQ(text(8), "one two");
    EXPECT_EQ(text(0), "");
}

} // namespace portico::catalog
