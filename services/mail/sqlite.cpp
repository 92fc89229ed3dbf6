#include "services/mail/sqlite.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace portico::mail::sqlite {

namespace {

// No operation holds a lock of the database file for long; this is for the moments in which
// SQLite recovers or restarts the WAL.
constexpr int busy_milliseconds = 2000;

/// The system's reason for an error, 0 if there is none: SQLite says what it could not do, not why.
int reason_for(int code, sqlite3* database)
{
    int reason = 0;
    // What a file that was read failed of; SQLite calls it damaged then.
    if ((code & 0xff) == SQLITE_CORRUPT)
        sqlite3_file_control(database, "main", SQLITE_FCNTL_LAST_ERRNO, &reason);
    // COMMIT writes to the WAL, and does not keep the reason with the connection.
    sqlite3_file* wal = nullptr;
    if (code == SQLITE_IOERR_WRITE || code == SQLITE_IOERR_FSYNC)
        sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER,
                             static_cast<void*>(&wal));
    if (wal && wal->pMethods) wal->pMethods->xFileControl(wal, SQLITE_FCNTL_LAST_ERRNO, &reason);
    if (reason == 0 && (code & 0xff) == SQLITE_IOERR) reason = sqlite3_system_errno(database);
    return reason;
}

Error error_of(sqlite3* database)
{
    int code = sqlite3_extended_errcode(database);
    int system = reason_for(code, database);
    bool io = (code & 0xff) == SQLITE_IOERR;
    bool full = (code & 0xff) == SQLITE_FULL || (io && (system == ENOSPC || system == EDQUOT));
    bool damaged =
        ((code & 0xff) == SQLITE_CORRUPT && system == 0) || (code & 0xff) == SQLITE_NOTADB;
    const char* name = sqlite3_db_filename(database, "main");
    auto reason = system != 0 ? ": " + std::generic_category().message(system) : "";
    return {code,
            full      ? StoreError::full
            : damaged ? StoreError::damaged
                      : StoreError::failing,
            fmt::format("{}: {}{} (SQLite {})", name ? name : "", sqlite3_errmsg(database), reason,
                        code)};
}

std::string_view view(const void* bytes, int size)
{
    if (!bytes) return {};
    return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

} // namespace

Rows::~Rows()
{
    sqlite3_reset(statement_); // its error, if any, was that of next()
    sqlite3_clear_bindings(statement_);
}

Result<bool> Rows::next()
{
    int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return std::unexpected(error_of(sqlite3_db_handle(statement_)));
}

std::string_view Rows::text(int column) const
{
    const void* bytes = sqlite3_column_text(statement_, column);
    return view(bytes, sqlite3_column_bytes(statement_, column));
}

std::string_view Rows::blob(int column) const
{
    const void* bytes = sqlite3_column_blob(statement_, column);
    return view(bytes, sqlite3_column_bytes(statement_, column));
}

// Binding fails only for an index or a size that is out of range, which would be our mistake and
// shows at once: the column would be NULL, and no table here takes that.
void Statement::bind(int index, std::int64_t value)
{
    sqlite3_bind_int64(statement_.get(), index, value);
}

void Statement::bind(int index, std::string_view text)
{
    // A null pointer would mean NULL, not "".
    const char* bytes = text.data() ? text.data() : "";
    sqlite3_bind_text64(statement_.get(), index, bytes, text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void Statement::bind(int index, Blob blob)
{
    const char* bytes = blob.bytes.data() ? blob.bytes.data() : "";
    sqlite3_bind_blob64(statement_.get(), index, bytes, blob.bytes.size(), SQLITE_STATIC);
}

void Statement::bind(int index, std::nullptr_t)
{
    sqlite3_bind_null(statement_.get(), index);
}

Result<Database> Database::open(const std::filesystem::path& file, Mode mode)
{
    sqlite3* handle = nullptr;
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    flags |=
        mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int code = sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
    if (!handle)
        return std::unexpected(Error{SQLITE_NOMEM, StoreError::failing,
                                     fmt::format("{}: out of memory", file.string())});
    Database database{handle};
    if (code != SQLITE_OK)
        return std::unexpected(
            Error{code, StoreError::failing,
                  fmt::format("{}: {} (SQLite {})", file.string(), sqlite3_errmsg(handle), code)});
    sqlite3_busy_timeout(handle, busy_milliseconds);
    return database;
}

Result<void> Database::execute(const std::string& sql)
{
    if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        return std::unexpected(error_of(database_.get()));
    return {};
}

Result<Statement> Database::prepare(std::string_view sql)
{
    sqlite3_stmt* statement = nullptr;
    int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                  SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return std::unexpected(error_of(database_.get()));
    return Statement{statement};
}

Result<void> Database::aggregate(const char* name, int arguments,
                                 void (*step)(sqlite3_context*, int, sqlite3_value**), void* data)
{
    auto* handle = database_.get();
    if (sqlite3_create_function_v2(
            handle, name, arguments, SQLITE_UTF8 | SQLITE_DIRECTONLY, data, nullptr, step,
            [](sqlite3_context*) {}, nullptr) != SQLITE_OK)
        return std::unexpected(error_of(handle));
    return {};
}

Result<std::int64_t> Database::integer(std::string_view sql)
{
    auto statement = prepare(sql);
    if (!statement) return std::unexpected(std::move(statement.error()));
    auto rows = statement->start();
    auto row = rows.next();
    if (!row) return std::unexpected(std::move(row.error()));
    return *row ? rows.integer(0) : 0;
}

Result<void> Database::checkpoint(int mode)
{
    int code = sqlite3_wal_checkpoint_v2(database_.get(), nullptr, mode, nullptr, nullptr);
    // Busy: a reader is in the way, the rest goes with the next one.
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY)
        return std::unexpected(error_of(database_.get()));
    return {};
}

} // namespace portico::mail::sqlite
