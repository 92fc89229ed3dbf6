#pragma once

#include <cstdint>

namespace portico::pop3 {

/// Why a login did not lead into a maildrop.
enum class LoginError : std::uint8_t {
    wrong,     // no such user or not the password; which of the two is never said
    malformed, // what the client sent is not of the mechanism's form
    in_use,    // right, but another session has the maildrop
    damaged,   // right, but the store is not as it was left
    failing,   // could not be found out, or the store does not answer; may pass
};

} // namespace portico::pop3
