#pragma once

#include "services/accounts/sasl.hpp"

#include <string>
#include <string_view>
#include <variant>

/// What the server side of a SASL mechanism wants next. User names are prepared (saslprep.hpp).
namespace portico::accounts {

struct CheckPassword { // whether it is right is the end of the exchange
    std::string user;
    std::string password;
};
struct NeedSecret { // wants secret()
    std::string user;
};
struct NeedKeys { // wants keys()
    std::string user;
};
struct Proven { // the end: it is this user
    std::string user;
};
struct Refused { // the end
    AuthError error;
    std::string_view why; // for the log; the client is told nothing but the error
};
using SaslStep = std::variant<Challenge, CheckPassword, NeedSecret, NeedKeys, Proven, Refused>;

inline constexpr Refused unfit_name{AuthError::wrong, "a user name that SASLprep refuses"};
inline constexpr Refused other_identity{AuthError::wrong, "another identity to act as"};

/// Nobody may act as somebody else: an authorization identity (RFC 4422 section 2) is the user's
/// own. `user` is prepared, `authzid` is as it came.
bool may_act_as(std::string_view user, std::string_view authzid);

} // namespace portico::accounts
