#pragma once

#include "net/task.hpp"

#include <string>
#include <string_view>

namespace portico::net {

class Connection;

/// All that net knows of a protocol. A service outlives every connection it serves, and one
/// service is called from every loop at once: what connections share, it must guard itself.
class Service {
public:
    virtual ~Service() = default;

    virtual std::string_view name() const = 0; // as in the configuration: "smtp"

    /// Holds the whole conversation; returns when it is over. The server owns `peer`, which
    /// outlives the coroutine, and closes it afterwards so that the last reply still arrives.
    virtual Task<void> serve(Connection& peer) = 0;

    /// What a client is told when there is no room for it, in the protocol's own words.
    virtual std::string refusal() const = 0;
};

} // namespace portico::net
