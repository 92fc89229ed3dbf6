#pragma once

#include <cstdint>

namespace portico::console {

/// What the system says of this process; 0 for what it does not say.
struct Process {
    double cpu_seconds;
    std::uint64_t resident_bytes;
    std::uint64_t open_files;
    std::uint64_t most_open_files;
};

/// Asks the system now.
Process this_process();

} // namespace portico::console
