#pragma once

#include "config/config.hpp"
#include "net/service.hpp"
#include "net/transcript.hpp"
#include "services/accounts/authenticator.hpp"
#include "services/mail/store.hpp"
#include "services/pop3/protocol.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace portico::pop3 {

/// What a [[port]] and [auth] say of the way to a maildrop.
struct LoginRules {
    bool require_tls = false; // nothing of worth is said before STLS
    std::uint32_t failures_per_session = 10;
};

/// Hands mail out (RFC 1939) from the store. Only carries the protocol's steps out; what to say
/// is decided in protocol.hpp. The store and the authenticator outlive it.
class Service final : public net::Service {
public:
    Service(config::Pop3 options, LoginRules rules, std::string host_name, mail::Store& store,
            accounts::Authenticator& authenticator, net::Transcript* transcript);

    std::string_view name() const override { return "pop3"; }
    net::Task<void> serve(net::Connection& peer) override;
    std::string refusal() const override;

private:
    config::Pop3 options_;
    LoginRules rules_;
    std::string host_name_;
    mail::Store& store_;
    accounts::Authenticator& authenticator_;
    net::Transcript* transcript_;
};

} // namespace portico::pop3
