#pragma once

#include "config/config.hpp"
#include "services/mail/sqlite.hpp"

#include <span>
#include <string>

namespace portico::mail {

/// SQL that takes a database from one schema version to the next.
using Migration = const char*;

/// The migrations that make mail.db, oldest first. Never change one that was released: add one.
std::span<const Migration> migrations();

/// An error if `database` is not portico's or is ahead of schema version `newest`. Writes nothing.
sqlite::Result<void> refuse_foreign(sqlite::Database& database, std::size_t newest);

/// Brings `database` to version `steps.size()`: PRAGMA user_version counts the steps taken, each
/// in a transaction of its own.
sqlite::Result<void> migrate(sqlite::Database& database, std::span<const Migration> steps);

/// How the writing connection works; before anything else is asked of it.
sqlite::Result<void> set_up_writing(sqlite::Database& database,
                                    config::Mail::Durability durability = {});
sqlite::Result<void> set_up_reading(sqlite::Database& database);

} // namespace portico::mail
