#pragma once

#include "config/config.hpp"
#include "net/service.hpp"
#include "services/http/engine.hpp"
#include "services/http/routes.hpp"
#include "services/inspect/handlers.hpp"

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

namespace portico::inspect {

/// Tells HTTP clients what they have sent and answers as they wish, on HTTP's own engine.
class Service final : public net::Service, private http::Answerer {
public:
    /// `host_name` is for clients of HTTP/1.0 that do not say whom they call. `transcript` may be
    /// null; it outlives the service.
    Service(config::Inspect options, std::string host_name, std::size_t loops,
            net::Transcript* transcript);

    std::string_view name() const override { return config::Inspect::service; }
    net::Task<void> serve(net::Connection& peer) override { return engine_.serve(peer, *this); }
    std::string refusal() const override { return engine_.refusal(); }

private:
    using Route = std::variant<std::monostate, const Row*, const Streamed*>; // none: the page

    net::Task<void> answer(http::Exchange& exchange) override;
    net::Task<void> answer(http::Exchange& exchange, const http::Target& target, http::Found found);

    config::Inspect options_;
    std::string host_name_;
    http::Engine engine_;
    http::RouteTable table_;
    std::vector<Route> routes_; // by their number in the table
    std::string page_;
};

} // namespace portico::inspect
