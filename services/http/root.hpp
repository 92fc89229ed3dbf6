#pragma once

#include "net/file_descriptor.hpp"
#include "services/http/protocol.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>

namespace portico::http {

struct Opened {
    net::FileDescriptor descriptor;
    File file{};
    std::string content; // all of it if that was asked for and it is small, else empty
};

/// The folder whose files are served. Holds it open, so that it stays the same folder whatever
/// happens to its name. Its calls block: they belong on a pool. Safe from every thread.
class Root {
public:
    /// Throws std::runtime_error, naming the folder, if it cannot be opened.
    explicit Root(const std::filesystem::path& folder);

    /// Opens the regular file `name` beneath the root (see Path::file). The kernel itself sees
    /// to it that no spelling and no symbolic link leads out (openat2, RESOLVE_BENEATH). Of a
    /// file up to `most` octets the content is read as well.
    std::expected<Opened, FileError> open(const std::string& name, std::size_t most) const;

private:
    net::FileDescriptor folder_;
};

/// `length` octets of the file from `offset`; fewer if it ends before or cannot be read.
std::string read_at(const net::FileDescriptor& file, std::uint64_t offset, std::size_t length);

} // namespace portico::http
