#pragma once

#include "services/store/new_file.hpp"
#include "services/store/spool.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace portico::store {

/// A file with mail in it.
struct MailFile {
    enum class Kind : std::uint8_t { mbox, message };
    std::filesystem::path path;
    Kind kind;
    std::uint64_t size;
    std::filesystem::file_time_type modified;
    std::string mailbox; // as its name says, or that of its folder; "": it says none
};

/// The files themselves that `paths` name, whatever they are called, and all *.mbox and *.eml in
/// the folders and below; the messages of a folder by their age.
Result<std::vector<MailFile>> find_mail_files(const std::vector<std::filesystem::path>& paths);

/// A message that was found in one. Its octets are in the spool.
struct FoundMessage {
    std::string reverse_path;
    std::chrono::system_clock::time_point received;
};

/// Hands every message in `file` to `take`, until that fails, one after the other through `spool`.
/// `progress` hears how many octets of the file were read; false ends the reading.
Result<> read_mail_file(const MailFile& file, Spool& spool,
                        const std::function<Result<>(const FoundMessage&)>& take,
                        const std::function<bool(std::uint64_t)>& progress);

} // namespace portico::store
