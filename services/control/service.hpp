#pragma once

#include "net/registry.hpp"
#include "net/service.hpp"
#include "services/accounts/directory.hpp"
#include "services/mail/store.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <expected>
#include <string>

namespace portico::control {

/// Answers the command line over the UNIX-domain socket in the data directory. A request is one
/// line of JSON with a "command"; the answer is one line of JSON, {"error": "..."} if it failed.
/// After the requests of "send" and "store import", and the answer of "mail cat", come "size"
/// octets of a message. What it refers to outlives it. Who may open the socket may do all of it.
class Service final : public net::Service {
public:
    Service(std::string host_name, std::uint64_t max_message_size, net::Registry& registry,
            mail::Store& store, const accounts::Directory& directory);

    std::string_view name() const override { return "control"; }
    net::Task<void> serve(net::Connection& peer) override;
    std::string refusal() const override { return "{\"error\": \"too many connections\"}\n"; }

private:
    using Answer = std::expected<nlohmann::json, std::string>;

    Answer ports() const;
    Answer health() const;
    Answer mail_status() const;
    net::Task<Answer> connections();
    net::Task<Answer> list(nlohmann::json request);
    net::Task<Answer> remove(nlohmann::json request);
    net::Task<Answer> send(net::Connection& peer, nlohmann::json request, std::string message);
    net::Task<Answer> import(net::Connection& peer, nlohmann::json request, std::string message);
    net::Task<std::expected<void, std::string>> receive(net::Connection& peer, mail::Draft& draft,
                                                        std::uint64_t size, std::string message);
    net::Task<void> cat(net::Connection& peer, nlohmann::json request);

    std::string host_name_;
    std::uint64_t max_message_size_;
    net::Registry& registry_;
    mail::Store& store_;
    const accounts::Directory& directory_;
};

} // namespace portico::control
