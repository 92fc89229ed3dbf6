#include "services/catalog/query.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace portico::catalog {

namespace {

using Kind = Term::Kind;
using std::chrono::milliseconds;

std::chrono::sys_time<milliseconds> at(std::int64_t since_1970)
{
    return std::chrono::sys_time<milliseconds>{milliseconds{since_1970}};
}

constexpr std::int64_t noon = 1'709'640'000'000; // 2024-03-05T12:00:00Z

Facts example()
{
    return {
        .from = "ana banana ana@example.net\n",
        .to = "bob bob@example.org\n mia@example.org\n",
        .cc = "carl@example.org\n",
        .bcc = "secret@example.org\n",
        .reply_to = "desk@example.net\n",
        .subject = "your code, (urgent): grüße 100%",
        .message_id = "1.2@example.net",
        .tags = {"two words", "urgent"},
        .read = false,
        .attachments = true,
        .inlines = false,
        .created = at(noon),
        .size = 2048,
        .text = "ana banana ana@example.net your code urgent : grüße hello world https://x.org/a",
    };
}

/// "kind[!]:value"; times in ms, sizes in octets.
std::string told(const Query& query)
{
    constexpr std::string_view kinds[] = {
        "text",    "to",         "from",   "cc",     "bcc",    "reply-to", "addressed",
        "subject", "message-id", "tag",    "read",   "unread", "tagged",   "attachments",
        "inlines", "after",      "before", "larger", "smaller"};
    std::string text;
    for (const auto& term : query.terms) {
        text += text.empty() ? "" : "|";
        text += term.negated ? "!" : "";
        text += kinds[static_cast<std::size_t>(term.kind)];
        if (!term.value.empty()) text += ":" + term.value;
        if (term.kind == Kind::after || term.kind == Kind::before)
            text += fmt::format(":{}", term.time.time_since_epoch().count());
        if (term.kind == Kind::larger || term.kind == Kind::smaller)
            text += fmt::format(":{}", term.size);
    }
    return text;
}

} // namespace

TEST(CatalogQuery, IsCutIntoTerms)
{
    const struct {
        std::string query, terms;
    } cases[] = {
        {"", ""},
        {"  \t ", ""},
        {"hello World", "text:hello|text:world"},
        {"\"Hello  World\"", "text:hello world"},
        {"a\"b c\"d", "text:ab cd"},
        {"\"open quote", "text:open quote"},
        {"to:Ana@Example.net", "to:ana@example.net"},
        {"TO:x From:y CC:z bcc:w Reply-To:v ADDRESSED:u",
         "to:x|from:y|cc:z|bcc:w|reply-to:v|addressed:u"},
        {"to:\"Ana <ana@x.org>\"", "to:ana ana@x.org"},
        {"to:\"\"", ""},
        {"to:", ""},
        {"to:<>", ""},
        {"subject:\"Your code, (urgent)\"", "subject:your code, (urgent)"},
        {"message-id:1.2@X", "message-id:1.2@x"},
        {"tag:\"Two Words\"", "tag:two words"},
        {"is:read IS:UNREAD is:tagged", "read|unread|tagged"},
        {"has:attachment has:attachments has:inline has:inlines",
         "attachments|attachments|inlines|inlines"},
        {"is:other has:none", "text:is:other|text:has:none"},
        {"-a !b", "!text:a|!text:b"},
        {"-to:x !is:read", "!to:x|!read"},
        {"- !", "text:-|text:!"},
        {"--a", "!text:-a"},
        {"-\"a b\"", "!text:a b"},
        {"larger:10", "larger:10"},
        {"larger:1.5k smaller:2KB", "larger:1536|smaller:2048"},
        {"larger:1m smaller:0.5mb", "larger:1048576|smaller:524288"},
        {"larger:big smaller:-1 larger:", "text:larger:big|text:smaller:-1"},
        {"after:2024-03-05", "after:1709596800000"},
        {"-before:2024-03-05", "!before:1709596800000"},
        {"after:\"2024-03-05 12:00\"", "after:1709640000000"},
        {"after:tomorrow x", "text:x"}, // unreadable: ignored
        {"unknown:x", "text:unknown:x"},
        {"subject:", ""},
        {"GRÜSSE", "text:grüsse"},
        {"to:x@y.z,", "to:x@y.z"},
    };
    for (const auto& c : cases) EXPECT_EQ(told(parse_query(c.query, {})), c.terms) << c.query;
}

TEST(CatalogQuery, Matches)
{
    const struct {
        std::string query;
        bool matches;
    } cases[] = {
        {"", true},
        {"to:bob@example.org", true},
        {"to:BOB", true},
        {"to:example", true},
        {"to:\"Bob <bob@example.org>\"", true},
        {"to:bob@example.com", false},
        {"to:ana", false},
        {"to:\"example.org mia\"", false}, // two addresses are not one phrase
        {"from:banana", true},
        {"from:\"Ana Banana\"", true},
        {"cc:carl bcc:secret reply-to:desk", true},
        {"cc:secret", false},
        {"addressed:desk", true},
        {"addressed:ana", true},
        {"addressed:nobody", false},
        {"-to:bob", false},
        {"!to:nobody", true},
        {"subject:\"code, (urgent)\"", true},
        {"subject:\"Your Code\"", true},
        {"subject:GRÜSSE", false},
        {"subject:GRÜßE", true},
        {"subject:100%", true}, // "%" is no wildcard
        {"subject:100_", false},
        {"subject:cod%", false},
        {"message-id:1.2@EXAMPLE.net", true},
        {"message-id:2@example", true},
        {"tag:urgent", true},
        {"tag:URGENT", true},
        {"tag:urg", false}, // a whole one
        {"tag:\"two words\"", true},
        {"is:unread", true},
        {"is:read", false},
        {"-is:read is:tagged", true},
        {"has:attachments", true},
        {"has:inline", false},
        {"larger:2047", true},
        {"larger:2048", false},
        {"larger:2k", false},
        {"smaller:2049", true},
        {"smaller:2k", false},
        {"-smaller:2k", true},
        {"after:1709640000000", true},
        {"after:1709640000001", false},
        {"before:1709640000000", true},
        {"before:1709639999999", false},
        {"-after:1709640000000", false},
        {"before:2024-03-06 after:2024-03-05", true},
        {"hello", true},
        {"\"Hello World\"", true},
        {"\"code (urgent)\"", true},
        {"\"world hello\"", false},
        {"hello nobody", false},
        {"hello -nobody", true},
        {"https://x.org/a", true},
    };
    const auto facts = example();
    for (const auto& c : cases)
        EXPECT_EQ(matches(parse_query(c.query, {}), facts), c.matches) << c.query;
}

TEST(CatalogQuery, CleansText)
{
    EXPECT_EQ(clean(" A,\tb\r\n(C) <d@X>; \"e\" "), "a b c d@x e");
    EXPECT_EQ(clean("<>"), "");
    EXPECT_EQ(clean("GRÜSSE"), "grüsse");
    EXPECT_EQ(clean("\xFF"), "\xEF\xBF\xBD");
}

TEST(CatalogQuery, TellsTheRecipientItPins)
{
    const auto pinned = [](std::string_view query) {
        return pinned_recipient(parse_query(query, {}));
    };
    EXPECT_EQ(pinned("subject:x to:Bob@Example.org"), (Pinned{Kind::to, "bob@example.org", true}));
    EXPECT_EQ(pinned("to:bob"), (Pinned{Kind::to, "bob", false}));
    EXPECT_EQ(pinned("cc:\"Bob <bob@x.org>\""), (Pinned{Kind::cc, "bob bob@x.org", false}));
    EXPECT_EQ(pinned("bcc:@x.org"), (Pinned{Kind::bcc, "@x.org", false}));
    EXPECT_EQ(pinned("-to:bob@x.org"), std::nullopt);
    EXPECT_EQ(pinned("from:a@x.org text"), std::nullopt);
    EXPECT_EQ(pinned("addressed:a@x.org"), std::nullopt); // perhaps who sent it
}

TEST(CatalogQuery, NeedsTextOnlyForPlainTerms)
{
    EXPECT_FALSE(parse_query("to:a subject:b is:unread", {}).needs_text());
    EXPECT_TRUE(parse_query("to:a b", {}).needs_text());
    EXPECT_TRUE(parse_query("-b", {}).needs_text());
}

} // namespace portico::catalog
