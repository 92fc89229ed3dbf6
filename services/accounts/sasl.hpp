#pragma once

#include "services/accounts/base64.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// SASL (RFC 4422) as the protocols see it: what may be offered, and how an exchange goes on.
namespace portico::accounts {

enum class Mechanism : std::uint8_t {
    plain,              // RFC 4616
    login,              // draft-murchison-sasl-login-00
    cram_md5,           // RFC 2195
    scram_sha_256,      // RFC 5802, 7677
    scram_sha_256_plus, // the same, bound to the TLS connection: RFC 9266
};

std::string_view name_of(Mechanism mechanism);              // "SCRAM-SHA-256-PLUS"
std::optional<Mechanism> mechanism_named(std::string_view); // in any case

/// What a client may log in with on its connection as it is now.
struct Offer {
    std::vector<Mechanism> mechanisms; // in the order to announce them, strongest first
    bool password = false;             // USER and PASS (POP3): plain text is allowed here
    bool apop = false;

    bool has(Mechanism mechanism) const;
    bool operator==(const Offer&) const = default;
};

/// What a protocol with logins has to know of its connection as it is now.
struct Security {
    bool starttls = false;    // STARTTLS, STLS can be done, and was not
    bool tls = false;         // it is TLS
    bool require_tls = false; // nothing of worth is said before it is
    Offer offer;
};

/// What an offer depends on.
struct OfferRules {
    bool known = false;           // accounts are listed; otherwise any password is right
    bool secrets = false;         // some account has a password that we know in clear
    bool plaintext = false;       // passwords may cross the network in clear
    bool tls = false;             // but not on this connection
    bool channel_binding = false; // which can be named (RFC 9266)
};
Offer offer_of(const OfferRules& rules);

enum class AuthError : std::uint8_t {
    wrong,     // no such account or not its password; which of the two is never said
    malformed, // what the client sent is not of the mechanism's form
    failing,   // the check itself failed; may pass
};

struct Challenge {    // wants the client's response
    std::string data; // octets: base64 is the protocol's
};
struct Accepted {
    std::string mailbox; // who it is now
};
using AuthTurn = std::variant<Challenge, Accepted, AuthError>;

/// Octets of a base64 line that a client may send: RFC 4954 section 4.
inline constexpr std::size_t max_response = 12288;

} // namespace portico::accounts
