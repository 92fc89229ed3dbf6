#include "services/mail/readers.hpp"

#include "services/mail/schema.hpp"
#include "services/mail/traits.hpp"

#include <algorithm>
#include <chrono>

namespace portico::mail {

namespace {

// A maildrop of 100,000 messages is to need less than 8 MiB.
static_assert(sizeof(Message) == 40);

Message message(std::int64_t key, std::int64_t size, std::string_view id, std::int64_t traits)
{
    const auto has = [traits](Trait trait) { return (traits & static_cast<int>(trait)) != 0; };
    Message made{.key = key,
                 .size = static_cast<std::uint64_t>(size),
                 .id = {},
                 .lacks_final_crlf = has(Trait::lacks_final_crlf),
                 .utf8 = has(Trait::utf8_header)};
    std::copy_n(id.begin(), std::min(id.size(), made.id.size()), made.id.begin());
    return made;
}

constexpr std::int64_t most_reserved = 1 << 20;

// Doubling would need three times the memory in the moment of the last growth.
void make_room(std::vector<Message>& messages)
{
    if (messages.size() == messages.capacity())
        messages.reserve(messages.size() + messages.size() / 8 + 64);
}

} // namespace

sqlite::Result<std::unique_ptr<Reader>> Reader::open(const std::filesystem::path& file)
{
    auto database = sqlite::Database::open(file, sqlite::Mode::read_only);
    if (!database) return std::unexpected(std::move(database.error()));
    if (auto set_up = set_up_reading(*database); !set_up)
        return std::unexpected(std::move(set_up.error()));
    std::unique_ptr<Reader> reader{new Reader{std::move(*database)}};
    if (auto made = reader->database_.aggregate("collect", 4, &Reader::collect, reader.get());
        !made)
        return std::unexpected(std::move(made.error()));
    const std::pair<sqlite::Statement&, const char*> statements[] = {
        {reader->mailbox_, "SELECT id, messages FROM mailbox WHERE name = ?1"},
        {reader->listing_,
         "SELECT collect(message, size, uid, traits) FROM delivery WHERE mailbox = ?1"},
        // CROSS JOIN keeps the tables in this order, so that the newest come without sorting.
        {reader->newest_,
         "SELECT message.uid, mailbox.name, message.reverse_path, message.size, message.received "
         "FROM message CROSS JOIN json_each(message.mailboxes) AS each "
         "CROSS JOIN delivery ON delivery.mailbox = each.value AND delivery.message = message.id "
         "CROSS JOIN mailbox ON mailbox.id = delivery.mailbox "
         "ORDER BY message.id DESC LIMIT ?1"},
        {reader->newest_in_,
         "SELECT message.uid, ?2, message.reverse_path, message.size, message.received "
         "FROM delivery CROSS JOIN message ON message.id = delivery.message "
         "WHERE delivery.mailbox = (SELECT id FROM mailbox WHERE name = ?2) "
         "ORDER BY delivery.message DESC LIMIT ?1"},
        {reader->find_,
         "SELECT message.size, delivery.traits FROM message CROSS JOIN "
         "json_each(message.mailboxes) AS "
         "each CROSS JOIN delivery ON delivery.mailbox = each.value AND delivery.message = ?1 "
         "WHERE message.id = ?1 AND message.uid = ?2 LIMIT 1"},
        {reader->body_, "SELECT in_file, substr(body, ?2, ?3) FROM message WHERE id = ?1"},
        {reader->whole_body_, "SELECT in_file, body FROM message WHERE id = ?1"},
        {reader->begin_, "BEGIN"},
        {reader->end_, "COMMIT"},
    };
    for (auto& [statement, sql] : statements) {
        auto prepared = reader->database_.prepare(sql);
        if (!prepared) return std::unexpected(std::move(prepared.error()));
        statement = std::move(*prepared);
    }
    for (auto& [statement, sql] : reader->list_statements()) {
        auto prepared = reader->database_.prepare(sql);
        if (!prepared) return std::unexpected(std::move(prepared.error()));
        *statement = std::move(*prepared);
    }
    return reader;
}

sqlite::Result<Listing> Reader::listing(const std::string& mailbox)
{
    Listing listing;
    {
        auto rows = mailbox_.start(mailbox);
        auto row = rows.next();
        if (!row) return std::unexpected(std::move(row.error()));
        if (!*row) return listing;
        listing.mailbox = rows.integer(0);
        // Growing in steps, the last copy would need the memory twice. Some may come or go until
        // they are read, and a damaged count is not to be believed.
        const auto count = std::clamp<std::int64_t>(rows.integer(1), 0, most_reserved);
        listing.messages.reserve(static_cast<std::size_t>(count));
    }
    collected_ = &listing.messages;
    auto collected = listing_.run(listing.mailbox);
    collected_ = nullptr;
    if (!collected) return std::unexpected(std::move(collected.error()));
    // They come in the table's order, which is this; but SQL does not promise it.
    if (!std::ranges::is_sorted(listing.messages, {}, &Message::key))
        std::ranges::sort(listing.messages, {}, &Message::key);
    return listing;
}

void Reader::collect(sqlite3_context* call, int, sqlite3_value** values)
{
    auto& messages = *static_cast<Reader*>(sqlite3_user_data(call))->collected_;
    auto* id = reinterpret_cast<const char*>(sqlite3_value_text(values[2]));
    auto length = static_cast<std::size_t>(sqlite3_value_bytes(values[2]));
    try {
        make_room(messages);
    } catch (const std::bad_alloc&) {
        return sqlite3_result_error_nomem(call);
    }
    messages.push_back(message(sqlite3_value_int64(values[0]), sqlite3_value_int64(values[1]),
                               {id, id ? length : 0}, sqlite3_value_int64(values[3])));
}

sqlite::Result<std::vector<Summary>> Reader::summaries(const std::string& mailbox, std::size_t most)
{
    std::vector<Summary> summaries;
    auto limit = static_cast<std::int64_t>(std::min<std::size_t>(most, INT64_MAX));
    auto rows = mailbox.empty() ? newest_.start(limit) : newest_in_.start(limit, mailbox);
    for (;;) {
        auto row = rows.next();
        if (!row) return std::unexpected(std::move(row.error()));
        if (!*row) return summaries;
        std::chrono::milliseconds since_epoch{rows.integer(4)};
        summaries.push_back({std::string{rows.text(0)}, std::string{rows.text(1)},
                             std::string{rows.text(2)}, static_cast<std::uint64_t>(rows.integer(3)),
                             std::chrono::system_clock::time_point{since_epoch}});
    }
}

sqlite::Result<std::optional<Message>> Reader::find(std::int64_t key, const std::string& id)
{
    auto rows = find_.start(key, id);
    auto row = rows.next();
    if (!row) return std::unexpected(std::move(row.error()));
    if (!*row) return std::nullopt;
    return message(key, rows.integer(0), id, rows.integer(1));
}

sqlite::Result<std::optional<Part>> Reader::body(std::int64_t key, std::uint64_t offset,
                                                 std::size_t size)
{
    // SQLite counts octets from 1.
    auto rows =
        body_.start(key, static_cast<std::int64_t>(offset) + 1, static_cast<std::int64_t>(size));
    auto row = rows.next();
    if (!row) return std::unexpected(std::move(row.error()));
    if (!*row) return std::nullopt;
    return Part{rows.integer(0) != 0, std::string{rows.blob(1)}};
}

auto Reader::add(const Message& message, ReadAhead& ahead) -> sqlite::Result<Added>
{
    auto rows = whole_body_.start(message.key);
    auto row = rows.next();
    if (!row) return std::unexpected(std::move(row.error()));
    if (!*row) return Added::gone;
    if (rows.integer(0) != 0) return Added::no;
    const auto bytes = rows.blob(1);
    const bool whole = bytes.size() == message.size; // if not, reading it tells what is wrong
    return whole && ahead.add(bytes) ? Added::yes : Added::no;
}

sqlite::Result<bool> Reader::read_ahead(std::span<const Message> messages, std::size_t wanted,
                                        ReadAhead& ahead)
{
    // One transaction, which is over when it is answered: the locks of each cost more than a row.
    if (auto begun = begin_.run(); !begun) return std::unexpected(std::move(begun.error()));
    bool there = true;
    std::uint64_t octets = 0;
    for (const auto& message : messages) {
        octets += message.size;
        const bool first = &message == &messages.front();
        if (!first && octets > wanted) break;
        auto added = add(message, ahead);
        if (!added) return std::unexpected(std::move(added.error()));
        if (first) there = *added != Added::gone;
        if (*added != Added::yes) break;
    }
    if (auto ended = end_.run(); !ended) return std::unexpected(std::move(ended.error()));
    return there;
}

sqlite::Result<std::unique_ptr<Reader>> Readers::borrow()
{
    {
        std::lock_guard lock{mutex_};
        if (!free_.empty()) {
            auto reader = std::move(free_.back());
            free_.pop_back();
            return reader;
        }
    }
    return Reader::open(file_);
}

void Readers::give_back(std::unique_ptr<Reader> reader)
{
    std::lock_guard lock{mutex_};
    free_.push_back(std::move(reader));
}

} // namespace portico::mail
