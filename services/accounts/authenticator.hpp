#pragma once

#include "config/config.hpp"
#include "net/pool.hpp"
#include "net/task.hpp"
#include "services/accounts/directory.hpp"
#include "services/accounts/guard.hpp"
#include "services/accounts/password_cache.hpp"
#include "services/accounts/sasl.hpp"
#include "services/accounts/sasl_server.hpp"
#include "services/accounts/scram_cache.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
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
    std::size_t password_cache_size = 0;           // accounts
    std::chrono::milliseconds password_cache_time{};
};

/// What passwords have cost since the start.
struct PasswordStatistics {
    std::uint64_t hashed;     // by crypt(3)
    std::uint64_t recognized; // without it
};

Policy policy_of(const config::Config& config);

/// Who may log in, and the pace of those who guess. Safe from every loop; outlives the services
/// that ask it. A failed login is logged here, without its credentials.
///
/// Whether a user exists shows in nothing: for one who does not, the same work is done by the
/// same steps to the same text.
class Authenticator {
public:
    using Login = std::expected<std::string, AuthError>; // the mailbox

    Authenticator(Policy policy, std::vector<config::Account> accounts, const Directory& directory,
                  net::Pool& pool);

    /// What works on this connection as it is now.
    Offer offer(const net::Connection& peer) const;
    Security security(const net::Connection& peer, bool require_tls) const;

    /// One exchange of a SASL mechanism that is on offer. `peer` and the authenticator outlive
    /// it. To cancel it ("*"), drop it.
    class Exchange;
    Exchange begin(Mechanism mechanism, net::Connection& peer);

    /// USER and PASS: the mailbox of `user` if `password` is right. `peer` outlives it.
    net::Task<Login> login(std::string user, std::string password, net::Connection& peer);

    /// RFC 1939 section 7: `digest` is the MD5 of `timestamp` (with its angle brackets) and the
    /// secret of `user`, in lower-case hexadecimal. `peer` outlives it.
    net::Task<Login> apop(std::string user, std::string timestamp, std::string digest,
                          net::Connection& peer);

    PasswordStatistics statistics() const;

private:
    struct Attempt { // for the log and the guard
        std::string_view mechanism;
        std::optional<std::string> user; // unless none was understood
        std::string_view why;
    };
    struct Secret {
        std::string_view text;
        bool known;
    };

    const config::Account* find(std::string_view user) const;
    Secret secret_of(std::string_view user) const;
    Login mailbox_of(std::string_view user) const;
    net::Task<Login> check(std::string user, std::string password);
    net::Task<std::expected<bool, AuthError>> has_password(const config::Account* account,
                                                           const std::string& password);
    net::Task<ScramKeys> keys_of(std::string user);
    net::Task<AuthError> failed(AuthError error, Attempt attempt, net::Connection& peer);

    Policy policy_;
    std::vector<config::Account> accounts_;
    std::unordered_map<std::string, std::size_t> names_; // prepared, lower case: whose it is
    const Directory& directory_;
    net::Pool& pool_;
    bool secrets_ = false;     // some account has one
    std::string dummy_hash_;   // of some account, to compute for users that have none
    std::string dummy_secret_; // of those that have none; random
    std::string salt_key_;     // random: salts of SCRAM are a keyed hash of the name

    std::atomic<std::uint64_t> hashed_{0};
    std::atomic<std::uint64_t> recognized_{0};

    std::mutex mutex_; // for what follows
    Guard guard_;
    ScramCache scram_cache_;
    PasswordCache password_cache_;
};

class Authenticator::Exchange {
public:
    /// First the initial response, if there was one, decoded ("=" is an empty one); then each
    /// response to a challenge, decoded. Waits before it reports a failed login.
    net::Task<AuthTurn> turn(std::optional<std::string> response);

private:
    friend class Authenticator;
    Exchange(Authenticator& authenticator, Mechanism mechanism, SaslServer server,
             net::Connection& peer)
        : authenticator_{&authenticator},
          mechanism_{mechanism}, server_{std::move(server)}, peer_{&peer}
    {
    }

    net::Task<AuthTurn> failed(AuthError error, std::string_view why);

    Authenticator* authenticator_;
    Mechanism mechanism_;
    SaslServer server_;
    net::Connection* peer_;
    std::optional<std::string> user_; // once the client has said
};

} // namespace portico::accounts
