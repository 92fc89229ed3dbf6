#pragma once

#include "services/accounts/digest.hpp"
#include "services/accounts/step.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace portico::accounts {

/// What the server keeps of a password: RFC 5802 section 3.
struct ScramKeys {
    std::string salt;
    unsigned iterations = 0;
    Sha256 stored_key{};
    Sha256 server_key{};
};

/// RFC 7677 section 4 wants at least this many. The passwords are in the configuration in clear
/// text anyway: more would only slow clients (and us) down.
inline constexpr unsigned scram_iterations = 4096;

ScramKeys scram_keys(std::string_view password, std::string salt, unsigned iterations);

/// The server side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, 7677).
class Scram {
public:
    struct Binding {
        bool plus = false;         // the mechanism is SCRAM-SHA-256-PLUS
        bool plus_offered = false; // on this connection, to a client that chose otherwise
        std::string tls_exporter;  // RFC 9266; needed for -PLUS
    };

    /// `nonce` is this side's part: random, printable, without a comma.
    Scram(Binding binding, std::string nonce);

    SaslStep respond(std::optional<std::string> response);
    /// Of the user; for one that is not `known` any keys, for the same work and the same text.
    SaslStep keys(ScramKeys keys, bool known);

private:
    SaslStep client_first(std::string_view message);
    SaslStep client_final(std::string_view message);

    enum class State { start, client_first, keys, client_final, acknowledgement };
    State state_ = State::start;
    Binding binding_;
    std::string nonce_; // both sides' from the client's first message on
    std::string user_;
    std::string expected_binding_; // cbind-input
    std::string auth_message_;
    ScramKeys keys_;
    bool known_ = false;
};

} // namespace portico::accounts
