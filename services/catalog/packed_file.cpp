#include "services/catalog/packed_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace portico::catalog {

namespace {

FileError error_of(int number, const std::filesystem::path& path)
{
    auto kind = mail::StoreError::failing;
    if (number == ENOSPC || number == EDQUOT) kind = mail::StoreError::full;
    if (number == ENOENT) kind = mail::StoreError::gone;
    return {kind, path.string() + ": " + std::generic_category().message(number)};
}

} // namespace

FileResult<PackedFile> PackedFile::open(std::filesystem::path path, Mode mode)
{
    const int flags = O_RDWR | O_CLOEXEC | (mode == Mode::empty ? O_CREAT | O_TRUNC : 0);
    net::FileDescriptor descriptor{::open(path.c_str(), flags, 0600)};
    struct stat status = {};
    if (!descriptor || ::fstat(descriptor.get(), &status) != 0)
        return std::unexpected(error_of(errno, path));
    return PackedFile{std::move(path), std::move(descriptor),
                      static_cast<std::uint64_t>(status.st_size)};
}

FileResult<void> PackedFile::append(std::string_view octets)
{
    auto end = size_;
    while (!octets.empty()) {
        const auto written =
            ::pwrite(descriptor_.get(), octets.data(), octets.size(), static_cast<off_t>(end));
        if (written >= 0) {
            octets.remove_prefix(static_cast<std::size_t>(written));
            end += static_cast<std::uint64_t>(written);
        } else if (errno != EINTR) {
            auto failure = error();
            (void)cut(size_); // if that fails, too, the next start finds what it is: no record
            return std::unexpected(std::move(failure));
        }
    }
    size_ = end;
    return {};
}

FileResult<void> PackedFile::read(std::uint64_t offset, std::size_t size, std::string& octets) const
{
    octets.resize(size);
    std::size_t have = 0;
    while (have < size) {
        const auto got = ::pread(descriptor_.get(), octets.data() + have, size - have,
                                 static_cast<off_t>(offset + have));
        if (got == 0) break;
        if (got > 0)
            have += static_cast<std::size_t>(got);
        else if (errno != EINTR)
            return std::unexpected(error());
    }
    octets.resize(have);
    return {};
}

FileResult<void> PackedFile::cut(std::uint64_t size)
{
    if (::ftruncate(descriptor_.get(), static_cast<off_t>(size)) != 0)
        return std::unexpected(error());
    size_ = size;
    return {};
}

FileResult<void> PackedFile::sync() const
{
    if (::fdatasync(descriptor_.get()) == 0) return {};
    return std::unexpected(error());
}

FileResult<void> PackedFile::rename(std::filesystem::path path)
{
    if (::rename(path_.c_str(), path.c_str()) != 0) return std::unexpected(error());
    path_ = std::move(path);
    return {};
}

void PackedFile::remove()
{
    ::unlink(path_.c_str()); // what stays is found empty or overwritten the next time
}

FileError PackedFile::error() const
{
    return error_of(errno, path_);
}

} // namespace portico::catalog
