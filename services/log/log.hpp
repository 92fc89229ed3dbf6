#pragma once

#include "config/config.hpp"
#include "net/log.hpp"

#include <expected>
#include <memory>
#include <string>

namespace portico::log {

/// The log as `[log]` describes it, on standard error or added to a file. Each line is written
/// out at once. Safe from every thread; outlives all who write to it. The error says why the file
/// cannot be had.
///
///     2026-11-22T22:31:05.123Z info  smtp #12 tcp 127.0.0.1:40112 > 127.0.0.1:25  message accepted
///     {"time":"2026-11-22T22:31:05.123Z","level":"info","message":"...","connection":12,...}
std::expected<std::unique_ptr<net::Log>, std::string> open_log(const config::Log& config);

} // namespace portico::log
