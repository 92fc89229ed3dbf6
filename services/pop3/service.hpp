#pragma once

#include "config/config.hpp"
#include "net/service.hpp"
#include "net/transcript.hpp"
#include "services/accounts/authenticator.hpp"
#include "services/mail/store.hpp"

namespace portico::pop3 {

/// Hands mail out (RFC 1939) from the store. Only carries the protocol's steps out; what to say
/// is decided in protocol.hpp. The store and the authenticator outlive it.
class Service final : public net::Service {
public:
    Service(config::Pop3 options, std::string host_name, mail::Store& store,
            accounts::Authenticator& authenticator, net::Transcript* transcript);

    std::string_view name() const override { return "pop3"; }
    net::Task<void> serve(net::Connection& peer) override;
    std::string refusal() const override;

private:
    config::Pop3 options_;
    std::string host_name_;
    mail::Store& store_;
    accounts::Authenticator& authenticator_;
    net::Transcript* transcript_;
};

} // namespace portico::pop3
