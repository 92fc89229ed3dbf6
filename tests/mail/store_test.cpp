#include "services/mail/id.hpp"
#include "services/mail/read_ahead.hpp"
#include "services/mail/sqlite.hpp"
#include "services/mail/store.hpp"
#include "support.hpp"

namespace portico::mail::test {

namespace {

constexpr auto ana = "ana@example.test";
constexpr auto bob = "bob@example.test";

// RFC 5321 section 4.5.2 and 4.1.1.4 leave the octets to us: they come back as they came.
TEST_F(StoreTest, GivesBackTheSameOctetsAtEverySize)
{
    auto border = static_cast<std::size_t>(limits.inline_bytes);
    std::vector<std::string> sent{"",
                                  "x",
                                  std::string(3, '\0'),
                                  octets(border - 1, 2),
                                  octets(border, 3),
                                  octets(border + 1, 4),
                                  octets(5 << 20, 5)};
    for (auto& one : sent) deliver({ana}, one);
    EXPECT_EQ(bodies(ana), sent);
    auto session = maildrop(ana);
    for (std::size_t i = 0; i < sent.size(); ++i)
        EXPECT_EQ(session->messages()[i].size, sent[i].size());
    EXPECT_EQ(body_files().size(), 2u) << "only what is larger than inline_bytes is in a file";
}

TEST_F(StoreTest, TakesAMessageInPiecesOfAnySize)
{
    auto whole = octets(300'000);
    auto pieces = [&](std::size_t first, std::size_t rest) -> net::Task<std::string> {
        auto draft = store->begin(envelope({ana}));
        std::string_view left{whole};
        for (auto size = first; !left.empty(); size = rest) {
            auto piece = left.substr(0, size);
            EXPECT_TRUE((co_await draft->append(piece)).has_value());
            left.remove_prefix(piece.size());
        }
        EXPECT_TRUE((co_await draft->append({})).has_value());
        EXPECT_TRUE((co_await draft->deliver()).has_value());
        co_return draft->id();
    };
    for (auto [first, rest] : {std::pair{1uz, 999uz}, {65'536uz, 65'536uz}, {300'000uz, 1uz}})
        run(pieces(first, rest));
    EXPECT_EQ(bodies(ana), std::vector(3, whole));
}

TEST_F(StoreTest, ALargeInlineBodyIsReadInPieces)
{
    limits.inline_bytes = 1 << 20;
    reopen();
    auto large = octets(700'000);
    deliver({ana}, large);
    EXPECT_EQ(bodies(ana), std::vector{large}); // read_all checks the size of the pieces
    EXPECT_TRUE(body_files().empty());
}

TEST_F(StoreTest, TheIdentityIsTheDraftsFromTheBeginning)
{
    auto id = deliver({ana}, "hello");
    EXPECT_TRUE(is_id(id));
    EXPECT_EQ(ids(ana), std::vector{id});
    auto found = run(store->find(id));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->unique_id(), id);
    EXPECT_EQ(found->size, 5u);
    EXPECT_EQ(body(*found), "hello");
}

TEST_F(StoreTest, FindsNothingForAnIdentityThatIsNone)
{
    auto id = deliver({ana}, "hello");
    for (auto& other : {std::string{}, std::string{"short"}, std::string(22, 'z'), new_id(),
                        std::string(22, '-')}) {
        EXPECT_EQ(run(store->find(other)).error(), StoreError::gone) << other;
        EXPECT_EQ(run(store->remove(other)).error(), StoreError::gone) << other;
    }
    EXPECT_EQ(ids(ana), std::vector{id});
}

TEST_F(StoreTest, AMessageForManyIsStoredOnce)
{
    auto large = octets(100'000);
    auto id = deliver({ana, bob, "eve@example.test"}, large);
    for (auto* mailbox : {ana, bob, "eve@example.test"}) {
        EXPECT_EQ(ids(mailbox), std::vector{id});
        EXPECT_EQ(bodies(mailbox), std::vector{large});
    }
    EXPECT_EQ(body_files(), std::vector{id});
}

TEST_F(StoreTest, AMessageIsOnceInAMailboxHoweverOftenItWasAddressed)
{
    Envelope repeated{"", {{"Ana@example.test", ana}, {"bob@x", bob}, {"ana@example.test", ana}}};
    auto id = run(deliver_one(*store, repeated, "hello"));
    ASSERT_TRUE(id.has_value());
    EXPECT_EQ(ids(ana), std::vector{*id});
    EXPECT_EQ(ids(bob), std::vector{*id});
}

TEST_F(StoreTest, AMessageForAThousandMailboxes)
{
    std::vector<std::string> names;
    for (int i = 0; i < 1000; ++i) names.push_back("user" + std::to_string(i) + "@example.test");
    auto id = deliver(names, "to all");
    EXPECT_EQ(ids(names.front()), std::vector{id});
    EXPECT_EQ(ids(names.back()), std::vector{id});
    EXPECT_EQ(run(store->list("", 5000))->size(), 1000u);
    ASSERT_TRUE(run(store->remove(id)).has_value());
    EXPECT_TRUE(run(store->list("", 5000))->empty());
}

TEST_F(StoreTest, AMessageNeedsARecipient)
{
    EXPECT_THROW((void)store->begin(Envelope{"ana@example.net", {}}), std::logic_error);
}

TEST_F(StoreTest, ADraftIsDeliveredOnce)
{
    auto twice = [&]() -> net::Task<bool> {
        auto draft = store->begin(envelope({ana}));
        EXPECT_TRUE((co_await draft->deliver()).has_value());
        (void)co_await draft->deliver();
        co_return true;
    };
    EXPECT_THROW(run(twice()), std::logic_error);
    EXPECT_EQ(ids(ana).size(), 1u);
}

TEST_F(StoreTest, AnAbandonedDraftLeavesNothing)
{
    auto abandon = [&](std::size_t size) -> net::Task<bool> {
        auto draft = store->begin(envelope({ana}));
        auto bytes = octets(size);
        co_return (co_await draft->append(bytes)).has_value();
    };
    EXPECT_TRUE(run(abandon(10)));
    EXPECT_TRUE(run(abandon(100'000)));
    EXPECT_TRUE(run(abandon(1'000'000)));
    EXPECT_TRUE(body_files().empty());
    EXPECT_TRUE(ids(ana).empty());
}

TEST_F(StoreTest, AnEmptyMaildropIsNoError)
{
    EXPECT_TRUE(ids("nobody@example.test").empty());
    auto session = maildrop("nobody@example.test");
    EXPECT_TRUE(run(session->remove({})).has_value());
}

TEST_F(StoreTest, AMaildropHasOneSession)
{
    deliver({ana}, "hello");
    auto first = maildrop(ana);
    EXPECT_EQ(run(store->open(ana)).error(), StoreError::in_use);
    EXPECT_TRUE(run(store->open(bob)).has_value());
    first.reset();
    EXPECT_TRUE(run(store->open(ana)).has_value());
}

TEST_F(StoreTest, ASessionSeesWhatWasThereWhenItBegan)
{
    auto first = deliver({ana}, "first");
    auto session = maildrop(ana);
    auto second = deliver({ana}, "second");
    ASSERT_EQ(session->messages().size(), 1u);
    ASSERT_TRUE(run(session->remove({0})).has_value());
    EXPECT_EQ(session->messages().size(), 1u);
    session.reset();
    EXPECT_EQ(ids(ana), std::vector{second});
}

TEST_F(StoreTest, RemovalFromOneMailboxLeavesTheOther)
{
    auto large = octets(100'000);
    deliver({ana, bob}, large);
    ASSERT_TRUE(run(maildrop(ana)->remove({0})).has_value());
    EXPECT_TRUE(ids(ana).empty());
    EXPECT_EQ(bodies(bob), std::vector{large});
    EXPECT_EQ(body_files().size(), 1u);

    ASSERT_TRUE(run(maildrop(bob)->remove({0})).has_value());
    EXPECT_TRUE(ids(bob).empty());
    EXPECT_TRUE(body_files().empty()) << "the last reference is gone";
}

TEST_F(StoreTest, RemovesExactlyTheMessagesThatAreNamed)
{
    std::vector<std::string> all;
    for (int i = 0; i < 10; ++i) all.push_back(deliver({ana}, std::to_string(i)));
    ASSERT_TRUE(run(maildrop(ana)->remove({9, 0, 4})).has_value());
    EXPECT_EQ(bodies(ana), (std::vector<std::string>{"1", "2", "3", "5", "6", "7", "8"}));
    reopen();
    EXPECT_EQ(bodies(ana), (std::vector<std::string>{"1", "2", "3", "5", "6", "7", "8"}));
}

TEST_F(StoreTest, AnIndexThatIsNoneRemovesNothing)
{
    deliver({ana}, "hello");
    auto session = maildrop(ana);
    EXPECT_THROW(run(session->remove({0, 1})), std::out_of_range);
    session.reset();
    EXPECT_EQ(ids(ana).size(), 1u);
}

TEST_F(StoreTest, RemovalByIdentityReachesEverySession)
{
    auto small = deliver({ana, bob}, "small");
    auto empty = deliver({ana}, "");
    auto large = deliver({ana}, octets(100'000));
    auto session = maildrop(ana);
    for (auto& id : {small, empty, large}) EXPECT_TRUE(run(store->remove(id)).has_value());
    EXPECT_TRUE(body_files().empty());
    ASSERT_EQ(session->messages().size(), 3u);
    for (auto& message : session->messages())
        EXPECT_EQ(run(read_all(session->read(message))).error(), StoreError::gone);
    EXPECT_TRUE(ids(bob).empty());
    EXPECT_EQ(run(store->find(small)).error(), StoreError::gone);
    EXPECT_EQ(run(store->remove(small)).error(), StoreError::gone);
    // What is gone already does not keep the others from going.
    EXPECT_TRUE(run(session->remove({0, 1, 2})).has_value());
}

TEST_F(StoreTest, AReadingThatHasBegunGoesOnWhenTheMessageIsRemoved)
{
    auto large = octets(600'000);
    auto id = deliver({ana}, large);
    auto halfway = [&]() -> net::Task<std::string> {
        auto message = co_await store->find(id);
        auto reading = store->read(*message);
        auto read = (co_await reading->next()).value();
        EXPECT_TRUE((co_await store->remove(id)).has_value());
        for (;;) {
            auto piece = (co_await reading->next()).value();
            if (piece.empty()) co_return read;
            read += piece;
        }
    };
    EXPECT_EQ(run(halfway()), large);
}

TEST_F(StoreTest, WhoReadsInOrderHasTheNextAtHand)
{
    std::vector<std::string> sent{"1", "", octets(3000), octets(100'000), "5", octets(65'537)};
    for (std::uint32_t seed = 1; seed != 60; ++seed) sent.push_back(octets(2000 + seed, seed));
    for (const auto& body : sent) deliver({ana}, body);
    auto session = maildrop(ana);
    EXPECT_FALSE(session->at_hand(0));
    std::size_t fetches = 0;
    for (std::size_t index = 0; index != sent.size(); ++index) {
        if (!session->at_hand(index)) {
            fetches += 1;
            ASSERT_TRUE(run(session->fetch(index)).has_value());
        }
        const auto whole = session->at_hand(index);
        ASSERT_EQ(whole.has_value(), sent[index].size() <= ReadAhead::most) << index;
        EXPECT_TRUE(whole.value_or(sent[index]) == sent[index]) << index;
    }
    EXPECT_LE(fetches, 12U);
    EXPECT_FALSE(session->at_hand(0)) << "what was read is not kept";
    EXPECT_FALSE(session->at_hand(sent.size()));
    EXPECT_THROW(run(session->fetch(sent.size())), std::out_of_range);
}

TEST_F(StoreTest, WhoReadsOneMessageHasNoOtherAtHand)
{
    for (const auto* body : {"1", "2", "3", "4"}) deliver({ana}, body);
    auto session = maildrop(ana);
    ASSERT_TRUE(run(session->fetch(3)).has_value());
    ASSERT_TRUE(run(session->fetch(1)).has_value());
    EXPECT_EQ(session->at_hand(1), "2");
    EXPECT_FALSE(session->at_hand(2));
    EXPECT_FALSE(session->at_hand(3));
}

TEST_F(StoreTest, WhatWasRemovedIsNotAtHand)
{
    std::vector<std::string> ids_of;
    for (const auto* body : {"1", "2", "3", "4"}) ids_of.push_back(deliver({ana, bob}, body));
    auto session = maildrop(ana);
    ASSERT_TRUE(run(session->fetch(0)).has_value());
    ASSERT_TRUE(run(session->fetch(1)).has_value());
    ASSERT_EQ(session->at_hand(2), "3");
    ASSERT_TRUE(run(store->remove(ids_of[2])).has_value());
    EXPECT_FALSE(session->at_hand(2));
    EXPECT_EQ(run(session->fetch(2)).error(), StoreError::gone);
    EXPECT_FALSE(session->at_hand(2));
    ASSERT_TRUE(run(session->fetch(3)).has_value());
    EXPECT_EQ(session->at_hand(3), "4");
}

TEST_F(StoreTest, WithoutMemoryForItNothingIsReadAhead)
{
    limits.read_ahead_bytes = 100'000;
    reopen();
    for (const auto* mailbox : {ana, bob})
        for (std::uint32_t seed = 1; seed != 40; ++seed) deliver({mailbox}, octets(2000, seed));
    auto first = maildrop(ana);
    auto second = maildrop(bob);
    auto at_hand_in = [&](Maildrop& session) {
        std::size_t count = 0;
        for (std::size_t index = 0; index != 39; ++index) {
            if (!session.at_hand(index)) {
                EXPECT_TRUE(run(session.fetch(index)).has_value());
            }
            const auto whole = session.at_hand(index);
            if (!whole) continue;
            ++count;
            EXPECT_TRUE(*whole == octets(2000, static_cast<std::uint32_t>(index + 1))) << index;
        }
        return count;
    };
    EXPECT_EQ(at_hand_in(*first), 39U);
    EXPECT_EQ(at_hand_in(*second), 39U) << "with less of it";
    limits.read_ahead_bytes = 0;
    first.reset();
    second.reset();
    reopen();
    first = maildrop(ana);
    EXPECT_EQ(at_hand_in(*first), 0U);
    EXPECT_TRUE(run(read_all(first->read(first->messages()[0]))).value() == octets(2000, 1));
}

TEST_F(StoreTest, ListsNewestFirst)
{
    auto before = std::chrono::system_clock::now() - std::chrono::seconds{1};
    auto first = deliver({ana}, "1");
    auto second = deliver({ana, bob}, "22");
    auto third = deliver({bob}, "333");
    auto of_ana = run(store->list(ana, 10)).value();
    ASSERT_EQ(of_ana.size(), 2u);
    EXPECT_EQ(of_ana[0].id, second);
    EXPECT_EQ(of_ana[1].id, first);
    EXPECT_EQ(of_ana[1].mailbox, ana);
    EXPECT_EQ(of_ana[1].reverse_path, "ana@example.net");
    EXPECT_EQ(of_ana[0].size, 2u);
    EXPECT_GT(of_ana[1].received, before);
    EXPECT_LE(of_ana[1].received, std::chrono::system_clock::now());

    auto all = run(store->list("", 3)).value();
    ASSERT_EQ(all.size(), 3u); // once for each mailbox it is in
    EXPECT_EQ(all[0].id, third);
    EXPECT_EQ(all[1].id, second);
    EXPECT_EQ(all[2].id, second);
    EXPECT_NE(all[1].mailbox, all[2].mailbox);
    EXPECT_EQ(run(store->list("", 2))->size(), 2u);
    EXPECT_TRUE(run(store->list(ana, 0))->empty());
    EXPECT_TRUE(run(store->list("nobody@example.test", 10))->empty());

    ASSERT_TRUE(run(maildrop(ana)->remove({1})).has_value());
    EXPECT_EQ(run(store->list("", 10))->size(), 3u) << "a mailbox that let go of it is left out";
}

TEST_F(StoreTest, ReopeningFindsEverything)
{
    auto large = octets(100'000);
    auto first = deliver({ana}, "first");
    auto second = deliver({ana, bob}, large);
    reopen();
    EXPECT_EQ(ids(ana), (std::vector{first, second}));
    EXPECT_EQ(bodies(ana), (std::vector<std::string>{"first", large}));
    EXPECT_TRUE(run(store->find(second)).has_value());
    auto third = deliver({ana}, "third");
    EXPECT_EQ(ids(ana), (std::vector{first, second, third}));
}

TEST_F(StoreTest, AnIdentityIsNotGivenTwiceAfterTheNewestMessageWasRemoved)
{
    auto first = deliver({ana}, "first");
    ASSERT_TRUE(run(store->remove(first)).has_value());
    reopen();
    auto second = deliver({ana}, "second");
    EXPECT_NE(first, second);
    EXPECT_EQ(run(store->find(first)).error(), StoreError::gone);
    EXPECT_EQ(run(store->remove(first)).error(), StoreError::gone);
    EXPECT_EQ(ids(ana), std::vector{second});
}

TEST_F(StoreTest, WithoutMemoryInTheBudgetSmallMessagesGoToFilesToo)
{
    limits.queue_bytes = 1000;
    reopen();
    auto many = [&]() -> net::Task<bool> {
        std::vector<std::unique_ptr<Draft>> drafts;
        auto half = octets(400);
        for (int i = 0; i < 50; ++i) drafts.push_back(store->begin(envelope({ana})));
        for (int round = 0; round < 2; ++round)
            for (auto& draft : drafts) EXPECT_TRUE((co_await draft->append(half)).has_value());
        for (auto& draft : drafts) EXPECT_TRUE((co_await draft->deliver()).has_value());
        co_return true;
    };
    run(many());
    auto half = octets(400);
    EXPECT_EQ(bodies(ana), std::vector(50, half + half));
    EXPECT_GE(body_files().size(), 48u);

    // All of it was given back: the next ones find room in memory again.
    auto files = body_files().size();
    for (int i = 0; i < 5; ++i) deliver({bob}, octets(900));
    EXPECT_EQ(body_files().size(), files);
}

TEST_F(StoreTest, EightBitAddressesAreKept)
{
    Envelope odd{"j\xc3\xb6rg@example.net", {{"m\xfc@x", "m\xfc@x"}}};
    ASSERT_TRUE(run(deliver_one(*store, odd, "hello")).has_value());
    auto listed = run(store->list("m\xfc@x", 10)).value();
    ASSERT_EQ(listed.size(), 1u);
    EXPECT_EQ(listed[0].reverse_path, odd.reverse_path);
}

TEST_F(StoreTest, KnowsWhichMessagesLackTheirLastLineEnd)
{
    for (auto body : {"", "whole\r\n", "\n", "cut\r", "cut\r\nhere", "\r\n"}) deliver({ana}, body);
    reopen();
    std::vector<bool> lacking;
    std::vector<std::uint64_t> octets;
    const auto session = maildrop(ana);
    for (auto& message : session->messages()) {
        lacking.push_back(message.lacks_final_crlf);
        octets.push_back(message.octets_on_the_wire());
        EXPECT_EQ(run(store->find(std::string{message.unique_id()}))->lacks_final_crlf,
                  message.lacks_final_crlf);
    }
    EXPECT_EQ(lacking, (std::vector{false, false, true, true, true, false}));
    EXPECT_EQ(octets, (std::vector<std::uint64_t>{0, 7, 3, 6, 11, 2}));
}

TEST_F(StoreTest, KnowsWhichHeadersAreUtf8)
{
    constexpr std::string_view in_header = "Subject: \xc3\xbc\r\n\r\nbody\r\n";
    constexpr std::string_view in_body = "Subject: u\r\n\r\n\xc3\xbc\r\n";
    for (auto [body, smtputf8] :
         {std::pair{in_header, true}, {in_header, false}, {in_body, true}}) {
        auto sent = envelope({ana});
        sent.smtputf8 = smtputf8;
        ASSERT_TRUE(run(deliver_one(*store, sent, std::string{body})).has_value());
    }
    std::vector<bool> utf8;
    const auto session = maildrop(ana);
    for (auto& message : session->messages()) utf8.push_back(message.utf8);
    EXPECT_EQ(utf8, (std::vector{true, false, false}));
}

TEST_F(StoreTest, KeepsTheParametersOfTheEnvelope)
{
    auto sent = envelope({ana, bob});
    sent.body = BodyType::binary;
    sent.smtputf8 = true;
    sent.ret = "HDRS";
    sent.envid = "QQ+20314159";
    sent.recipients[0].notify = "SUCCESS,DELAY";
    sent.recipients[1].orcpt = "rfc822;Bob@example.test";
    ASSERT_TRUE(run(deliver_one(*store, sent, "hello")).has_value());
    deliver({ana}, "plain");
    auto kept =
        sqlite::Database::open(folder.path() / "mail/mail.db", sqlite::Mode::read_only).value();
    auto statement = kept.prepare("SELECT parameters, recipients FROM message ORDER BY id").value();
    auto rows = statement.start();
    ASSERT_TRUE(rows.next().value());
    EXPECT_EQ(rows.text(0), "BODY=BINARYMIME SMTPUTF8 RET=HDRS ENVID=QQ+20314159");
    EXPECT_EQ(rows.text(1), "ana@example.test\tNOTIFY=SUCCESS,DELAY\n"
                            "bob@example.test\tORCPT=rfc822;Bob@example.test");
    ASSERT_TRUE(rows.next().value());
    EXPECT_EQ(rows.text(0), "");
}

} // namespace

} // namespace portico::mail::test
