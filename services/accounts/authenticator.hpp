#pragma once

#include "config/config.hpp"
#include "net/pool.hpp"
#include "net/task.hpp"
#include "services/accounts/directory.hpp"

#include <expected>
#include <string>
#include <vector>

namespace portico::accounts {

enum class AuthError : std::uint8_t {
    wrong,   // no such account or not its password; which of the two is never said
    failing, // the check itself failed; may pass
};

/// Who may log in. Safe from every loop; outlives the services that ask it.
class Authenticator {
public:
    Authenticator(const config::Auth& auth, std::vector<config::Account> accounts,
                  const Directory& directory, net::Pool& pool);

    /// The mailbox of `user` if `password` is right. Hashes (crypt(3)) are computed on the pool,
    /// for unknown users too, so that time does not tell who exists.
    net::Task<std::expected<std::string, AuthError>> login(std::string user, std::string password);

private:
    config::Auth::Mode mode_;
    std::vector<config::Account> accounts_;
    const Directory& directory_;
    net::Pool& pool_;
    std::string dummy_; // a hash of some account to compute for users that have none
};

/// A crypt(3) hash (yescrypt) of `password` with a new salt, as `[[account]] password` wants it.
/// Throws std::invalid_argument if libcrypt cannot take it: NUL octets, more than 511 octets.
std::string hash_password(const std::string& password);

} // namespace portico::accounts
