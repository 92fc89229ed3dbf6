#pragma once

#include "services/accounts/step.hpp"

#include <optional>
#include <string>

namespace portico::accounts {

/// The server side of PLAIN (RFC 4616).
class Plain {
public:
    SaslStep respond(std::optional<std::string> response);
};

/// The server side of LOGIN (draft-murchison-sasl-login-00): two questions. The name may come as
/// an initial response, which the draft has not, but clients do.
class Login {
public:
    SaslStep respond(std::optional<std::string> response);

private:
    bool named_ = false;
    std::string user_;
};

} // namespace portico::accounts
