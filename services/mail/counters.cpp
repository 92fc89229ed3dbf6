#include "services/mail/counters.hpp"

#include <utility>

namespace portico::mail {

sqlite::Result<std::unique_ptr<Counters>> Counters::prepare(sqlite::Database& database)
{
    std::unique_ptr<Counters> counters{new Counters};
    const std::pair<sqlite::Statement&, const char*> statements[] = {
        {counters->read_mailbox_, "SELECT messages, bytes FROM mailbox WHERE id = ?1"},
        {counters->write_mailbox_, "UPDATE mailbox SET messages = messages + ?2, "
                                   "bytes = bytes + ?3 WHERE id = ?1"},
        {counters->write_all_, "UPDATE store SET messages = messages + ?1, bytes = bytes + ?2, "
                               "read = read + ?3, last_key = max(last_key, ?4)"},
    };
    for (auto& [statement, sql] : statements) {
        auto prepared = database.prepare(sql);
        if (!prepared) return std::unexpected(std::move(prepared.error()));
        statement = std::move(*prepared);
    }
    auto messages = database.integer("SELECT messages FROM store");
    if (!messages) return std::unexpected(std::move(messages.error()));
    auto bytes = database.integer("SELECT bytes FROM store");
    if (!bytes) return std::unexpected(std::move(bytes.error()));
    auto read = database.integer("SELECT read FROM store");
    if (!read) return std::unexpected(std::move(read.error()));
    counters->all_ = {*messages, *bytes};
    counters->read_ = *read;
    return counters;
}

Count Counters::all() const
{
    auto count = all_;
    return count += in_all_;
}

sqlite::Result<Count> Counters::of(std::int64_t mailbox)
{
    auto rows = read_mailbox_.start(mailbox);
    auto row = rows.next();
    if (!row) return std::unexpected(std::move(row.error()));
    Count count;
    if (*row) count = {rows.integer(0), rows.integer(1)};
    if (auto change = in_mailboxes_.find(mailbox); change != in_mailboxes_.end())
        count += change->second;
    return count;
}

sqlite::Result<void> Counters::write()
{
    for (auto& [id, change] : in_mailboxes_)
        if (auto done = write_mailbox_.run(id, change.messages, change.bytes); !done) return done;
    if (in_mailboxes_.empty() && read_more_ == 0) return {};
    return write_all_.run(in_all_.messages, in_all_.bytes, read_more_, largest_key_);
}

void Counters::committed()
{
    all_ = all();
    read_ = read();
    rolled_back();
}

void Counters::rolled_back()
{
    in_all_ = {};
    read_more_ = 0;
    largest_key_ = 0;
    in_mailboxes_.clear();
}

} // namespace portico::mail
