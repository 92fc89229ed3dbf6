#pragma once

#include "config/config.hpp"
#include "net/task.hpp"
#include "net/transcript.hpp"
#include "services/http/access_log.hpp"
#include "services/http/conversation.hpp"
#include "services/http/exchange.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace portico::http {

/// Carries out what a connection's protocol decides, and lets an Answerer answer. One for each
/// port; its connections are on all loops.
class Engine {
public:
    /// `transcript` and `access_log` may be null. Everything outlives the engine.
    Engine(const config::HttpConnection& options, std::size_t loops, net::Transcript* transcript,
           AccessLog* access_log);
    ~Engine();

    net::Task<void> serve(net::Connection& peer, Answerer& answerer);

    /// What one client too many is told: 503.
    std::string refusal() const;

private:
    struct Talk;
    struct Place { // of one loop
        Desk desk;
        std::unique_ptr<Talk> spare;
    };

    std::unique_ptr<Talk> begin(net::Connection& peer, std::uint32_t requests);
    void rest(std::size_t loop, std::unique_ptr<Talk> talk);

    const config::HttpConnection& options_;
    net::Transcript* transcript_;
    AccessLog* access_log_;
    std::vector<Place> places_;
};

} // namespace portico::http
