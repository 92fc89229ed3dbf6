#include "services/mail/check.hpp"

#include "services/mail/agreements.hpp"
#include "services/mail/bodies.hpp"
#include "services/mail/checksum.hpp"
#include "services/mail/identity.hpp"
#include "services/mail/schema.hpp"
#include "services/mail/sqlite.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

namespace portico::mail {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::size_t piece = 256 << 10;
constexpr int steps_between_questions = 10'000; // of SQLite's machine, well under a millisecond
constexpr auto patience = 3s;                   // for what a running server is about to finish

/// A body that is to be read once the transaction that found it is over.
struct Filed {
    std::int64_t key;
    std::string id;
    std::uint64_t size;
    std::optional<std::uint64_t> checksum;
};

class Checker {
public:
    Checker(sqlite::Database database, Bodies bodies, fs::path folder, const CheckTools& tools)
        : database_{std::move(database)}, bodies_{std::move(bodies)}, folder_{std::move(folder)},
          tools_{tools}
    {
        const auto ask = [](void* self) { return static_cast<Checker*>(self)->go_on() ? 0 : 1; };
        sqlite3_progress_handler(database_.handle(), steps_between_questions, ask, this);
    }
    ~Checker() { sqlite3_progress_handler(database_.handle(), 0, nullptr, nullptr); }
    Checker(const Checker&) = delete;
    Checker& operator=(const Checker&) = delete;

    std::expected<CheckSummary, std::string> run();

private:
    using Done = sqlite::Result<void>;

    bool go_on();
    void find(std::string what);
    void attempt(Done done);

    Done structure();
    Done tables();
    Done counts();
    Done identities();
    Done octets();
    sqlite::Result<std::size_t> batch(std::vector<Filed>& filed);
    void look_at(const sqlite::Rows& rows, std::vector<Filed>& filed);
    void read_file(const Filed& body);
    void compare(const Filed& body, std::uint64_t size, const Checksum& checksum);
    Done files();
    Done recheck(std::vector<std::string> unnamed);
    sqlite::Result<bool> named(const std::string& id);

    sqlite::Database database_;
    Bodies bodies_;
    fs::path folder_;
    const CheckTools& tools_;
    CheckSummary summary_;
    Identities identities_{{}};
    std::uint64_t total_ = 0;
    std::uint64_t read_ = 0;
    std::int64_t last_ = INT64_MIN; // key that was read
    bool ended_ = false;
};

std::expected<CheckSummary, std::string> Checker::run()
{
    attempt(structure());
    if (!ended_) attempt(tables());
    auto known = ended_ ? Done{} : identities();
    const bool ours = known.has_value();
    attempt(std::move(known));
    // Without the store's secret no identity leads to its row.
    if (ours && !ended_) attempt(octets());
    if (ours && !ended_) attempt(files());
    if (ended_) return std::unexpected(std::string{"interrupted"});
    return summary_;
}

bool Checker::go_on()
{
    if (!ended_) ended_ = !tools_.progress(read_, total_, summary_.messages);
    return !ended_;
}

void Checker::find(std::string what)
{
    ++summary_.findings;
    // From rows that may be anything.
    std::ranges::replace_if(
        what, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; }, '?');
    tools_.report(what);
}

/// What the database does not answer is a finding, too; the rest is looked at all the same.
void Checker::attempt(Done done)
{
    if (!done && !ended_) find(std::move(done.error().what));
}

Checker::Done Checker::structure()
{
    auto statement = database_.prepare("PRAGMA integrity_check");
    if (!statement) return std::unexpected(std::move(statement.error()));
    auto rows = statement->start();
    for (;;) {
        auto row = rows.next();
        if (!row) return std::unexpected(std::move(row.error()));
        if (!*row) return {};
        if (rows.text(0) != "ok") find(fmt::format("mail.db: {}", rows.text(0)));
    }
}

/// In one transaction: between two a running server may change both sides of what has to agree.
Checker::Done Checker::tables()
{
    if (auto begun = database_.execute("BEGIN"); !begun) return begun;
    attempt(counts());
    for (const auto* sql : agreements()) {
        auto statement = database_.prepare(sql);
        if (!statement) return std::unexpected(std::move(statement.error()));
        auto rows = statement->start();
        auto row = rows.next();
        for (; row && *row; row = rows.next()) find(std::string{rows.text(0)});
        if (!row) attempt(std::unexpected(std::move(row.error())));
        if (ended_) break;
    }
    return database_.execute("COMMIT");
}

Checker::Done Checker::counts()
{
    const std::pair<std::uint64_t&, const char*> numbers[] = {
        {summary_.mailboxes, "SELECT count(*) FROM mailbox"},
        {summary_.deliveries, "SELECT count(*) FROM delivery"},
        {total_, "SELECT ifnull(sum(size), 0) FROM message"},
    };
    for (const auto& [number, sql] : numbers) {
        auto counted = database_.integer(sql);
        if (!counted) return std::unexpected(std::move(counted.error()));
        number = static_cast<std::uint64_t>(*counted);
    }
    return {};
}

Checker::Done Checker::identities()
{
    auto statement = database_.prepare("SELECT secret_high, secret_low FROM store");
    if (!statement) return std::unexpected(std::move(statement.error()));
    auto rows = statement->start();
    auto row = rows.next();
    if (!row) return std::unexpected(std::move(row.error()));
    if (*row)
        identities_ = Identities{{static_cast<std::uint64_t>(rows.integer(0)),
                                  static_cast<std::uint64_t>(rows.integer(1))}};
    else
        find("the store's secret is gone: every ID leads nowhere");
    return {};
}

Checker::Done Checker::octets()
{
    for (;;) {
        std::vector<Filed> filed;
        auto rows = batch(filed);
        if (!rows) return std::unexpected(std::move(rows.error()));
        for (const auto& body : filed)
            if (go_on()) read_file(body);
        if (*rows == 0 || !go_on()) return {};
    }
}

/// A few messages in one transaction; so many there were.
sqlite::Result<std::size_t> Checker::batch(std::vector<Filed>& filed)
{
    auto statement = database_.prepare("SELECT id, uid, size, in_file, typeof(body), body, hash, "
                                       "hash IS NOT NULL FROM message WHERE id > ?1 "
                                       "ORDER BY id LIMIT 100");
    if (!statement) return std::unexpected(std::move(statement.error()));
    auto rows = statement->start(last_);
    for (std::size_t count = 0;; ++count) {
        auto row = rows.next();
        if (!row) {
            row.error().what += fmt::format("; messages behind key {} were not read", last_);
            return std::unexpected(std::move(row.error()));
        }
        if (!*row) return count;
        last_ = rows.integer(0);
        look_at(rows, filed);
    }
}

void Checker::look_at(const sqlite::Rows& rows, std::vector<Filed>& filed)
{
    Filed body{rows.integer(0),
               std::string{rows.text(1)},
               static_cast<std::uint64_t>(rows.integer(2)),
               {}};
    if (rows.integer(7) != 0) body.checksum = static_cast<std::uint64_t>(rows.integer(6));
    ++summary_.messages;
    if (!body.checksum) ++summary_.unhashed;
    if (identities_.key_of(body.id) != body.key)
        find(
            fmt::format("message {} has key {}, which its ID does not lead to", body.id, body.key));
    const auto has_octets = rows.text(4) == "blob";
    if (rows.integer(3) == 1 && !has_octets) {
        filed.push_back(std::move(body));
        return;
    }
    if (rows.integer(3) != 0 || !has_octets) {
        find(fmt::format("message {}: its row has no octets, or they are in a file as well",
                         body.id));
        return;
    }
    Checksum checksum;
    checksum.add(rows.blob(5));
    read_ += rows.blob(5).size();
    compare(body, rows.blob(5).size(), checksum);
}

void Checker::read_file(const Filed& body)
{
    // Whatever the row has there, only an ID is the name of a body.
    auto file = is_id(body.id) ? bodies_.read(body.id)
                               : FileResult<OpenBody>{std::unexpected(
                                     FileError{StoreError::gone, "bodies/" + body.id})};
    if (!file) {
        if (file.error().kind != StoreError::gone) return find(std::move(file.error().what));
        // A row goes before its file does.
        const auto still = named(body.id);
        if (still && *still)
            find(fmt::format("message {}: bodies/{} is not there, {} octets are lost", body.id,
                             body.id, body.size));
        return;
    }
    Checksum checksum;
    std::uint64_t size = 0;
    for (;;) {
        auto bytes = file->read(size, piece);
        if (!bytes) return find(std::move(bytes.error().what));
        checksum.add(*bytes);
        size += bytes->size();
        read_ += bytes->size();
        if (bytes->size() < piece || !go_on()) break;
    }
    if (!ended_) compare(body, size, checksum);
}

void Checker::compare(const Filed& body, std::uint64_t size, const Checksum& checksum)
{
    summary_.bytes += size;
    if (size != body.size)
        find(fmt::format("message {} has {} octets instead of {}", body.id, size, body.size));
    else if (body.checksum && *body.checksum != checksum.value())
        find(fmt::format("message {}: its {} octets are not those that were stored (checksum)",
                         body.id, size));
}

/// The other way round: every file has a row. The names come first, so a row that a file gets
/// meanwhile is seen.
Checker::Done Checker::files()
{
    std::vector<std::string> unnamed;
    std::error_code failure;
    fs::directory_iterator entry{folder_ / "bodies", failure};
    for (; !failure && entry != fs::directory_iterator{}; entry.increment(failure)) {
        auto name = entry->path().filename().string();
        ++summary_.files;
        if (!identities_.key_of(name)) {
            find(fmt::format("bodies/{} is no message of this store", name));
            continue;
        }
        auto has_row = named(name);
        if (!has_row) return std::unexpected(std::move(has_row.error()));
        if (!*has_row) unnamed.push_back(std::move(name));
        if (!go_on()) return {};
    }
    if (failure) find(fmt::format("{}: {}", (folder_ / "bodies").string(), failure.message()));
    return recheck(std::move(unnamed));
}

Checker::Done Checker::recheck(std::vector<std::string> unnamed)
{
    const auto since = tools_.server_since();
    const auto end = std::chrono::steady_clock::now() + patience;
    for (;;) {
        std::vector<std::string> left;
        // What a backup holds goes when that is over.
        const bool held = !bodies_.begin_removal();
        for (auto& name : unnamed) {
            std::error_code gone;
            const auto changed = fs::last_write_time(folder_ / "bodies" / name, gone);
            auto has_row = named(name);
            if (!has_row) return std::unexpected(std::move(has_row.error()));
            if (gone || *has_row) continue;
            // A server removes at its start what the one before it left.
            if (held || (since && changed >= *since))
                ++summary_.arriving;
            else
                left.push_back(std::move(name));
        }
        unnamed = std::move(left);
        if (unnamed.empty() || !since || std::chrono::steady_clock::now() > end || !go_on()) break;
        std::this_thread::sleep_for(100ms);
    }
    for (const auto& name : unnamed)
        find(fmt::format("bodies/{} belongs to no message; the server's next start removes it",
                         name));
    return {};
}

sqlite::Result<bool> Checker::named(const std::string& id)
{
    auto statement =
        database_.prepare("SELECT 1 FROM message WHERE id = ?1 AND uid = ?2 AND in_file = 1");
    if (!statement) return std::unexpected(std::move(statement.error()));
    return statement->start(identities_.key_of(id).value_or(0), id).next();
}

} // namespace

std::expected<CheckSummary, std::string> check(const fs::path& folder, const CheckTools& tools)
{
    const auto file = folder / "mail.db";
    std::error_code failure;
    if (!fs::exists(file, failure))
        return std::unexpected(fmt::format("{}: there is no mail store here", folder.string()));
    auto bodies = Bodies::open(folder / "bodies");
    if (!bodies) return std::unexpected(std::move(bodies.error().what));
    auto database = sqlite::Database::open(file, sqlite::Mode::read_only);
    if (!database) return std::unexpected(std::move(database.error().what));
    auto ours = refuse_foreign(*database, migrations().size());
    if (!ours) return std::unexpected(std::move(ours.error().what));
    auto version = database->integer("PRAGMA user_version");
    if (!version) return std::unexpected(std::move(version.error().what));
    if (*version < static_cast<std::int64_t>(migrations().size()))
        return std::unexpected(fmt::format("{}: written by an older portico (schema version {}); a "
                                           "start of the server brings it to version {}",
                                           file.string(), *version, migrations().size()));
    return Checker{std::move(*database), std::move(*bodies), folder, tools}.run();
}

} // namespace portico::mail
