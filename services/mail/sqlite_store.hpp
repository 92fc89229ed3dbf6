#pragma once

#include "config/config.hpp"
#include "net/log.hpp"
#include "net/pool.hpp"
#include "services/mail/store.hpp"
#include "services/mail/writer.hpp"

#include <expected>
#include <filesystem>
#include <memory>
#include <string>

namespace portico::mail {

/// The store in `folder`: mail.db (SQLite, WAL, synchronous=FULL) and bodies/ for large messages.
/// Creates what is missing, migrates an older schema, sweeps what a crash left without a row.
/// The caller holds the data directory's lock; `pool` and `log` outlive the store. On failure one
/// sentence for the operator that names the file. `clock` says how old mail is.
std::expected<std::unique_ptr<Store>, std::string>
open_sqlite_store(std::filesystem::path folder, const config::Mail& limits, net::Pool& pool,
                  net::Log& log, Writer::Clock clock = std::chrono::system_clock::now);

} // namespace portico::mail
