#pragma once

#include "services/mail/error.hpp"

#include <sqlite3.h>

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

/// SQLite's C interface with owners and values for errors; knows nothing of mail. A Database and
/// all made from it are used by one thread at a time.
namespace portico::mail::sqlite {

struct Error {
    int code;         // SQLite's extended result code
    StoreError kind;  // full or failing
    std::string what; // "mail.db: database or disk is full (SQLite 13)"
};

template <class T>
using Result = std::expected<T, Error>;

/// Octets to be bound as a blob.
struct Blob {
    std::string_view bytes;
};

class Statement;

/// One run of a statement; it is reset when this ends. What was bound and the column values
/// are not copied: the former must outlive this, the latter end with the next call of next().
class Rows {
public:
    explicit Rows(sqlite3_stmt* statement) : statement_{statement} {}
    ~Rows();
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;

    /// Whether there is a (further) row.
    Result<bool> next();

    std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
    std::string_view text(int column) const;
    std::string_view blob(int column) const;

private:
    sqlite3_stmt* statement_;
};

/// A prepared statement. Ends before its database.
class Statement {
public:
    Statement() = default;
    explicit Statement(sqlite3_stmt* statement) : statement_{statement} {}

    /// Binds ?1, ?2 ... and starts. Nothing has run before the first next().
    template <class... Values>
    Rows start(const Values&... values)
    {
        int index = 0;
        (bind(++index, values), ...);
        return Rows{statement_.get()};
    }

    /// Runs a statement whose rows do not matter.
    template <class... Values>
    Result<void> run(const Values&... values)
    {
        auto rows = start(values...);
        auto row = rows.next();
        while (row && *row) row = rows.next();
        if (!row) return std::unexpected(std::move(row.error()));
        return {};
    }

private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };

    void bind(int index, std::int64_t value);
    void bind(int index, std::string_view text);
    void bind(int index, Blob blob);
    void bind(int index, std::nullptr_t);

    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

enum class Mode { read_only, read_write };

/// One connection to a database file.
class Database {
public:
    /// Opens `file`, which exists or, to be written, is created.
    static Result<Database> open(const std::filesystem::path& file, Mode mode);

    /// Runs one or more statements of SQL text.
    Result<void> execute(const std::string& sql);
    Result<Statement> prepare(std::string_view sql);
    /// An aggregate for SQL text, whose value is NULL: `step` is given the arguments of each row, and
    /// `data` by sqlite3_user_data().
    Result<void> aggregate(const char* name, int arguments,
                           void (*step)(sqlite3_context*, int, sqlite3_value**), void* data);
    /// The first column of the first row, 0 if there is none.
    Result<std::int64_t> integer(std::string_view sql);

    bool in_transaction() const { return sqlite3_get_autocommit(database_.get()) == 0; }
    /// Copies the WAL's pages into the database file; see sqlite3_wal_checkpoint_v2.
    Result<void> checkpoint(int mode);
    sqlite3* handle() { return database_.get(); }

private:
    struct Close {
        void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
    };

    explicit Database(sqlite3* database) : database_{database} {}

    std::unique_ptr<sqlite3, Close> database_;
};

} // namespace portico::mail::sqlite
