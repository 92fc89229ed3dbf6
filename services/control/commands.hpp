#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

/// What the command line asks a running server. Each prints its answer on standard output, or one
/// line on standard error, and returns the process' exit code: 0, or 1 if it could not be done.
namespace portico::control {

int ports(const std::filesystem::path& data, bool json);
int connections(const std::filesystem::path& data, bool json);
int health(const std::filesystem::path& data); // 1 unless it runs with every port bound
int mail_status(const std::filesystem::path& data, bool json);
int mail_ls(const std::filesystem::path& data, const std::string& mailbox, bool json);
int mail_cat(const std::filesystem::path& data, const std::string& id);
int mail_rm(const std::filesystem::path& data, const std::vector<std::string>& ids);

/// Delivers the message on standard input, its lone LFs made CR LF, as UNIX text has them.
int send(const std::filesystem::path& data, const std::string& from,
         const std::vector<std::string>& to);

} // namespace portico::control
