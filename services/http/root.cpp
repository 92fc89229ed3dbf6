#include "services/http/root.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdexcept>
#include <string_view>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace portico::http {

namespace {

// O_NONBLOCK: opening a FIFO waits for its other end otherwise.
constexpr std::uint64_t to_read = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
constexpr std::uint64_t to_look_at = O_PATH | O_CLOEXEC;

// /proc/self/root and its like lead where no name says, so they are never followed.
std::uint64_t resolve_flags(config::Site::Symlinks symlinks)
{
    using Symlinks = config::Site::Symlinks;
    switch (symlinks) {
    case Symlinks::inside: return RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    case Symlinks::refuse: return RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
    case Symlinks::follow: return RESOLVE_NO_MAGICLINKS;
    }
    return RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
}

// Whether the name alone stays beneath the folder that it starts from.
bool stays_beneath(std::string_view name)
{
    if (name.starts_with('/')) return false;
    while (!name.empty()) {
        const auto end = std::min(name.find('/'), name.size());
        if (name.substr(0, end) == "..") return false;
        name.remove_prefix(std::min(end + 1, name.size()));
    }
    return true;
}

// glibc has no wrapper for it.
int open_at(int folder, const char* name, open_how how)
{
    // EAGAIN: something was renamed meanwhile and the kernel cannot be sure; see openat2(2).
    for (int attempt = 0;; ++attempt) {
        auto opened = ::syscall(SYS_openat2, folder, name, &how, sizeof how);
        if (opened >= 0) return static_cast<int>(opened);
        if (errno != EINTR && (errno != EAGAIN || attempt == 16)) return -1;
    }
}

struct CloseFolder {
    void operator()(DIR* folder) const { ::closedir(folder); }
};
using FolderStream = std::unique_ptr<DIR, CloseFolder>;

std::chrono::sys_seconds modified_of(const struct stat& status)
{
    return std::chrono::sys_seconds{std::chrono::seconds{status.st_mtim.tv_sec}};
}

std::chrono::nanoseconds since_epoch(const timespec& time)
{
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

// As of now, before the content is read.
FileVersion version_of(const struct stat& status)
{
    constexpr std::chrono::seconds coarsest{2}; // FAT's clock
    auto changed = since_epoch(status.st_ctim);
    auto modified = since_epoch(status.st_mtim);
    auto now = std::chrono::system_clock::now().time_since_epoch();
    return {.device = status.st_dev,
            .inode = status.st_ino,
            .size = static_cast<std::uint64_t>(status.st_size),
            .modified = modified,
            .changed = changed,
            .settled = now - changed > coarsest && now - modified > coarsest};
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

Root::Root(const std::filesystem::path& folder, Symlinks symlinks)
    : folder_{::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)}, symlinks_{symlinks}
{
    if (folder_.get() < 0)
        throw std::runtime_error{fmt::format("http root {} cannot be opened: {}", folder.string(),
                                             std::generic_category().message(errno))};
}

int Root::open_here(const std::string& name, std::uint64_t flags) const
{
    // Where all links are followed the kernel does not look for the way out.
    if (!stays_beneath(name)) {
        errno = EXDEV;
        return -1;
    }
    open_how how{};
    how.flags = flags;
    how.resolve = resolve_flags(symlinks_);
    return open_at(folder_.get(), name.c_str(), how);
}

std::expected<Opened, FileError> Root::open(const std::string& name, std::size_t most,
                                            std::shared_ptr<const SmallFile> known) const
{
    net::FileDescriptor descriptor{open_here(name, to_read)};
    if (!descriptor) return std::unexpected{to_error(errno)};
    struct stat status {};
    if (::fstat(descriptor.get(), &status) != 0) return std::unexpected{FileError::failing};
    if (S_ISDIR(status.st_mode)) return std::unexpected{FileError::is_folder};
    if (!S_ISREG(status.st_mode)) return std::unexpected{FileError::not_found};
    File file{.size = static_cast<std::uint64_t>(status.st_size),
              .modified = modified_of(status),
              .changed = since_epoch(status.st_ctim),
              .inode = status.st_ino};
    if (file.size > most)
        return Opened{.file = file, .small = nullptr, .descriptor = std::move(descriptor)};
    auto version = version_of(status);
    if (known && is_same(known->version, version))
        return Opened{.file = known->file, .small = std::move(known), .descriptor = {}};
    auto content = read_at(descriptor, 0, static_cast<std::size_t>(file.size));
    // It was written to since fstat(): what was read is what it is, for Content-Length too.
    if (content.size() != file.size) version.settled = false;
    file.size = content.size();
    return Opened{.file = file,
                  .small = std::make_shared<const SmallFile>(
                      SmallFile{.file = file, .version = version, .content = std::move(content)}),
                  .descriptor = {}};
}

std::expected<Listing, FileError> Root::list(const std::string& name, std::size_t most) const
{
    net::FileDescriptor descriptor{open_here(name.empty() ? "." : name, to_read | O_DIRECTORY)};
    if (!descriptor) return std::unexpected{to_error(errno)};
    const FolderStream folder{::fdopendir(descriptor.get())};
    if (!folder) return std::unexpected{FileError::failing};
    const int in = descriptor.release(); // the stream's by now
    Listing listing;
    for (;;) {
        errno = 0;
        const auto* found = ::readdir(folder.get());
        if (!found && errno != 0) return std::unexpected{FileError::failing};
        if (!found) return listing;
        Entry entry{.name = found->d_name};
        if (!shows(in, name + entry.name, entry)) continue;
        if (listing.entries.size() == most) {
            listing.more = true;
            return listing;
        }
        listing.entries.push_back(std::move(entry));
    }
}

// `path` is that of the entry, whose name is in the open `folder`. The rest of it is filled in.
bool Root::shows(int folder, const std::string& path, Entry& entry) const
{
    if (entry.name.starts_with('.')) return false;
    struct stat status {};
    if (::fstatat(folder, entry.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return false;
    if (S_ISLNK(status.st_mode)) {
        // From the root, since that is where the way out is measured from.
        const net::FileDescriptor target{open_here(path, to_look_at)};
        if (!target || ::fstat(target.get(), &status) != 0) return false;
    }
    entry.is_folder = S_ISDIR(status.st_mode);
    entry.size = static_cast<std::uint64_t>(status.st_size);
    entry.modified = modified_of(status);
    return entry.is_folder || S_ISREG(status.st_mode);
}

bool in_memory(const net::FileDescriptor& file, std::uint64_t offset, std::size_t length)
{
    auto answers = [&file](std::uint64_t place) {
        char octet = 0;
        iovec into{&octet, 1};
        return ::preadv2(file.get(), &into, 1, static_cast<off_t>(place), RWF_NOWAIT) >= 0;
    };
    return answers(offset) && answers(offset + length - 1);
}

std::size_t append_from_memory(std::string& bytes, const net::FileDescriptor& file,
                               std::uint64_t offset, std::size_t length)
{
    const auto before = bytes.size();
    auto read = [&](char* all, std::size_t size) { // what is not read is not cleared either
        iovec into{all + before, size - before};
        const auto count = ::preadv2(file.get(), &into, 1, static_cast<off_t>(offset), RWF_NOWAIT);
        return before + static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    };
    bytes.resize_and_overwrite(before + length, read);
    return bytes.size() - before;
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
