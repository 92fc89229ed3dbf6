#include "services/http/root.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdexcept>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

namespace portico::http {

namespace {

// glibc has no wrapper for it.
int open_beneath(int folder, const char* name)
{
    open_how how{};
    // O_NONBLOCK: opening a FIFO waits for its other end otherwise.
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    // EAGAIN: something was renamed meanwhile and the kernel cannot be sure; see openat2(2).
    for (int attempt = 0;; ++attempt) {
        auto opened = ::syscall(SYS_openat2, folder, name, &how, sizeof how);
        if (opened >= 0) return static_cast<int>(opened);
        if (errno != EINTR && (errno != EAGAIN || attempt == 16)) return -1;
    }
}

FileError to_error(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case EILSEQ: // a name this file system cannot have
    case EINVAL:
    case EXDEV: // out of the root
    case ELOOP:
    case ENXIO: // a socket, or a FIFO nobody reads
    case ENODEV: return FileError::not_found;
    case EACCES:
    case EPERM: return FileError::forbidden;
    default: return FileError::failing;
    }
}

} // namespace

Root::Root(const std::filesystem::path& folder)
    : folder_{::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)}
{
    if (folder_.get() < 0)
        throw std::runtime_error{fmt::format("http root {} cannot be opened: {}", folder.string(),
                                             std::generic_category().message(errno))};
}

std::expected<Opened, FileError> Root::open(const std::string& name, std::size_t most) const
{
    Opened opened;
    opened.descriptor = net::FileDescriptor{open_beneath(folder_.get(), name.c_str())};
    auto descriptor = opened.descriptor.get();
    if (descriptor < 0) return std::unexpected{to_error(errno)};
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) return std::unexpected{FileError::failing};
    if (S_ISDIR(status.st_mode)) return std::unexpected{FileError::is_folder};
    if (!S_ISREG(status.st_mode)) return std::unexpected{FileError::not_found};
    opened.file = {.size = static_cast<std::uint64_t>(status.st_size),
                   .modified =
                       std::chrono::sys_seconds{std::chrono::seconds{status.st_mtim.tv_sec}},
                   .nanoseconds = static_cast<std::uint32_t>(status.st_mtim.tv_nsec),
                   .inode = status.st_ino};
    if (opened.file.size > most) return opened;
    opened.content = read_at(opened.descriptor, 0, static_cast<std::size_t>(opened.file.size));
    // It was written to since fstat(): what was read is what it is, for Content-Length too.
    opened.file.size = opened.content.size();
    return opened;
}

std::string read_at(const net::FileDescriptor& file, std::uint64_t offset, std::size_t length)
{
    std::string bytes(length, '\0');
    std::size_t done = 0;
    while (done < length) {
        auto count = ::pread(file.get(), bytes.data() + done, length - done,
                             static_cast<off_t>(offset + done));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        done += static_cast<std::size_t>(count);
    }
    bytes.resize(done);
    return bytes;
}

} // namespace portico::http
