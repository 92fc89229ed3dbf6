#include "services/mail/changes.hpp"

#include "services/mail/envelope_text.hpp"

#include <fmt/format.h>

#include <bit>
#include <span>
#include <utility>

namespace portico::mail {

namespace {
constexpr std::size_t most_remembered_mailboxes = 4096;
}

Arrival Delivery::arrival()
{
    auto addressed = parse_recipients(recipients);
    return {.key = key,
            .id = std::move(id),
            .received = std::chrono::sys_time<std::chrono::milliseconds>{std::chrono::milliseconds{
                received}},
            .size = size,
            .reverse_path = std::move(reverse_path),
            .recipients = std::move(addressed.recipients),
            .mailboxes = std::move(mailboxes),
            .username = std::move(addressed.username)};
}

Progress* progress(Change& change)
{
    return std::visit(
        [](auto& kind) -> Progress* {
            if constexpr (requires { kind.progress; })
                return &kind.progress;
            else
                return nullptr;
        },
        change);
}

std::size_t left(const Change& change)
{
    return std::visit(
        [](const auto& kind) -> std::size_t {
            if constexpr (requires { kind.left(); })
                return kind.left();
            else
                return 0;
        },
        change);
}

sqlite::Result<std::unique_ptr<Changes>> Changes::prepare(sqlite::Database& database,
                                                          const Limits& limits, Counters& counters)
{
    std::unique_ptr<Changes> changes{new Changes{limits, counters}};
    auto marks = MarkTable::prepare(database, counters);
    if (!marks) return std::unexpected(std::move(marks.error()));
    changes->marks_ = std::move(*marks);
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
         "json_each((SELECT mailboxes FROM message WHERE id = ?1 AND (?2 = '' OR uid = ?2)))) "
         "RETURNING mailbox, size"},
        {changes->remove_message_,
         "DELETE FROM message WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM "
         "json_each(message.mailboxes) AS each CROSS JOIN delivery ON "
         "delivery.mailbox = each.value AND delivery.message = ?1) RETURNING uid, in_file, size"},
        {changes->oldest_, "SELECT id, uid, received FROM message ORDER BY id LIMIT 1"},
        {changes->oldest_of_, "SELECT min(message) FROM delivery WHERE mailbox = ?1"},
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

sqlite::Result<Outcome> Changes::apply(Delivery& delivery, std::vector<std::string>&)
{
    delivery.refusal.reset();
    if (!has_room(delivery, counters_.all(), limits_.all, ""))
        return Outcome{std::unexpected(StoreError::full)};
    std::vector<std::int64_t> mailboxes;
    for (auto& name : delivery.mailboxes) {
        auto id = mailbox(name);
        if (!id) return std::unexpected(std::move(id.error()));
        mailboxes.push_back(*id);
        if (!limits_.mailbox.any()) continue;
        auto now = counters_.of(*id);
        if (!now) return std::unexpected(std::move(now.error()));
        if (!has_room(delivery, *now, limits_.mailbox, name))
            return Outcome{std::unexpected(StoreError::mailbox_full)};
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
    counters_.stored(delivery.key, size);
    for (auto id : mailboxes) counters_.delivered(id, size);
    return Outcome{};
}

sqlite::Result<Outcome> Changes::apply(Removal& removal, std::vector<std::string>& unneeded)
{
    cause_ = removal.cause;
    removal.progress.step = 0;
    // One that is not there any more was removed everywhere meanwhile: as asked.
    for (auto key : std::span{removal.keys}.subspan(removal.progress.done)) {
        if (step_is_full()) break;
        ++removal.progress.step;
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
    cause_ = Cause::command;
    auto removed = let_go(remove_deliveries_.start(removal.key, removal.id));
    if (!removed) return std::unexpected(std::move(removed.error()));
    // A message is in at least one mailbox for as long as it exists.
    if (removed->messages == 0) return Outcome{std::unexpected(StoreError::gone)};
    if (auto done = remove_message(removal.key, unneeded); !done)
        return std::unexpected(std::move(done.error()));
    return Outcome{};
}

sqlite::Result<Outcome> Changes::apply(RemovalOfMany& removal, std::vector<std::string>& unneeded)
{
    cause_ = removal.cause;
    removal.progress.step = 0;
    for (const auto& message : std::span{removal.messages}.subspan(removal.progress.done)) {
        if (step_is_full()) break;
        ++removal.progress.step;
        auto removed = let_go(remove_deliveries_.start(message.key, message.id));
        if (!removed) return std::unexpected(std::move(removed.error()));
        if (removed->messages == 0) continue;
        if (auto done = remove_message(message.key, unneeded); !done)
            return std::unexpected(std::move(done.error()));
    }
    return Outcome{};
}

sqlite::Result<Outcome> Changes::apply(Marking& marking, std::vector<std::string>&)
{
    marking.progress.step = 0;
    for (const auto& message : std::span{marking.messages}.subspan(marking.progress.done)) {
        if (marked_ >= most_marked) break;
        ++marked_;
        ++marking.progress.step;
        auto marks = marks_->set(message.key, message.id, marking.read, marking.tags);
        if (!marks) return std::unexpected(std::move(marks.error()));
        if (*marks) happenings_.marked.push_back(std::move(**marks));
    }
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

/// Whether one more fits. Where the oldest go for it, it only has to fit alone.
bool Changes::has_room(Delivery& delivery, const Count& now, const Limit& limit,
                       const std::string& mailbox) const
{
    auto then = limits_.expire ? Count{} : now;
    then.add(static_cast<std::int64_t>(delivery.size));
    if (limit.holds(then)) return true;
    const bool messages = limit.past(then) == "messages";
    delivery.refusal =
        mailbox.empty() ? Refusal{"", messages ? "max_messages" : "max_bytes"}
                        : Refusal{mailbox, messages ? "max_mailbox_messages" : "max_mailbox_bytes"};
    return false;
}

sqlite::Result<std::optional<Oldest>> Changes::oldest()
{
    auto rows = oldest_.start();
    auto row = rows.next();
    if (!row) return std::unexpected(std::move(row.error()));
    if (!*row) return std::nullopt;
    return Oldest{rows.integer(0), std::string{rows.text(1)}, rows.integer(2)};
}

sqlite::Result<Count> Changes::remove(const Oldest& message, std::vector<std::string>& unneeded)
{
    auto removed = let_go(remove_deliveries_.start(message.key, message.id));
    if (!removed) return removed;
    if (auto done = remove_message(message.key, unneeded); !done)
        return std::unexpected(std::move(done.error()));
    return removed;
}

sqlite::Result<Count> Changes::remove_oldest_of(std::int64_t mailbox,
                                                std::vector<std::string>& unneeded)
{
    std::int64_t key = 0;
    {
        auto rows = oldest_of_.start(mailbox);
        auto row = rows.next();
        if (!row) return std::unexpected(std::move(row.error()));
        if (*row) key = rows.integer(0);
    }
    auto removed = let_go(remove_delivery_.start(mailbox, key));
    if (!removed) return removed;
    if (auto done = remove_message(key, unneeded); !done)
        return std::unexpected(std::move(done.error()));
    return removed;
}

sqlite::Result<Count> Changes::let_go(sqlite::Rows rows)
{
    for (Count count;;) {
        auto row = rows.next();
        if (!row) return std::unexpected(std::move(row.error()));
        if (!*row) return count;
        counters_.let_go(rows.integer(0), rows.integer(1));
        count.add(rows.integer(1));
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
        counters_.removed(rows.integer(2));
        if (auto done = marks_->remove(key); !done) return done;
        auto& told = happenings_.removed;
        if (told.empty() || told.back().cause != cause_) told.push_back({cause_, {}});
        told.back().keys.push_back(key);
        if (rows.integer(1) != 0)
            unneeded.emplace_back(rows.text(0));
        else
            removed_bytes_ += static_cast<std::size_t>(rows.integer(2));
    }
}

} // namespace portico::mail
