#pragma once

#include "services/store/interruption.hpp"
#include "services/store/meter.hpp"
#include "services/store/new_file.hpp"

#include <cstdint>
#include <filesystem>

namespace portico::store {

struct BackupSummary {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;   // of the archive
    std::uint64_t missing = 0; // bodies that are damaged; said through the meter
};

/// Writes a POSIX tar with mail.db and bodies/ as they are together at one moment, whether a server
/// works on them or not. It extracts over a data folder, even an old one, of a server that is
/// stopped. `file` has it once it is whole and on the disk. Needs room for the database twice.
Result<BackupSummary> back_up(const std::filesystem::path& data, const std::filesystem::path& file,
                              Meter& meter, const Interruption& interruption);

} // namespace portico::store
