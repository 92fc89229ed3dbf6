#pragma once

#include "services/store/interruption.hpp"
#include "services/store/meter.hpp"
#include "services/store/new_file.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace portico::store {

enum class Format : std::uint8_t { mbox, eml };

struct ExportSummary {
    std::uint64_t mailboxes = 0;
    std::uint64_t messages = 0;
    std::uint64_t written = 0;   // files
    std::uint64_t unchanged = 0; // files that were there already
    std::uint64_t damaged = 0;   // messages that cannot be read; said through the meter
};

/// Writes the mailbox of that name, or all if it is "", into `folder`, which it creates: NAME.mbox
/// each, or a folder NAME each with a file ID.eml for every message, dated when it was received. A
/// file that is there is replaced, once the new one is whole, unless it is the same.
Result<ExportSummary> export_mail(const std::filesystem::path& data, const std::string& mailbox,
                                  Format format, const std::filesystem::path& folder, Meter& meter,
                                  const Interruption& interruption);

} // namespace portico::store
