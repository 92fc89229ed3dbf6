#pragma once

#include "config/config.hpp"
#include "net/log.hpp"
#include "services/accounts/directory.hpp"
#include "services/store/exporting.hpp"

#include <filesystem>
#include <string>
#include <vector>

/// What the command line does with a mail store, whether its server runs or not. Each prints what
/// it did on standard output, what went wrong on standard error, and returns the process' exit
/// code: 0, 1 if anything is wrong, 130 after an interruption.
namespace portico::store {

int check(const std::filesystem::path& data);
int backup(const std::filesystem::path& data, const std::filesystem::path& file);
/// Of all mailboxes if `mailbox` is "".
int export_mail(const std::filesystem::path& data, const accounts::Directory& directory,
                const std::string& mailbox, Format format, const std::filesystem::path& folder);
/// Into `mailbox`; if it is "" into those that the files are named after. `log` is for what the
/// store has to tell when no server runs.
int import_mail(const config::Config& config, const accounts::Directory& directory, net::Log& log,
                const std::string& mailbox, const std::vector<std::filesystem::path>& paths);

} // namespace portico::store
