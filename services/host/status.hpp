#pragma once

#include "net/registry.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <string>

/// What the registry knows, told in JSON: to the command line and by the console alike.
namespace portico::host {

nlohmann::json to_json(const net::PortStatus& port);

/// `now` is what its age is taken from.
nlohmann::json to_json(const net::ConnectionStatus& connection,
                       std::chrono::system_clock::time_point now);

/// "2026-11-24T20:00:00Z" (RFC 3339).
std::string to_text(std::chrono::system_clock::time_point time);

} // namespace portico::host
