#include "services/host/data_directory.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace portico::host {

namespace fs = std::filesystem;

namespace {

/// Makes `path` and what is missing above it. Each name is on the disk when it returns: what is
/// stored below is not durable before. A parent that may not be read is left to the system.
std::error_code create_durably(const fs::path& path)
{
    std::error_code error;
    if (fs::is_directory(path, error)) return {};
    const auto parent = path.parent_path();
    if (!parent.empty() && parent != path)
        if (const auto above = create_durably(parent)) return above;
    if (!fs::create_directory(path, error) || error) return error;
    const net::FileDescriptor folder{
        ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (folder) (void)::fsync(folder.get());
    return {};
}

} // namespace

auto DataDirectory::lock(const fs::path& path) -> std::expected<DataDirectory, std::string>
{
    auto failure = [&](const std::string& reason) {
        return std::unexpected{fmt::format("data directory {}: {} ([host] data names another)",
                                           path.string(), reason)};
    };
    std::error_code error;
    const bool exists = fs::is_directory(path, error);
    if (error = create_durably(path); error) return failure(error.message());
    if (!exists) fs::permissions(path, fs::perms::owner_all, error);

    const auto name = path / "portico.lock";
    net::FileDescriptor file{::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
    if (!file) return failure(std::strerror(errno));
    char buffer[32] = "";
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return failure(std::strerror(errno));
        const auto length = ::pread(file.get(), buffer, sizeof buffer - 1, 0);
        return failure(fmt::format(
            "another portico runs on it, process {}",
            std::string_view{buffer, length > 0 ? static_cast<std::size_t>(length) : 0}));
    }
    const auto pid = std::to_string(::getpid());
    if (::ftruncate(file.get(), 0) != 0 ||
        ::pwrite(file.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
        return failure(std::strerror(errno));
    return DataDirectory{std::move(file)};
}

auto DataDirectory::taken_since(const fs::path& path) -> std::optional<fs::file_time_type>
{
    const auto name = path / "portico.lock";
    const net::FileDescriptor file{::open(name.c_str(), O_RDONLY | O_CLOEXEC)};
    // The lock that this is takes a moment only, and ends with the descriptor.
    if (!file || ::flock(file.get(), LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK) return {};
    std::error_code error;
    const auto written = fs::last_write_time(name, error); // with the number of the process
    if (error) return {};
    return written;
}

} // namespace portico::host
