#pragma once

#include "config/config.hpp"
#include "net/service.hpp"
#include "services/http/engine.hpp"
#include "services/http/router.hpp"
#include "services/inspect/handlers.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace portico::inspect {

/// Tells HTTP clients what they have sent and answers as they wish, on HTTP's own engine.
class Service final : public net::Service {
public:
    /// `host_name` is for clients of HTTP/1.0 that do not say whom they call. `transcript` and
    /// `access_log` may be null; they outlive the service.
    Service(config::Inspect options, std::string host_name, std::size_t loops,
            net::Transcript* transcript, http::AccessLog* access_log);

    std::string_view name() const override { return config::Inspect::service; }
    net::Task<void> serve(net::Connection& peer) override { return engine_.serve(peer, router_); }
    std::string refusal() const override { return engine_.refusal(); }

private:
    net::Task<void> page(http::Exchange& exchange) const;
    net::Task<void> stream(const Streamed& row, http::Exchange& exchange) const;
    net::Task<void> answer(const Row& row, http::Exchange& exchange) const;
    std::optional<Asked> asked(http::Exchange& exchange, std::string_view origin) const;

    config::Inspect options_;
    std::string host_name_;
    http::Engine engine_;
    http::Router router_;
    std::string page_;
};

} // namespace portico::inspect
