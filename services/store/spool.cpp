#include "services/store/spool.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace portico::store {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t in_memory = 1 << 20;
constexpr std::size_t piece = 256 << 10;

Result<net::FileDescriptor> unnamed_file()
{
    std::error_code none;
    auto folder = fs::temp_directory_path(none);
    if (none) folder = "/tmp";
    auto pattern = (folder / "portico-XXXXXX").string();
    net::FileDescriptor file{::mkostemp(pattern.data(), O_CLOEXEC)};
    if (!file) return system_error(folder);
    ::unlink(pattern.c_str());
    return file;
}

} // namespace

void Spool::clear()
{
    head_.clear();
    file_.reset();
    size_ = read_ = 0;
    checksum_.emplace();
    written_ = {};
}

Result<> Spool::add(std::string_view bytes)
{
    size_ += bytes.size();
    checksum_->add(bytes);
    const auto first = bytes.substr(0, in_memory - head_.size());
    head_ += first;
    bytes.remove_prefix(first.size());
    if (bytes.empty() || !written_) return written_;
    if (!file_) {
        auto file = unnamed_file();
        if (!file) return written_ = std::unexpected(std::move(file.error()));
        file_ = std::move(*file);
    }
    while (!bytes.empty()) {
        const auto written = ::write(file_.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return written_ = system_error("temporary file");
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<std::string_view> Spool::next()
{
    if (!written_) return std::unexpected(written_.error());
    if (read_ < head_.size()) {
        const auto bytes = std::string_view{head_}.substr(read_, piece);
        read_ += bytes.size();
        return bytes;
    }
    if (read_ == size_) return std::string_view{};
    piece_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(piece, size_ - read_)));
    const auto got = ::pread(file_.get(), piece_.data(), piece_.size(),
                             static_cast<off_t>(read_ - head_.size()));
    if (got <= 0) return system_error("temporary file");
    read_ += static_cast<std::uint64_t>(got);
    return std::string_view{piece_}.substr(0, static_cast<std::size_t>(got));
}

} // namespace portico::store
