#include "services/mail/schema.hpp"

#include <fmt/core.h>

#include <array>

namespace portico::mail {

namespace {

constexpr std::int64_t application_id = 0x50727463; // "Prtc", PRAGMA application_id

// Every table but `mailbox` only grows at its end, `delivery` at the end of each mailbox, so
// what one delivery writes does not depend on how much is stored. That is also why no index is
// on message.uid: a uid tells its row's id itself (identity.hpp).
//
// `message` keeps its body last, so that what stands before it is read without it. `mailboxes`
// is the JSON list of those it was put into, some of which may have let go of it since: enough
// to find all of its deliveries without an index over them.
//
// `delivery` repeats size and uid so that the listing of a maildrop is one scan of one range.
// Since step 2 a line of `recipients` is an address and then, each behind a tab, the parameters of
// its RCPT; `parameters` are those of MAIL, and `traits` the bits of traits.hpp.
//
// Since step 3 `hash` is the body's checksum (checksum.hpp), and `mailbox` and `store` count what
// is there: the deliveries of a mailbox, and the messages, in which one for many mailboxes counts
// once.
//
// Since step 4 `mark` has a row for each message that is read, or whose tags are not those it came
// with (tags, one a line; NULL: those); `store` counts the read ones and keeps the largest key that
// was ever used, so that none is used again.
//
// Foreign keys are not declared: the one writer keeps them, and each check would cost a lookup.
constexpr std::array<Migration, 4> steps{R"sql(
    CREATE TABLE store (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        secret_high INTEGER NOT NULL,
        secret_low INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE mailbox (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE
    ) STRICT;
    CREATE TABLE message (
        id INTEGER PRIMARY KEY,
        uid TEXT NOT NULL,
        received INTEGER NOT NULL, -- milliseconds since 1970
        size INTEGER NOT NULL,
        in_file INTEGER NOT NULL,  -- 1: the body is bodies/<uid>
        mailboxes TEXT NOT NULL,
        reverse_path TEXT NOT NULL,
        recipients TEXT NOT NULL,  -- the envelope's, one a line
        body BLOB
    ) STRICT;
    CREATE TABLE delivery (
        mailbox INTEGER NOT NULL,
        message INTEGER NOT NULL,
        size INTEGER NOT NULL,
        uid TEXT NOT NULL,
        PRIMARY KEY (mailbox, message)
    ) STRICT, WITHOUT ROWID;
)sql",
                                         R"sql(
    ALTER TABLE message ADD COLUMN parameters TEXT NOT NULL DEFAULT '';
    ALTER TABLE delivery ADD COLUMN traits INTEGER NOT NULL DEFAULT 0;
)sql",
                                         R"sql(
    ALTER TABLE message ADD COLUMN hash INTEGER; -- NULL: stored before step 3
    ALTER TABLE mailbox ADD COLUMN messages INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE mailbox ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE store ADD COLUMN messages INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE store ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
    UPDATE mailbox SET (messages, bytes) = (SELECT count(*), coalesce(sum(size), 0)
                                            FROM delivery WHERE mailbox = mailbox.id);
    UPDATE store SET (messages, bytes) = (SELECT count(*), coalesce(sum(size), 0) FROM message);
)sql",
                                         R"sql(
    CREATE TABLE mark (
        message INTEGER PRIMARY KEY,
        read INTEGER NOT NULL,
        tags TEXT
    ) STRICT;
    ALTER TABLE store ADD COLUMN read INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE store ADD COLUMN last_key INTEGER NOT NULL DEFAULT 0;
    UPDATE store SET last_key = (SELECT coalesce(max(id), 0) FROM message);
)sql"};

std::unexpected<sqlite::Error> refuse(sqlite::Database& database, std::string_view what)
{
    const char* name = sqlite3_db_filename(database.handle(), "main");
    return std::unexpected(
        sqlite::Error{SQLITE_ERROR, StoreError::failing, fmt::format("{}: {}", name, what)});
}

} // namespace

std::span<const Migration> migrations()
{
    return steps;
}

sqlite::Result<void> refuse_foreign(sqlite::Database& database, std::size_t newest)
{
    auto tables = database.integer("SELECT count(*) FROM sqlite_schema");
    if (!tables) return std::unexpected(std::move(tables.error()));
    auto application = database.integer("PRAGMA application_id");
    if (!application) return std::unexpected(std::move(application.error()));
    auto version = database.integer("PRAGMA user_version");
    if (!version) return std::unexpected(std::move(version.error()));
    if (*application != application_id && (*application != 0 || *tables > 0))
        return refuse(database, "a database, but not a mail store of portico's");
    if (*version > static_cast<std::int64_t>(newest))
        return refuse(database, fmt::format("written by a newer portico (schema version {}, this "
                                            "one knows up to {})",
                                            *version, newest));
    return {};
}

sqlite::Result<void> migrate(sqlite::Database& database, std::span<const Migration> all)
{
    auto version = database.integer("PRAGMA user_version");
    if (!version) return std::unexpected(std::move(version.error()));
    for (auto step = static_cast<std::size_t>(*version); step < all.size(); ++step) {
        auto done = database.execute(fmt::format("BEGIN IMMEDIATE; {}; PRAGMA user_version = {}; "
                                                 "PRAGMA application_id = {}; COMMIT",
                                                 all[step], step + 1, application_id));
        if (done) continue;
        if (database.in_transaction()) (void)database.execute("ROLLBACK");
        return done;
    }
    return {};
}

// secure_delete is off: Debian builds SQLite with it on, which overwrites what is deleted with
// zeros and so writes every message twice. The price is privacy: octets of a deleted message
// stay in the file until its pages are used again, as those of a deleted file stay on its disk.
// synchronous: FULL syncs the WAL with every COMMIT; NORMAL only before its pages are copied into
// the database file, so that a power cut takes back the last commits but breaks nothing.
// wal_autocheckpoint is off because the writer checkpoints after it has answered (writer.cpp).
sqlite::Result<void> set_up_writing(sqlite::Database& database, config::Mail::Durability durability)
{
    if (auto set = database.execute(durability == config::Mail::Durability::full
                                        ? "PRAGMA synchronous = FULL"
                                        : "PRAGMA synchronous = NORMAL");
        !set)
        return set;
    return database.execute("PRAGMA page_size = 8192;" // of a new file
                            "PRAGMA journal_mode = WAL;"
                            "PRAGMA secure_delete = OFF;"
                            "PRAGMA wal_autocheckpoint = 0;"
                            "PRAGMA journal_size_limit = 67108864;"
                            "PRAGMA cache_size = -8192;"
                            "PRAGMA temp_store = MEMORY");
}

// Beside a synchronous of FULL a checkpoint syncs the WAL before and the database file behind it.
sqlite::Result<void> set_up_reading(sqlite::Database& database)
{
    return database.execute("PRAGMA query_only = ON; PRAGMA cache_size = -1024");
}

} // namespace portico::mail
