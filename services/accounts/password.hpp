#pragma once

#include "services/accounts/sasl.hpp"

#include <expected>
#include <string>

namespace portico::accounts {

/// Whether `password` has this crypt(3) hash; takes as long as the hash is made to take. The only
/// error is AuthError::failing.
std::expected<bool, AuthError> matches(const std::string& hash, const std::string& password);

/// A crypt(3) hash (yescrypt) of `password` with a new salt, as `[[account]] password` wants it.
/// Throws std::invalid_argument if libcrypt cannot take it: NUL octets, more than 511 octets.
std::string hash_password(const std::string& password);

} // namespace portico::accounts
