#pragma once

#include "services/accounts/cram_md5.hpp"
#include "services/accounts/plain.hpp"
#include "services/accounts/scram.hpp"
#include "services/accounts/step.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace portico::accounts {

/// The server side of one SASL exchange (RFC 4422). Octets in, what to ask the outside out; knows
/// no account, no socket, no clock, and no randomness but what it was given.
class SaslServer {
public:
    struct Inputs {
        std::string challenge;     // CRAM-MD5
        std::string nonce;         // SCRAM
        bool plus_offered = false; // SCRAM-SHA-256-PLUS, on this connection
        std::string tls_exporter;  // RFC 9266, or ""
    };
    SaslServer(Mechanism mechanism, Inputs inputs);

    /// First the initial response, if there is one; then one for each Challenge. Past the end, or
    /// while something else is wanted, whatever comes is refused.
    SaslStep respond(std::optional<std::string> response);
    SaslStep secret(std::string_view secret, bool known); // after NeedSecret
    SaslStep keys(ScramKeys keys, bool known);            // after NeedKeys

private:
    SaslStep noted(SaslStep step);

    std::variant<Plain, Login, CramMd5, Scram> mechanism_;
    bool listening_ = true;
};

} // namespace portico::accounts
