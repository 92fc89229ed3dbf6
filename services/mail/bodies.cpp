#include "services/mail/bodies.hpp"

#include "services/mail/id.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <system_error>
#include <unistd.h>

namespace portico::mail {

namespace {

constexpr std::uint64_t most_kept_free = 32 << 20;

FileError error_of(int number, const std::string& name)
{
    auto kind = StoreError::failing;
    if (number == ENOSPC || number == EDQUOT) kind = StoreError::full;
    if (number == ENOENT) kind = StoreError::gone;
    return {kind, name + ": " + std::generic_category().message(number)};
}

} // namespace

BodyFile::~BodyFile()
{
    // One that cannot be removed is swept at the next start.
    if (descriptor_) (void)bodies_->remove(id_);
}

FileResult<void> BodyFile::write(std::string_view bytes)
{
    while (!bytes.empty()) {
        auto written = ::write(descriptor_.get(), bytes.data(), bytes.size());
        if (written >= 0)
            bytes.remove_prefix(static_cast<std::size_t>(written));
        else if (errno != EINTR)
            return std::unexpected(error_of(errno, "bodies/" + id_));
    }
    return {};
}

FileResult<void> BodyFile::sync()
{
    if (bodies_->relaxed() || ::fdatasync(descriptor_.get()) == 0) return {};
    return std::unexpected(error_of(errno, "bodies/" + id_));
}

FileResult<std::string> OpenBody::read(std::uint64_t offset, std::size_t size) const
{
    std::string bytes(size, '\0');
    std::size_t have = 0;
    while (have < size) {
        auto got = ::pread(descriptor_.get(), bytes.data() + have, size - have,
                           static_cast<off_t>(offset + have));
        if (got == 0) break;
        if (got > 0)
            have += static_cast<std::size_t>(got);
        else if (errno != EINTR)
            return std::unexpected(error_of(errno, name_));
    }
    bytes.resize(have);
    return bytes;
}

FileResult<Bodies> Bodies::open(const std::filesystem::path& folder,
                                config::Mail::Durability durability)
{
    if (auto created = create_folder(folder); !created)
        return std::unexpected(std::move(created.error()));
    net::FileDescriptor descriptor{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!descriptor) return std::unexpected(error_of(errno, folder.string()));
    return Bodies{folder, std::move(descriptor), durability};
}

FileResult<BodyFile> Bodies::create(std::string id) const
{
    net::FileDescriptor descriptor{
        ::openat(descriptor_.get(), id.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (!descriptor) return std::unexpected(error(id));
    return BodyFile{*this, std::move(id), std::move(descriptor)};
}

FileResult<OpenBody> Bodies::read(const std::string& id) const
{
    net::FileDescriptor descriptor{::openat(descriptor_.get(), id.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!descriptor) return std::unexpected(error(id));
    return OpenBody{(folder_ / id).string(), std::move(descriptor)};
}

FileResult<void> Bodies::remove(const std::string& id) const
{
    if (::unlinkat(descriptor_.get(), id.c_str(), 0) == 0 || errno == ENOENT) return {};
    return std::unexpected(error(id));
}

FileResult<void> Bodies::sync() const
{
    if (relaxed() || ::fsync(descriptor_.get()) == 0) return {};
    return std::unexpected(error_of(errno, folder_.string()));
}

FileResult<void> Bodies::room() const
{
    struct statvfs disk = {};
    if (::fstatvfs(descriptor_.get(), &disk) != 0)
        return std::unexpected(error_of(errno, folder_.string()));
    const auto kept = std::min<std::uint64_t>(most_kept_free, disk.f_frsize * disk.f_blocks / 8);
    if (disk.f_frsize * disk.f_bavail >= kept) return {};
    return std::unexpected(FileError{
        StoreError::full, fmt::format("{}: less than {} KiB of the disk are left, which are kept "
                                      "for removing mail",
                                      folder_.string(), kept >> 10)});
}

// The lock is on the folder itself: nothing more to create, to back up or to clean up, and the
// kernel lets go of it however a process ends.
FileResult<BodiesHold> Bodies::hold() const
{
    net::FileDescriptor own{::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!own) return std::unexpected(error_of(errno, folder_.string()));
    while (::flock(own.get(), LOCK_SH) != 0)
        if (errno != EINTR) return std::unexpected(error_of(errno, folder_.string()));
    return BodiesHold{std::move(own)};
}

std::optional<BodiesRemoval> Bodies::begin_removal() const
{
    // On a filesystem without such locks nobody can hold them either.
    if (::flock(descriptor_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return {};
    return BodiesRemoval{descriptor_.get()};
}

BodiesRemoval::~BodiesRemoval()
{
    if (descriptor_ >= 0) ::flock(descriptor_, LOCK_UN);
}

FileResult<std::vector<std::string>> Bodies::list() const
{
    std::vector<std::string> ids;
    std::error_code failure;
    std::filesystem::directory_iterator entry{folder_, failure};
    for (; !failure && entry != std::filesystem::directory_iterator{}; entry.increment(failure))
        if (auto name = entry->path().filename().string(); is_id(name))
            ids.push_back(std::move(name));
    if (failure) return std::unexpected(error_of(failure.value(), folder_.string()));
    return ids;
}

FileError Bodies::error(const std::string& id) const
{
    return error_of(errno, (folder_ / id).string());
}

FileResult<void> create_folder(const std::filesystem::path& folder)
{
    std::error_code failure;
    if (std::filesystem::is_directory(folder, failure)) return {};
    auto parent = folder.parent_path();
    if (!parent.empty() && parent != folder) {
        if (auto above = create_folder(parent); !above) return above;
    }
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
        return std::unexpected(error_of(errno, folder.string()));
    return sync_folder(parent.empty() ? "." : parent);
}

FileResult<void> sync_folder(const std::filesystem::path& folder)
{
    net::FileDescriptor descriptor{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (descriptor && ::fsync(descriptor.get()) == 0) return {};
    return std::unexpected(error_of(errno, folder.string()));
}

} // namespace portico::mail
