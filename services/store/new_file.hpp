#pragma once

#include "net/file_descriptor.hpp"

#include <chrono>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

namespace portico::store {

/// What can fail says so in a sentence for the user.
template <class T = void>
using Result = std::expected<T, std::string>;

/// A file that gets its name once it is whole; until then it has a temporary one beside it, which
/// goes with the object. Mode 0600: it holds mail.
class NewFile {
public:
    static Result<NewFile> create(std::filesystem::path name);

    ~NewFile();
    NewFile(NewFile&& other) noexcept;
    NewFile& operator=(NewFile&&) = delete;

    Result<> write(std::string_view bytes);
    Result<> set_time(std::chrono::system_clock::time_point modified);
    /// On the disk; keep() alone leaves that to the system.
    Result<> sync();
    /// Under its name, in the place of what was there.
    Result<> keep();
    /// Whether what its name has now is the same. After it, no more write().
    Result<bool> is_there_already();

    const std::filesystem::path& temporary_name() const { return temporary_; }

private:
    NewFile(std::filesystem::path name, std::filesystem::path temporary,
            net::FileDescriptor descriptor);

    Result<> flush();

    std::filesystem::path name_;
    std::filesystem::path temporary_; // "": it has its name, or is another's
    net::FileDescriptor descriptor_;
    std::string buffer_;
};

/// "FILE: No such file or directory", of errno.
std::unexpected<std::string> system_error(const std::filesystem::path& file);

} // namespace portico::store
