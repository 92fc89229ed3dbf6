#pragma once

#include "net/task.hpp"
#include "services/http/exchange.hpp"
#include "services/inspect/answers.hpp"

#include <span>

namespace portico::inspect {

/// A request whose answer takes time or comes in pieces, or whose content does.
struct Streamed {
    Listed listed;
    net::Task<void> (*handle)(http::Exchange&, const Asked&); // both outlive it
    bool content = false;                                     // reads it
};

/// Every one of them.
std::span<const Streamed> streamed();

void respond(http::Exchange& exchange, const Answer& answer);

} // namespace portico::inspect
