#include "services/mail/archive.hpp"

#include "services/mail/checksum.hpp"
#include "services/mail/schema.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace portico::mail {

namespace {

constexpr std::size_t piece = 256 << 10;
constexpr int steps_between_questions = 10'000; // of SQLite's machine, well under a millisecond

std::unexpected<std::string> because(sqlite::Error& error)
{
    return std::unexpected(std::move(error.what));
}

ArchivedMessage message_in(const sqlite::Rows& rows)
{
    return {rows.integer(0), std::string{rows.text(1)}, static_cast<std::uint64_t>(rows.integer(2)),
            rows.integer(3), std::string{rows.text(4)}};
}

/// All rows of a statement that has started, each as `make` makes it.
template <class Make>
auto all(sqlite::Rows rows, Make make)
    -> std::expected<std::vector<decltype(make(rows))>, std::string>
{
    std::vector<decltype(make(rows))> found;
    for (;;) {
        auto row = rows.next();
        if (!row) return because(row.error());
        if (!*row) return found;
        found.push_back(make(rows));
    }
}

} // namespace

Archive::Answer<Archive> Archive::open(const std::filesystem::path& folder)
{
    const auto file = folder / "mail.db";
    std::error_code failure;
    if (!std::filesystem::exists(file, failure))
        return std::unexpected(fmt::format("{}: there is no mail store here", folder.string()));
    auto bodies = Bodies::open(folder / "bodies");
    if (!bodies) return std::unexpected(std::move(bodies.error().what));
    auto database = sqlite::Database::open(file, sqlite::Mode::read_only);
    if (!database) return because(database.error());
    const auto newest = migrations().size();
    if (auto ours = refuse_foreign(*database, newest); !ours) return because(ours.error());
    auto version = database->integer("PRAGMA user_version");
    if (!version) return because(version.error());
    if (*version < static_cast<std::int64_t>(newest))
        return std::unexpected(fmt::format("{}: written by an older portico (schema version {}); a "
                                           "start of the server brings it to version {}",
                                           file.string(), *version, newest));
    Archive archive{std::move(*database), std::move(*bodies)};
    const std::pair<sqlite::Statement&, const char*> statements[] = {
        {archive.messages_,
         "SELECT message.id, message.uid, message.size, message.received, message.reverse_path "
         "FROM delivery CROSS JOIN message ON message.id = delivery.message "
         "WHERE delivery.mailbox = ?1 AND delivery.message > ?2 ORDER BY delivery.message LIMIT "
         "?3"},
        {archive.message_, "SELECT 1 FROM message WHERE id = ?1 AND uid = ?2"},
        {archive.body_, "SELECT in_file, substr(body, ?2, ?3) FROM message WHERE id = ?1"},
    };
    for (auto& [statement, sql] : statements) {
        auto prepared = archive.database_.prepare(sql);
        if (!prepared) return because(prepared.error());
        statement = std::move(*prepared);
    }
    return archive;
}

auto Archive::mailboxes() -> Answer<std::vector<ArchivedMailbox>>
{
    // Counted, not looked up: what is there is to be found if a counter is wrong, too.
    auto statement = database_.prepare(
        "SELECT mailbox.id, mailbox.name, count(*), sum(delivery.size) FROM delivery "
        "JOIN mailbox ON mailbox.id = delivery.mailbox GROUP BY mailbox.id ORDER BY mailbox.name");
    if (!statement) return because(statement.error());
    return all(statement->start(), [](const sqlite::Rows& rows) {
        return ArchivedMailbox{rows.integer(0), std::string{rows.text(1)},
                               static_cast<std::uint64_t>(rows.integer(2)),
                               static_cast<std::uint64_t>(rows.integer(3))};
    });
}

auto Archive::messages(std::int64_t mailbox, std::int64_t after, std::size_t most)
    -> Answer<std::vector<ArchivedMessage>>
{
    return all(messages_.start(mailbox, after, static_cast<std::int64_t>(most)), message_in);
}

auto Archive::read(const ArchivedMessage& message,
                   const std::function<void(std::string_view)>& take) -> Answer<bool>
{
    OpenBody file;
    for (std::uint64_t offset = 0; offset == 0 || offset < message.size;) {
        const auto wanted =
            static_cast<std::size_t>(std::min<std::uint64_t>(piece, message.size - offset));
        std::string bytes;
        if (!file) {
            // SQLite counts octets from 1.
            auto rows = body_.start(message.key, static_cast<std::int64_t>(offset) + 1,
                                    static_cast<std::int64_t>(wanted));
            auto row = rows.next();
            if (!row) return because(row.error());
            if (!*row) return false;
            bytes = rows.blob(1);
            if (rows.integer(0) != 0) {
                auto opened = bodies_.read(message.id);
                if (!opened && opened.error().kind == StoreError::gone) {
                    auto still = message_.start(message.key, message.id);
                    auto there = still.next();
                    if (there && !*there) return false;
                }
                if (!opened) return std::unexpected(std::move(opened.error().what));
                file = std::move(*opened);
            }
        }
        if (file) {
            auto got = file.read(offset, wanted);
            if (!got) return std::unexpected(std::move(got.error().what));
            bytes = std::move(*got);
        }
        if (bytes.size() < wanted)
            return std::unexpected(fmt::format("message {} ends after {} of its {} octets",
                                               message.id, offset + bytes.size(), message.size));
        take(bytes);
        offset += bytes.size();
        if (message.size == 0) break;
    }
    return true;
}

auto Archive::sizes(const std::string& mailbox)
    -> Answer<std::vector<std::pair<std::uint64_t, std::int64_t>>>
{
    auto statement = database_.prepare("SELECT size, message FROM delivery "
                                       "WHERE mailbox = (SELECT id FROM mailbox WHERE name = ?1)");
    if (!statement) return because(statement.error());
    return all(statement->start(mailbox), [](const sqlite::Rows& rows) {
        return std::pair{static_cast<std::uint64_t>(rows.integer(0)), rows.integer(1)};
    });
}

auto Archive::checksum(std::int64_t key) -> Answer<std::optional<std::uint64_t>>
{
    auto statement = database_.prepare("SELECT id, uid, size, received, reverse_path, hash, "
                                       "hash IS NULL FROM message WHERE id = ?1");
    if (!statement) return because(statement.error());
    ArchivedMessage message;
    {
        auto rows = statement->start(key);
        auto row = rows.next();
        if (!row) return because(row.error());
        if (!*row) return std::nullopt;
        if (rows.integer(6) == 0) return static_cast<std::uint64_t>(rows.integer(5));
        message = message_in(rows);
    }
    Checksum checksum; // of one that was stored without
    auto whole = read(message, [&checksum](std::string_view bytes) { checksum.add(bytes); });
    if (!whole) return std::unexpected(std::move(whole.error()));
    if (!*whole) return std::nullopt;
    return checksum.value();
}

auto Archive::copy_database(const std::filesystem::path& file, std::function<bool()> go_on)
    -> Answer<void>
{
    const auto ask = [](void* question) {
        return (*static_cast<std::function<bool()>*>(question))() ? 0 : 1;
    };
    if (!go_on()) return std::unexpected(std::string{"interrupted"});
    auto statement = database_.prepare("VACUUM INTO ?1");
    if (!statement) return because(statement.error());
    sqlite3_progress_handler(database_.handle(), steps_between_questions, ask, &go_on);
    auto copied = statement->run(std::string_view{file.native()});
    sqlite3_progress_handler(database_.handle(), 0, nullptr, nullptr);
    if (!copied) return because(copied.error());
    return {};
}

Archive::Answer<ArchivedCopy> look_into_copy(const std::filesystem::path& file)
{
    auto database = sqlite::Database::open(file, sqlite::Mode::read_only);
    if (!database) return because(database.error());
    auto messages = database->integer("SELECT count(*) FROM message");
    if (!messages) return because(messages.error());
    auto statement = database->prepare("SELECT uid, size FROM message WHERE in_file = 1");
    if (!statement) return because(statement.error());
    auto bodies = all(statement->start(), [](const sqlite::Rows& rows) {
        return ArchivedBody{std::string{rows.text(0)}, static_cast<std::uint64_t>(rows.integer(1))};
    });
    if (!bodies) return std::unexpected(std::move(bodies.error()));
    return ArchivedCopy{static_cast<std::uint64_t>(*messages), std::move(*bodies)};
}

} // namespace portico::mail
