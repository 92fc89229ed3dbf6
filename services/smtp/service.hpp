#pragma once

#include "config/config.hpp"
#include "net/service.hpp"
#include "net/transcript.hpp"
#include "services/accounts/directory.hpp"
#include "services/mail/store.hpp"

namespace portico::smtp {

/// Receives mail (RFC 5321) into the store. Only carries the protocol's steps out; what to say
/// is decided in protocol.hpp. The store and the directory outlive it.
class Service final : public net::Service {
public:
    Service(config::Smtp options, std::string host_name, std::uint64_t max_message_size,
            mail::Store& store, const accounts::Directory& directory, net::Transcript* transcript);

    std::string_view name() const override { return "smtp"; }
    net::Task<void> serve(net::Connection& peer) override;
    std::string refusal() const override;

private:
    config::Smtp options_;
    std::string host_name_;
    std::uint64_t max_message_size_;
    mail::Store& store_;
    const accounts::Directory& directory_;
    net::Transcript* transcript_;
};

} // namespace portico::smtp
