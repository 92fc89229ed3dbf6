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
#include "services/http/sites.hpp"

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portico::http {

/// Serves the files of its sites (RFC 9110, 9112), or without a root a welcome page that lists the
/// host's ports. Only carries out what FileRequest decides. The registry and the pool outlive it.
class Service final : public net::Service, private Answerer {
public:
    /// `options` are also those of the site that answers for every name that none of `sites` has.
    /// `authority` is the certificate of the test authority in PEM, if there is one; `access_log`
    /// may be null. Throws std::runtime_error if a root cannot be opened.
    Service(config::Http options, std::string host_name, std::string authority,
            const net::Registry& registry, net::Pool& pool, net::Transcript* transcript,
            const std::vector<config::Site>& sites = {}, AccessLog* access_log = nullptr);

    std::string_view name() const override { return "http"; }
    net::Task<void> serve(net::Connection& peer) override { return engine_.serve(peer, *this); }
    std::string refusal() const override { return engine_.refusal(); }

private:
    struct Served {
        config::Site site;
        std::optional<Root> root; // none: the welcome page
    };
    /// A file that was asked for: what Reply::octets are of.
    struct Source {
        std::size_t site = 0;
        std::string name = {};
        Opened opened = {};
    };

    void add(config::Site site);
    std::size_t site_of(const Request& request) const;
    bool answer_at_once(Exchange& exchange) override;
    net::Task<void> answer(Exchange& exchange) override;
    net::Task<std::expected<File, FileError>> open(Cache& cache, Source& source, bool with_content);
    net::Task<std::expected<std::string, FileError>> list(std::size_t site, List what);
    net::Task<void> send(Exchange& exchange, Reply reply, Source source);
    net::Task<void> send_compressed(Exchange& exchange, Reply reply, Source source);
    Reply welcome(const Request& request) const;

    config::Http options_;
    std::string host_name_;
    std::string authority_;
    const net::Registry& registry_;
    net::Pool& pool_;
    Engine engine_;
    Sites sites_;
    std::vector<Served> served_; // by Sites' numbers
    std::vector<Cache> caches_;  // one a loop
};

} // namespace portico::http
