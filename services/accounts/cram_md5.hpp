#pragma once

#include "services/accounts/step.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace portico::accounts {

/// The server side of CRAM-MD5 (RFC 2195).
class CramMd5 {
public:
    /// `challenge` is a message identity, "<random digits.time@host>", never used before.
    explicit CramMd5(std::string challenge) : challenge_{std::move(challenge)} {}

    SaslStep respond(std::optional<std::string> response);
    /// What the user shares with us; for one that is not `known` any secret, for the same work.
    SaslStep secret(std::string_view secret, bool known);

private:
    std::string challenge_;
    bool asked_ = false;
    std::string user_;
    std::string digest_;
};

} // namespace portico::accounts
