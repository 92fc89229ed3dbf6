#include "services/mail/changes.hpp"

#include <fmt/format.h>

#include <bit>
#include <span>
#include <utility>

namespace portico::mail {

namespace {
constexpr std::size_t most_remembered_mailboxes = 4096;
}

sqlite::Result<std::unique_ptr<Changes>> Changes::prepare(sqlite::Database& database)
{
    std::unique_ptr<Changes> changes{new Changes{database}};
    const std::pair<sqlite::Statement&, const char*> statements[] = {
        {changes->find_mailbox_, "SELECT id FROM mailbox WHERE name = ?1"},
        {changes->add_mailbox_, "INSERT INTO mailbox (name) VALUES (?1) RETURNING id"},
        {changes->add_message_,
         "INSERT INTO message (id, uid, received, size, in_file, mailboxes, reverse_path, "
         "recipients, body, parameters, hash) "
         "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"},
        {changes->add_delivery_,
         "INSERT INTO delivery (mailbox, message, size, uid, traits) VALUES (?1, ?2, ?3, ?4, ?5)"},
        {changes->remove_delivery_,
         "DELETE FROM delivery WHERE mailbox = ?1 AND message = ?2 RETURNING mailbox, size"},
        {changes->remove_deliveries_,
         "DELETE FROM delivery WHERE message = ?1 AND mailbox IN (SELECT value FROM "
         "json_each((SELECT mailboxes FROM message WHERE id = ?1 AND uid = ?2))) "
         "RETURNING mailbox, size"},
        {changes->remove_message_,
         "DELETE FROM message WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM "
         "json_each(message.mailboxes) AS each CROSS JOIN delivery ON "
         "delivery.mailbox = each.value AND delivery.message = ?1) RETURNING uid, in_file, size"},
        {changes->count_mailbox_, "UPDATE mailbox SET messages = messages + ?2, "
                                  "bytes = bytes + ?3 WHERE id = ?1"},
        {changes->count_store_, "UPDATE store SET messages = messages + ?1, bytes = bytes + ?2"},
    };
    for (auto& [statement, sql] : statements) {
        auto prepared = database.prepare(sql);
        if (!prepared) return std::unexpected(std::move(prepared.error()));
        statement = std::move(*prepared);
    }
    return changes;
}

sqlite::Result<Outcome> Changes::apply(Change& change, std::vector<std::string>& unneeded)
{
    return std::visit([&](auto& kind) { return apply(kind, unneeded); }, change);
}

sqlite::Result<Outcome> Changes::apply(const Delivery& delivery, std::vector<std::string>&)
{
    std::vector<std::int64_t> mailboxes;
    for (auto& name : delivery.mailboxes) {
        auto id = mailbox(name);
        if (!id) return std::unexpected(std::move(id.error()));
        mailboxes.push_back(*id);
    }
    auto list = fmt::format("[{}]", fmt::join(mailboxes, ","));
    auto* buffer = std::get_if<Buffer>(&delivery.body);
    auto size = static_cast<std::int64_t>(delivery.size);
    auto add = [&](auto body) {
        return add_message_.run(delivery.key, delivery.id, delivery.received, size,
                                std::int64_t{buffer == nullptr}, list, delivery.reverse_path,
                                delivery.recipients, body, delivery.parameters,
                                std::bit_cast<std::int64_t>(delivery.checksum));
    };
    auto added = buffer ? add(sqlite::Blob{buffer->view()}) : add(nullptr);
    for (auto id : mailboxes)
        if (added) added = add_delivery_.run(id, delivery.key, size, delivery.id, delivery.traits);
    if (!added) return std::unexpected(std::move(added.error()));
    in_all_.add(size);
    for (auto id : mailboxes) in_mailboxes_[id].add(size);
    return Outcome{};
}

sqlite::Result<Outcome> Changes::apply(Removal& removal, std::vector<std::string>& unneeded)
{
    removal.step = 0;
    // One that is not there any more was removed everywhere meanwhile: as asked.
    for (auto key : std::span{removal.keys}.subspan(removal.removed)) {
        if (removed_ >= most_removed || removed_bytes_ >= most_removed_bytes) break;
        ++removal.step;
        auto removed = let_go(remove_delivery_.start(removal.mailbox, key));
        if (!removed) return std::unexpected(std::move(removed.error()));
        if (auto done = remove_message(key, unneeded); !done)
            return std::unexpected(std::move(done.error()));
    }
    return Outcome{};
}

sqlite::Result<Outcome> Changes::apply(const RemovalEverywhere& removal,
                                       std::vector<std::string>& unneeded)
{
    auto removed = let_go(remove_deliveries_.start(removal.key, removal.id));
    if (!removed) return std::unexpected(std::move(removed.error()));
    // A message is in at least one mailbox for as long as it exists.
    if (*removed == 0) return Outcome{std::unexpected(StoreError::gone)};
    if (auto done = remove_message(removal.key, unneeded); !done)
        return std::unexpected(std::move(done.error()));
    return Outcome{};
}

sqlite::Result<std::int64_t> Changes::mailbox(const std::string& name)
{
    if (auto known = mailboxes_.find(name); known != mailboxes_.end()) return known->second;
    if (mailboxes_.size() == most_remembered_mailboxes) mailboxes_.clear();
    for (auto* statement : {&find_mailbox_, &add_mailbox_}) {
        auto rows = statement->start(name);
        auto row = rows.next();
        if (!row) return std::unexpected(std::move(row.error()));
        if (!*row) continue;
        auto id = rows.integer(0);
        // Until it is done an INSERT ... RETURNING is not.
        if (auto end = rows.next(); !end) return std::unexpected(std::move(end.error()));
        return mailboxes_[name] = id;
    }
    std::unreachable();
}

/// Of how many mailboxes.
sqlite::Result<std::size_t> Changes::let_go(sqlite::Rows rows)
{
    for (std::size_t mailboxes = 0;; ++mailboxes) {
        auto row = rows.next();
        if (!row) return std::unexpected(std::move(row.error()));
        if (!*row) return mailboxes;
        in_mailboxes_[rows.integer(0)].remove(rows.integer(1));
        ++removed_;
    }
}

/// If no mailbox has it any more.
sqlite::Result<void> Changes::remove_message(std::int64_t key, std::vector<std::string>& unneeded)
{
    auto rows = remove_message_.start(key);
    for (;;) {
        auto row = rows.next();
        if (!row) return std::unexpected(std::move(row.error()));
        if (!*row) return {};
        in_all_.remove(rows.integer(2));
        if (rows.integer(1) != 0)
            unneeded.emplace_back(rows.text(0));
        else
            removed_bytes_ += static_cast<std::size_t>(rows.integer(2));
    }
}

sqlite::Result<void> Changes::count()
{
    for (auto& [id, change] : in_mailboxes_)
        if (auto done = count_mailbox_.run(id, change.messages, change.bytes); !done) return done;
    if (in_mailboxes_.empty()) return {};
    return count_store_.run(in_all_.messages, in_all_.bytes);
}

void Changes::forget()
{
    in_mailboxes_.clear();
    in_all_ = {};
    removed_ = 0;
    removed_bytes_ = 0;
}

void Changes::rolled_back()
{
    forget();
    mailboxes_.clear();
}

} // namespace portico::mail
