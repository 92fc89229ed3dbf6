#include "services/mail/sqlite_store.hpp"

#include "services/mail/bodies.hpp"
#include "services/mail/budget.hpp"
#include "services/mail/draft.hpp"
#include "services/mail/identity.hpp"
#include "services/mail/maildrop.hpp"
#include "services/mail/readers.hpp"
#include "services/mail/schema.hpp"
#include "services/mail/sqlite.hpp"
#include "services/mail/writer.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace portico::mail {

namespace {

class SqliteStore final : public Store {
public:
    SqliteStore(std::filesystem::path file, const config::Mail& limits, net::Pool& pool,
                net::Log& log, std::unique_ptr<Bodies> bodies, std::unique_ptr<Writer> writer,
                Identities identities, std::int64_t last_key)
        : limits_{limits}, pool_{pool}, bodies_{std::move(bodies)}, budget_{limits.queue_bytes},
          read_ahead_{limits.read_ahead_bytes}, trouble_{log, "writing bodies"},
          identities_{identities}, last_key_{last_key}, writer_{std::move(writer)},
          readers_{std::move(file), pool, log}
    {
    }

    std::unique_ptr<Draft> begin(Envelope envelope) override
    {
        if (envelope.recipients.empty())
            throw std::logic_error("a message needs at least one recipient");
        // The key, and with it the place in a maildrop, is that of the message's beginning.
        auto key = last_key_.fetch_add(1, std::memory_order_relaxed) + 1;
        DraftTools tools{limits_.inline_bytes, pool_, *bodies_, budget_, *writer_, trouble_};
        return std::make_unique<SqliteDraft>(tools, key, identities_.make(key),
                                             std::move(envelope));
    }

    net::Task<std::expected<std::unique_ptr<Maildrop>, StoreError>>
    open(std::string mailbox) override
    {
        auto lock = locks_.take(mailbox);
        if (!lock) co_return std::unexpected(StoreError::in_use);
        auto listing =
            co_await readers_.ask([&mailbox](Reader& reader) { return reader.listing(mailbox); });
        if (!listing) co_return std::unexpected(listing.error());
        const MaildropTools tools{readers_, *bodies_, *writer_, read_ahead_, removed_};
        co_return std::make_unique<SqliteMaildrop>(tools, std::move(*lock), std::move(*listing));
    }

    net::Task<std::expected<std::vector<Summary>, StoreError>> list(std::string mailbox,
                                                                    std::size_t most) override
    {
        co_return co_await readers_.ask(
            [&mailbox, most](Reader& reader) { return reader.summaries(mailbox, most); });
    }

    net::Task<std::expected<Message, StoreError>> find(std::string id) override
    {
        auto key = identities_.key_of(id);
        if (!key) co_return std::unexpected(StoreError::gone);
        auto found =
            co_await readers_.ask([&id, key](Reader& reader) { return reader.find(*key, id); });
        if (!found) co_return std::unexpected(found.error());
        if (!*found) co_return std::unexpected(StoreError::gone);
        co_return **found;
    }

    std::unique_ptr<Reading> read(const Message& message) override
    {
        return std::make_unique<SqliteReading>(readers_, *bodies_, message);
    }

    net::Task<std::expected<void, StoreError>> remove(std::string id) override
    {
        auto key = identities_.key_of(id);
        if (!key) co_return std::unexpected(StoreError::gone);
        Change change{RemovalEverywhere{*key, std::move(id)}};
        auto outcome = co_await writer_->apply(std::move(change));
        if (outcome) removed_.fetch_add(1, std::memory_order_release);
        co_return outcome;
    }

    Answer<std::vector<Arrival>> arrivals(std::int64_t after, std::size_t most) override
    {
        co_return co_await readers_.ask(
            [after, most](Reader& reader) { return reader.arrivals(after, most); });
    }

    Answer<std::vector<std::int64_t>> keys() override
    {
        co_return co_await readers_.ask([](Reader& reader) { return reader.keys(); });
    }

    Answer<std::vector<Marks>> marks() override
    {
        co_return co_await readers_.ask([](Reader& reader) { return reader.marks(); });
    }

    std::optional<std::int64_t> key_of(std::string_view id) const override
    {
        return identities_.key_of(id);
    }

    Answer<void> mark(std::vector<std::string> ids, std::optional<bool> read,
                      std::optional<std::vector<std::string>> tags) override
    {
        Change change{Marking{named(std::move(ids)), read, std::move(tags)}};
        co_return co_await apply(std::move(change));
    }

    Answer<void> mark_all(bool read) override
    {
        auto marked = co_await marks();
        if (!marked) co_return std::unexpected(marked.error());
        std::vector<std::int64_t> already;
        for (const auto& marks : *marked)
            if (marks.read) already.push_back(marks.key);
        std::vector<std::int64_t> keys_to_mark;
        if (read) {
            auto there = co_await keys();
            if (!there) co_return std::unexpected(there.error());
            std::ranges::set_difference(*there, already, std::back_inserter(keys_to_mark));
        } else {
            keys_to_mark = std::move(already);
        }
        Change change{Marking{named(keys_to_mark), read, {}}};
        co_return co_await apply(std::move(change));
    }

    Answer<void> remove_each(std::vector<std::string> ids) override
    {
        Change change{RemovalOfMany{.messages = named(std::move(ids))}};
        co_return co_await apply(std::move(change));
    }

    Answer<void> remove_all() override
    {
        auto there = co_await keys();
        if (!there) co_return std::unexpected(there.error());
        Change change{RemovalOfMany{.messages = named(*there), .cause = Cause::all}};
        co_return co_await apply(std::move(change));
    }

    Answer<std::vector<MailboxSummary>> mailboxes(std::string after, std::size_t most) override
    {
        co_return co_await readers_.ask(
            [&after, most](Reader& reader) { return reader.mailboxes(after, most); });
    }

    Answer<std::vector<Arrival>> newest(std::string mailbox, std::int64_t before,
                                        std::size_t most) override
    {
        co_return co_await readers_.ask([&mailbox, before, most](Reader& reader) {
            return reader.newest(mailbox, before, most);
        });
    }

    Answer<void> remove_from(std::string mailbox, std::vector<std::string> ids) override
    {
        const auto messages = named(std::move(ids));
        auto removal = co_await readers_.ask([&mailbox, &messages](Reader& reader) {
            return reader.removal_from(mailbox, messages);
        });
        if (!removal) co_return std::unexpected(removal.error());
        Change change{std::move(*removal)};
        co_return co_await apply(std::move(change));
    }

    Answer<void> empty(std::string mailbox) override
    {
        auto listing =
            co_await readers_.ask([&mailbox](Reader& reader) { return reader.listing(mailbox); });
        if (!listing) co_return std::unexpected(listing.error());
        Removal removal{.mailbox = listing->mailbox, .keys = {}, .cause = Cause::command};
        for (const auto& message : listing->messages) removal.keys.push_back(message.key);
        Change change{std::move(removal)};
        co_return co_await apply(std::move(change));
    }

    void watch(Watcher& watcher) override { writer_->watchers().add(watcher); }
    void unwatch(Watcher& watcher) override { writer_->watchers().remove(watcher); }

    StoreStatistics statistics() const override
    {
        auto statistics = writer_->statistics();
        statistics.queue_bytes = limits_.queue_bytes - budget_.left();
        return statistics;
    }

private:
    /// What no identity of this store's leads to is left out.
    std::vector<Named> named(std::vector<std::string> ids) const
    {
        std::vector<Named> messages;
        for (auto& id : ids)
            if (auto key = identities_.key_of(id)) messages.push_back({*key, std::move(id)});
        return messages;
    }
    static std::vector<Named> named(const std::vector<std::int64_t>& keys)
    {
        std::vector<Named> messages;
        messages.reserve(keys.size());
        for (auto key : keys) messages.push_back({key, ""});
        return messages;
    }

    /// A change that is done in steps.
    Answer<void> apply(Change change)
    {
        if (left(change) == 0) co_return Outcome{};
        const bool removes = !std::holds_alternative<Marking>(change);
        auto outcome = co_await writer_->apply(std::move(change));
        if (removes) removed_.fetch_add(1, std::memory_order_release);
        co_return outcome;
    }

    config::Mail limits_;
    net::Pool& pool_;
    std::unique_ptr<Bodies> bodies_;
    Budget budget_;
    Budget read_ahead_;
    std::atomic<std::uint64_t> removed_{0}; // messages, everywhere
    Trouble trouble_;
    Identities identities_;
    std::atomic<std::int64_t> last_key_;
    Locks locks_;
    std::unique_ptr<Writer> writer_; // finishes what is queued, then closes the database
    Readers readers_;                // end first: the last connection to close tidies up the WAL
};

/// Opening, step by step; the first error ends it.
using Opened = std::expected<void, std::string>;

Opened value(sqlite::Result<void> result)
{
    if (result) return {};
    return std::unexpected(std::move(result.error().what));
}

Opened value(FileResult<void> result)
{
    if (result) return {};
    return std::unexpected(std::move(result.error().what));
}

// SQLite would create the file as the umask has it; its -wal and -shm copy the file's mode.
Opened create_private(const std::filesystem::path& file)
{
    net::FileDescriptor descriptor{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
    if (descriptor) return {};
    return std::unexpected(file.string() + ": " + std::generic_category().message(errno));
}

/// Looks at both ends of every table: a damaged or cut-off file shows without reading it whole.
Opened look_over(sqlite::Database& database)
{
    for (auto* sql : {"SELECT count(*) FROM (SELECT 1 FROM mailbox ORDER BY id LIMIT 1)",
                      "SELECT max(name) FROM mailbox", "SELECT min(id) FROM message",
                      "SELECT max(id) FROM message",
                      "SELECT length(body) FROM message ORDER BY id DESC LIMIT 1",
                      "SELECT size FROM delivery ORDER BY mailbox, message LIMIT 1",
                      "SELECT size FROM delivery ORDER BY mailbox DESC, message DESC LIMIT 1",
                      "SELECT max(message) FROM mark"})
        if (auto looked = database.integer(sql); !looked)
            return std::unexpected(std::move(looked.error().what));
    return {};
}

std::expected<Identities, std::string> identities_of(sqlite::Database& database)
{
    auto insert = database.prepare("INSERT OR IGNORE INTO store (only, secret_high, "
                                   "secret_low) VALUES (1, ?1, ?2)");
    if (!insert) return std::unexpected(std::move(insert.error().what));
    auto fresh = random_bits();
    auto inserted =
        insert->run(static_cast<std::int64_t>(fresh.high), static_cast<std::int64_t>(fresh.low));
    if (!inserted) return std::unexpected(std::move(inserted.error().what));
    auto high = database.integer("SELECT secret_high FROM store");
    if (!high) return std::unexpected(std::move(high.error().what));
    auto low = database.integer("SELECT secret_low FROM store");
    if (!low) return std::unexpected(std::move(low.error().what));
    return Identities{{static_cast<std::uint64_t>(*high), static_cast<std::uint64_t>(*low)}};
}

/// Removes the bodies that a crash left without a row.
Opened sweep(sqlite::Database& database, const Bodies& bodies, const Identities& identities,
             net::Log& log)
{
    const auto removal = bodies.begin_removal();
    if (!removal) return {}; // a backup holds them: at the next start
    auto ids = bodies.list();
    if (!ids) return std::unexpected(std::move(ids.error().what));
    auto named =
        database.prepare("SELECT 1 FROM message WHERE id = ?1 AND uid = ?2 AND in_file = 1");
    if (!named) return std::unexpected(std::move(named.error().what));
    std::size_t swept = 0;
    for (auto& id : *ids) {
        if (auto key = identities.key_of(id)) {
            auto rows = named->start(*key, id);
            auto row = rows.next();
            if (!row) return std::unexpected(std::move(row.error().what));
            if (*row) continue;
        }
        if (auto removed = value(bodies.remove(id)); !removed) return removed;
        ++swept;
    }
    if (swept > 0)
        log.write(net::Level::info, fmt::format("mail store: swept {} unfinished {} that the last "
                                                "run left in bodies/",
                                                swept, swept == 1 ? "message" : "messages"));
    return {};
}

} // namespace

std::expected<std::unique_ptr<Store>, std::string> open_sqlite_store(std::filesystem::path folder,
                                                                     const config::Mail& limits,
                                                                     net::Pool& pool, net::Log& log,
                                                                     Writer::Clock clock)
{
    auto opened = value(create_folder(folder));
    if (!opened) return std::unexpected(std::move(opened.error()));
    auto file = folder / "mail.db";
    if (opened = create_private(file); !opened) return std::unexpected(std::move(opened.error()));
    auto bodies = Bodies::open(folder / "bodies", limits.durability);
    if (!bodies) return std::unexpected(std::move(bodies.error().what));
    auto kept_bodies = std::make_unique<Bodies>(std::move(*bodies));

    auto database = sqlite::Database::open(file, sqlite::Mode::read_write);
    if (!database) return std::unexpected(std::move(database.error().what));
    // Nothing is written to a file that is damaged, newer or not ours.
    if (opened = value(refuse_foreign(*database, migrations().size())); opened)
        opened = value(set_up_writing(*database, limits.durability));
    if (opened) opened = value(migrate(*database, migrations()));
    if (opened) opened = look_over(*database);
    if (opened) opened = value(sync_folder(folder));
    if (!opened) return std::unexpected(std::move(opened.error()));

    auto identities = identities_of(*database);
    if (!identities) return std::unexpected(std::move(identities.error()));
    if (opened = sweep(*database, *kept_bodies, *identities, log); !opened)
        return std::unexpected(std::move(opened.error()));
    auto last_key = database->integer(
        "SELECT max(last_key, (SELECT ifnull(max(id), 0) FROM message)) FROM store");
    if (!last_key) return std::unexpected(std::move(last_key.error().what));
    auto writer =
        Writer::start(std::move(*database), *kept_bodies, log, Limits{limits}, std::move(clock));
    if (!writer) return std::unexpected(std::move(writer.error().what));
    return std::make_unique<SqliteStore>(std::move(file), limits, pool, log, std::move(kept_bodies),
                                         std::move(*writer), *identities, *last_key);
}

} // namespace portico::mail
