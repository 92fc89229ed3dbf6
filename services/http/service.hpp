#pragma once

#include "config/config.hpp"
#include "net/pool.hpp"
#include "net/registry.hpp"
#include "net/service.hpp"
#include "net/transcript.hpp"
#include "services/http/cache.hpp"
#include "services/http/engine.hpp"
#include "services/http/exchange.hpp"
#include "services/http/files.hpp"
#include "services/http/root.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portico::http {

/// Serves files (RFC 9110, 9112), or without a root a welcome page that lists the host's ports.
/// Only carries out what FileRequest decides. The registry and the pool outlive it.
class Service final : public net::Service, private Answerer {
public:
    /// `authority` is the certificate of the test authority in PEM, if there is one. Throws
    /// std::runtime_error if `[http] root` cannot be opened.
    Service(config::Http options, std::string host_name, std::string authority,
            const net::Registry& registry, net::Pool& pool, net::Transcript* transcript);

    std::string_view name() const override { return "http"; }
    net::Task<void> serve(net::Connection& peer) override { return engine_.serve(peer, *this); }
    std::string refusal() const override { return engine_.refusal(); }

private:
    bool answer_at_once(Exchange& exchange) override;
    net::Task<void> answer(Exchange& exchange) override;
    net::Task<std::expected<Opened, FileError>> open(Cache& cache, Open file);
    net::Task<void> send(Exchange& exchange, Reply reply, Opened opened);
    Reply welcome(const Request& request) const;

    config::Http options_;
    std::string host_name_;
    std::string authority_;
    const net::Registry& registry_;
    net::Pool& pool_;
    Engine engine_;
    std::optional<Root> root_;  // none: the welcome page
    std::vector<Cache> caches_; // one a loop
};

} // namespace portico::http
