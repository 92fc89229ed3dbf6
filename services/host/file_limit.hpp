#pragma once

#include <cstdint>

namespace portico::host {

/// Raises the limit of open files as far as the system lets us; returns it.
std::uint64_t raise_file_limit();

/// How many connections `files` open files are good for. A connection may have a file open beside
/// its socket (a large message, a page), yet few do at once: an eighth of the limit and 256 more
/// are kept back for those, the database, the listening sockets and refusals.
std::uint32_t connections_for(std::uint64_t files);

} // namespace portico::host
