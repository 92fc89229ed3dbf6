#pragma once

#include "config/config.hpp"
#include "services/mailpit/probe.hpp"

namespace portico::mailpit {

/// Asks a running console whether it is ready; with `wait`, again and again. Returns the process'
/// exit code: 0, or 1 with a line on standard error if it is not within `timeout`.
int readyz(const Place& place, bool wait, config::Duration timeout);

} // namespace portico::mailpit
