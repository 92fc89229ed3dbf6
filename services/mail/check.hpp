#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace portico::mail {

/// How a check goes on, and what it is to ask.
struct CheckTools {
    /// Since when a server has the store; nothing: none has. Then files that no row names may be
    /// messages that still arrive.
    std::function<std::optional<std::filesystem::file_time_type>()> server_since;
    std::function<void(const std::string&)> report; // one finding, a sentence
    /// So many octets of so many messages were read, of so many in all. False ends the check.
    std::function<bool(std::uint64_t done, std::uint64_t total, std::uint64_t messages)> progress;
};

/// What was looked at.
struct CheckSummary {
    std::uint64_t mailboxes = 0;
    std::uint64_t deliveries = 0;
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    std::uint64_t files = 0;    // in bodies/
    std::uint64_t unhashed = 0; // messages from before there were checksums: only their sizes
    std::uint64_t arriving = 0; // files of messages on their way, or just removed
    std::uint64_t findings = 0;
};

/// Verifies the store in `folder`: the database's own structure, that its tables agree with each
/// other and its counters with them, that every message's octets are there with the right checksum,
/// and that nothing else is. Reads only. What a running server may have changed between two looks
/// is looked at again before it is reported. An error: it could not be checked, or was ended.
std::expected<CheckSummary, std::string> check(const std::filesystem::path& folder,
                                               const CheckTools& tools);

} // namespace portico::mail
