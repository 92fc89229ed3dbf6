#pragma once

#include "config/config.hpp"
#include "net/service.hpp"
#include "net/transcript.hpp"
#include "services/accounts/authenticator.hpp"
#include "services/accounts/directory.hpp"
#include "services/mail/store.hpp"

#include <cstdint>
#include <string>

namespace portico::smtp {

/// What one [[port]] is told.
struct Settings {
    config::Smtp options;
    bool require_tls;
    std::uint32_t failures_per_session; // of logins
    std::string host_name;
    std::uint64_t max_message_size;
};

/// Receives mail (RFC 5321) into the store. Only carries the protocol's steps out; what to say
/// is decided in protocol.hpp. Store, directory and authenticator outlive it.
class Service final : public net::Service {
public:
    Service(Settings settings, mail::Store& store, const accounts::Directory& directory,
            accounts::Authenticator& authenticator, net::Transcript* transcript);

    std::string_view name() const override { return "smtp"; }
    net::Task<void> serve(net::Connection& peer) override;
    std::string refusal() const override;

private:
    Settings settings_;
    mail::Store& store_;
    const accounts::Directory& directory_;
    accounts::Authenticator& authenticator_;
    net::Transcript* transcript_;
};

} // namespace portico::smtp
