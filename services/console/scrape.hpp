#pragma once

#include "net/registry.hpp"
#include "services/console/process.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace portico::console {

/// All that /metrics tells.
struct Measured {
    std::string_view version;
    std::chrono::system_clock::time_point since;
    Process process;
    std::vector<net::PortStatus> ports;
};

/// In Prometheus' text format. Counters of a port are those of its claim: a port that was given up
/// and claimed again starts at 0, as Prometheus takes it.
std::string scrape(const Measured& measured);

} // namespace portico::console
