// The questions of those who show the store: lists of messages, marks and mailboxes.

#include "services/mail/envelope_text.hpp"
#include "services/mail/mark_table.hpp"
#include "services/mail/readers.hpp"

#include <algorithm>
#include <chrono>

namespace portico::mail {

namespace {

std::int64_t limit(std::size_t most)
{
    return static_cast<std::int64_t>(std::min<std::size_t>(most, INT64_MAX));
}

std::vector<std::string> lines(std::string_view text)
{
    return parse_tags(text); // which are kept in the same way
}

Arrival arrival(const sqlite::Rows& rows)
{
    auto addressed = parse_recipients(rows.text(5));
    return {.key = rows.integer(0),
            .id = std::string{rows.text(1)},
            .received = std::chrono::sys_time<std::chrono::milliseconds>{std::chrono::milliseconds{
                rows.integer(2)}},
            .size = static_cast<std::uint64_t>(rows.integer(3)),
            .reverse_path = std::string{rows.text(4)},
            .recipients = std::move(addressed.recipients),
            .mailboxes = lines(rows.text(6)),
            .username = std::move(addressed.username)};
}

/// All rows, each as `make` makes it.
template <class Make>
auto all(sqlite::Rows rows, Make make) -> sqlite::Result<std::vector<decltype(make(rows))>>
{
    std::vector<decltype(make(rows))> found;
    for (;;) {
        auto row = rows.next();
        if (!row) return std::unexpected(std::move(row.error()));
        if (!*row) return found;
        found.push_back(make(rows));
    }
}

} // namespace

// What they ask for stands before the body, which is not read for it.
std::vector<std::pair<sqlite::Statement*, const char*>> Reader::list_statements()
{
    return {
        {&arrivals_, "SELECT id, uid, received, size, reverse_path, recipients, "
                     "(SELECT group_concat(mailbox.name, char(10)) FROM "
                     "json_each(message.mailboxes) AS each CROSS JOIN mailbox "
                     "ON mailbox.id = each.value) FROM message WHERE id > ?1 ORDER BY id LIMIT ?2"},
        {&newest_of_,
         "SELECT message.id, message.uid, received, message.size, reverse_path, recipients, "
         "(SELECT group_concat(mailbox.name, char(10)) FROM json_each(message.mailboxes) AS each "
         "CROSS JOIN mailbox ON mailbox.id = each.value) "
         "FROM delivery CROSS JOIN message ON message.id = delivery.message "
         "WHERE delivery.mailbox = (SELECT id FROM mailbox WHERE name = ?1) "
         "AND delivery.message < ?2 ORDER BY delivery.message DESC LIMIT ?3"},
        {&keys_, "SELECT message FROM delivery"},
        {&marks_, "SELECT message, read, tags IS NOT NULL, tags FROM mark ORDER BY message"},
        {&mailboxes_, "SELECT name, messages, bytes FROM mailbox "
                      "WHERE name > ?1 AND messages > 0 ORDER BY name LIMIT ?2"},
        {&in_mailbox_, "SELECT 1 FROM delivery WHERE mailbox = ?1 AND message = ?2 AND uid = ?3"},
    };
}

sqlite::Result<std::vector<Arrival>> Reader::arrivals(std::int64_t after, std::size_t most)
{
    return all(arrivals_.start(after, limit(most)), arrival);
}

sqlite::Result<std::vector<Arrival>> Reader::newest(const std::string& mailbox, std::int64_t before,
                                                    std::size_t most)
{
    return all(newest_of_.start(mailbox, before, limit(most)), arrival);
}

sqlite::Result<std::vector<std::int64_t>> Reader::keys()
{
    // Of deliveries: messages have their octets between them.
    auto keys = all(keys_.start(), [](const sqlite::Rows& rows) { return rows.integer(0); });
    if (!keys) return keys;
    std::ranges::sort(*keys);
    const auto repeated = std::ranges::unique(*keys);
    keys->erase(repeated.begin(), repeated.end());
    return keys;
}

sqlite::Result<std::vector<Marks>> Reader::marks()
{
    return all(marks_.start(), [](const sqlite::Rows& rows) {
        Marks marks{.key = rows.integer(0), .read = rows.integer(1) != 0};
        if (rows.integer(2) != 0) marks.tags = parse_tags(rows.text(3));
        return marks;
    });
}

sqlite::Result<std::vector<MailboxSummary>> Reader::mailboxes(const std::string& after,
                                                              std::size_t most)
{
    return all(mailboxes_.start(after, limit(most)), [](const sqlite::Rows& rows) {
        return MailboxSummary{std::string{rows.text(0)},
                              static_cast<std::uint64_t>(rows.integer(1)),
                              static_cast<std::uint64_t>(rows.integer(2))};
    });
}

sqlite::Result<Removal> Reader::removal_from(const std::string& mailbox,
                                             const std::vector<Named>& messages)
{
    Removal removal{.mailbox = 0, .keys = {}, .cause = Cause::command};
    {
        auto rows = mailbox_.start(mailbox);
        auto row = rows.next();
        if (!row) return std::unexpected(std::move(row.error()));
        if (!*row) return removal;
        removal.mailbox = rows.integer(0);
    }
    for (const auto& message : messages) {
        auto there = in_mailbox_.start(removal.mailbox, message.key, message.id).next();
        if (!there) return std::unexpected(std::move(there.error()));
        if (*there) removal.keys.push_back(message.key);
    }
    return removal;
}

} // namespace portico::mail
