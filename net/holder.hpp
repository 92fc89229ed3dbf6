#pragma once

#include "net/endpoint.hpp"

#include <optional>
#include <string>

namespace portico::net {

/// The process outside portico that holds a port.
struct Holder {
    int pid = 0;      // 0: not visible to us
    std::string name; // as in /proc/<pid>/comm
};

/// Who in the system holds a port that overlaps with `endpoint`, from /proc; nothing if nobody is
/// found there (another network namespace, or gone meanwhile). Slow: for errors only.
std::optional<Holder> holder_of(const Endpoint& endpoint);

} // namespace portico::net
