#pragma once

#include "config/config.hpp"
#include "net/pool.hpp"
#include "net/task.hpp"
#include "services/accounts/directory.hpp"
#include "services/accounts/sasl.hpp"

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portico::net {
class Connection;
}

namespace portico::accounts {

/// What the configuration says of logins.
struct Policy {
    config::Auth::Mode mode = config::Auth::Mode::any;
    bool plaintext = false;                        // passwords may come without TLS
    std::chrono::milliseconds failure_delay_max{}; // how long the answer to a wrong one may wait
    bool delay_loopback = false;                   // peers on this machine wait too
    std::string host_name = "localhost";           // in challenges
};

/// Who may log in, and the pace of those who guess. Safe from every loop; outlives the services
/// that ask it. A failed login is logged here, without its credentials.
///
/// Whether a user exists shows in nothing: for one who does not the same work is done, by the
/// same steps, to the same text.
class Authenticator {
public:
    Authenticator(Policy policy, std::vector<config::Account> accounts, const Directory& directory,
                  net::Pool& pool);
    ~Authenticator();

    /// What works on this connection as it is now.
    Offer offer(const net::Connection& peer) const;

    /// One exchange of a SASL mechanism. `peer` and the authenticator outlive it. To cancel it
    /// ("*"), drop it.
    class Exchange;
    Exchange begin(Mechanism mechanism, net::Connection& peer);

    /// USER and PASS: the mailbox of `user` if `password` is right.
    net::Task<std::expected<std::string, AuthError>> login(std::string user, std::string password,
                                                           net::Connection& peer);

    /// RFC 1939 section 7: `digest` is the MD5 of `timestamp` (with its angle brackets) and the
    /// secret of `user`, in lower-case hexadecimal.
    net::Task<std::expected<std::string, AuthError>>
    apop(std::string user, std::string timestamp, std::string digest, net::Connection& peer);

private:
    struct State;
    std::unique_ptr<State> state_;
};

class Authenticator::Exchange {
public:
    Exchange(Exchange&&) noexcept;
    Exchange& operator=(Exchange&&) noexcept;
    ~Exchange();

    /// First the initial response, if there was one, decoded ("=" is an empty one); then each
    /// response to a challenge, decoded. Waits before it reports a failed login.
    net::Task<AuthTurn> turn(std::optional<std::string> response);

private:
    friend class Authenticator;
    struct State;
    explicit Exchange(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// A crypt(3) hash (yescrypt) of `password` with a new salt, as `[[account]] password` wants it.
/// Throws std::invalid_argument if libcrypt cannot take it: NUL octets, more than 511 octets.
std::string hash_password(const std::string& password);

} // namespace portico::accounts
