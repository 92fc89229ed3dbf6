#pragma once

#include "config/config.hpp"
#include "net/file_descriptor.hpp"
#include "services/http/cache.hpp"
#include "services/http/files.hpp"
#include "services/http/listing.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>

namespace portico::http {

struct Opened {
    File file{};
    std::shared_ptr<const SmallFile> small; // if its content was asked for and is small, else null
    net::FileDescriptor descriptor;         // of any other
};

/// The folder whose files are served. Holds it open, so that it stays the same folder whatever
/// happens to its name. Its calls block: they belong on a pool. Safe from every thread.
class Root {
public:
    using Symlinks = config::Site::Symlinks;

    /// Throws std::runtime_error, naming the folder, if it cannot be opened.
    explicit Root(const std::filesystem::path& folder, Symlinks symlinks = Symlinks::inside);

    /// Opens the regular file `name` beneath the root (see Path::file). The kernel itself sees
    /// to it that no spelling leads out, and no symbolic link unless all are followed (openat2,
    /// RESOLVE_BENEATH); none that is refused counts as there. A file up to `most` octets is read,
    /// unless it is the one that is `known`.
    std::expected<Opened, FileError> open(const std::string& name, std::size_t most,
                                          std::shared_ptr<const SmallFile> known = nullptr) const;

    /// What open() and another list() would find in the folder `name` ("": the root, "docs/"), in
    /// no order and at most so many of them; files and folders whose name begins with a dot are
    /// left out. A link is shown as what it leads to. FileError::not_found for a file.
    std::expected<Listing, FileError> list(const std::string& name, std::size_t most) const;

private:
    /// As open(2); -1 and errno. `name` is a file or a folder beneath the root.
    int open_here(const std::string& name, std::uint64_t flags) const;
    bool shows(int folder, const std::string& path, Entry& entry) const;

    net::FileDescriptor folder_;
    Symlinks symlinks_;
};

/// Whether that part of the file seems to be in memory, so that it can be sent without waiting for
/// the disk: its first and its last page are. Does not block.
bool in_memory(const net::FileDescriptor& file, std::uint64_t offset, std::size_t length);

/// Adds to `bytes` what of that part of the file is in memory, from its beginning on; returns how
/// much. Does not block.
std::size_t append_from_memory(std::string& bytes, const net::FileDescriptor& file,
                               std::uint64_t offset, std::size_t length);

/// `length` octets of the file from `offset`; fewer if it ends before or cannot be read.
std::string read_at(const net::FileDescriptor& file, std::uint64_t offset, std::size_t length);

} // namespace portico::http
