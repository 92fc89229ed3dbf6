#pragma once

#include "net/file_descriptor.hpp"

#include <expected>
#include <filesystem>
#include <optional>
#include <string>

namespace portico::host {

/// The data directory, created if missing (mode 0700) and locked against a second portico for as
/// long as this object lives. The lock is the kernel's: a crash leaves none behind.
class DataDirectory {
public:
    /// The error is a sentence for the operator; of a lock it names the process that has it.
    static std::expected<DataDirectory, std::string> lock(const std::filesystem::path& path);

    /// Since when another process has it; nothing if none has. Creates nothing.
    static std::optional<std::filesystem::file_time_type>
    taken_since(const std::filesystem::path& path);

private:
    explicit DataDirectory(net::FileDescriptor file) : file_{std::move(file)} {}

    net::FileDescriptor file_;
};

} // namespace portico::host
