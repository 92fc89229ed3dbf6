#pragma once

#include "config/config.hpp"
#include "net/pool.hpp"
#include "net/registry.hpp"
#include "net/service.hpp"
#include "services/console/access.hpp"
#include "services/console/mailboxes.hpp"
#include "services/console/v1.hpp"
#include "services/console/waits.hpp"
#include "services/http/engine.hpp"
#include "services/http/router.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace portico::console {

/// Gives the host to programs: its ports, connections and counters, on HTTP's own engine.
class Service final : public net::Service, private http::Answerer {
public:
    /// `transcript` and `access_log` may be null. Everything outlives the service.
    Service(config::Console options, std::string host_name, net::Registry& registry, Mail mail,
            net::Pool& pool, net::Transcript* transcript, http::AccessLog* access_log);

    std::string_view name() const override { return config::Console::service; }
    net::Task<void> serve(net::Connection& peer) override { return engine_.serve(peer, *this); }
    std::string refusal() const override { return engine_.refusal(); }

private:
    net::Task<void> answer(http::Exchange& exchange) override;
    /// Whether the request is to be answered; if not, it has been told why.
    net::Task<bool> may(http::Exchange& exchange);
    net::Task<bool> is_known(Credentials brought);

    nlohmann::json told_of_host() const;

    net::Task<void> to_webroot(http::Exchange& exchange);
    net::Task<void> page(http::Exchange& exchange);
    net::Task<void> probe(http::Exchange& exchange);
    net::Task<void> metrics(http::Exchange& exchange);
    net::Task<void> host(http::Exchange& exchange);
    net::Task<void> ports(http::Exchange& exchange);
    net::Task<void> connections(http::Exchange& exchange);
    net::Task<void> close_connection(http::Exchange& exchange);

    config::Console options_;
    std::string host_name_;
    net::Registry& registry_;
    net::Pool& pool_;
    std::chrono::system_clock::time_point since_ = std::chrono::system_clock::now();
    http::Engine engine_;
    V1 v1_;
    Waits waits_;
    Mailboxes mailboxes_;
    http::Router router_{http::Router::Slashes::collapse};
};

} // namespace portico::console
