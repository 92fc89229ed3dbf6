#pragma once

#include "config/config.hpp"
#include "net/task.hpp"
#include "net/transcript.hpp"
#include "services/http/conversation.hpp"
#include "services/http/exchange.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace portico::http {

/// Carries out what a connection's protocol decides, and lets an Answerer answer. One for each
/// port; its connections are on all loops.
class Engine {
public:
    /// `transcript` may be null. Everything outlives the engine.
    Engine(const config::HttpConnection& options, std::size_t loops, net::Transcript* transcript)
        : options_{options}, transcript_{transcript}, desks_(loops)
    {
    }

    net::Task<void> serve(net::Connection& peer, Answerer& answerer);

    /// What one client too many is told: 503.
    std::string refusal() const;

private:
    const config::HttpConnection& options_;
    net::Transcript* transcript_;
    std::vector<Desk> desks_; // one a loop
};

} // namespace portico::http
