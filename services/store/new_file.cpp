#include "services/store/new_file.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace portico::store {

namespace fs = std::filesystem;

namespace {
constexpr std::size_t most_buffered = 256 << 10;
}

std::unexpected<std::string> system_error(const fs::path& file)
{
    return std::unexpected(fmt::format("{}: {}", file.string(), std::strerror(errno)));
}

NewFile::NewFile(fs::path name, fs::path temporary, net::FileDescriptor descriptor)
    : name_{std::move(name)}, temporary_{std::move(temporary)}, descriptor_{std::move(descriptor)}
{
}

NewFile::NewFile(NewFile&& other) noexcept
    : name_{std::move(other.name_)}, temporary_{std::exchange(other.temporary_, {})},
      descriptor_{std::move(other.descriptor_)}, buffer_{std::move(other.buffer_)}
{
}

NewFile::~NewFile()
{
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<NewFile> NewFile::create(fs::path name)
{
    auto pattern = (name.parent_path() / ".portico-XXXXXX").string();
    net::FileDescriptor descriptor{::mkostemp(pattern.data(), O_CLOEXEC)};
    if (!descriptor) return system_error(name);
    return NewFile{std::move(name), std::move(pattern), std::move(descriptor)};
}

Result<> NewFile::write(std::string_view bytes)
{
    buffer_ += bytes;
    return buffer_.size() < most_buffered ? Result<>{} : flush();
}

Result<> NewFile::flush()
{
    std::string_view left{buffer_};
    while (!left.empty()) {
        const auto written = ::write(descriptor_.get(), left.data(), left.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return system_error(name_);
        left.remove_prefix(static_cast<std::size_t>(written));
    }
    buffer_.clear();
    return {};
}

Result<> NewFile::set_time(std::chrono::system_clock::time_point modified)
{
    if (auto done = flush(); !done) return done;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(modified);
    const timespec time{std::chrono::system_clock::to_time_t(seconds),
                        std::chrono::nanoseconds{modified - seconds}.count()};
    const timespec times[] = {time, time};
    if (::futimens(descriptor_.get(), times) != 0) return system_error(name_);
    return {};
}

Result<> NewFile::sync()
{
    if (auto done = flush(); !done) return done;
    if (::fsync(descriptor_.get()) != 0) return system_error(name_);
    return {};
}

Result<> NewFile::keep()
{
    if (auto done = flush(); !done) return done;
    if (::rename(temporary_.c_str(), name_.c_str()) != 0) return system_error(name_);
    temporary_.clear();
    return {};
}

Result<bool> NewFile::is_there_already()
{
    if (auto done = flush(); !done) return std::unexpected(std::move(done.error()));
    const net::FileDescriptor there{::open(name_.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!there && errno == ENOENT) return false;
    struct stat old_one {};
    struct stat new_one {};
    if (!there || ::fstat(there.get(), &old_one) != 0 || ::fstat(descriptor_.get(), &new_one) != 0)
        return system_error(name_);
    if (old_one.st_size != new_one.st_size) return false;
    std::string old_bytes(most_buffered, '\0');
    std::string new_bytes(most_buffered, '\0');
    for (off_t at = 0; at < new_one.st_size;) {
        const auto got = ::pread(there.get(), old_bytes.data(), old_bytes.size(), at);
        if (got <= 0) return system_error(name_);
        const auto size = static_cast<std::size_t>(got);
        if (::pread(descriptor_.get(), new_bytes.data(), size, at) != got)
            return system_error(name_);
        if (std::memcmp(old_bytes.data(), new_bytes.data(), size) != 0) return false;
        at += got;
    }
    return true;
}

} // namespace portico::store
