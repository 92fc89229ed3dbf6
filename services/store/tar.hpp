#pragma once

#include <cstdint>
#include <string>

namespace portico::store {

/// One entry of a tar archive, whose `size` octets follow its header.
struct TarEntry {
    std::string name; // up to 100 octets; that of a folder ends in "/"
    std::uint64_t size = 0;
    std::uint32_t mode = 0600;
    std::uint64_t owner = 0;   // user id
    std::uint64_t group = 0;   // group id
    std::int64_t modified = 0; // seconds since 1970
};

/// The header as POSIX has it (pax, "ustar Interchange Format"), 512 octets; with an extended
/// header (pax, "pax Header Block") in front if a number does not fit: 8 GiB and more.
std::string tar_header(const TarEntry& entry);

/// How many NULs follow `size` octets of an entry.
std::size_t tar_padding(std::uint64_t size);

/// What stands at the archive's end.
std::string tar_end();

} // namespace portico::store
