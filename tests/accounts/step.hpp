#pragma once

#include "services/accounts/sasl_server.hpp"

#include <string>
#include <type_traits>
#include <variant>

namespace portico::tests {

inline std::string name_of(accounts::AuthError error)
{
    switch (error) {
    case accounts::AuthError::wrong: return "wrong";
    case accounts::AuthError::malformed: return "malformed";
    case accounts::AuthError::failing: return "failing";
    }
    return "?";
}

/// A step as tests compare it.
inline std::string text_of(const accounts::SaslStep& step)
{
    return std::visit(
        [](const auto& it) -> std::string {
            using Step = std::decay_t<decltype(it)>;
            if constexpr (std::is_same_v<Step, accounts::Challenge>)
                return "challenge " + it.data;
            else if constexpr (std::is_same_v<Step, accounts::CheckPassword>)
                return "check " + it.user + "/" + it.password;
            else if constexpr (std::is_same_v<Step, accounts::NeedSecret>)
                return "secret of " + it.user;
            else if constexpr (std::is_same_v<Step, accounts::NeedKeys>)
                return "keys of " + it.user;
            else if constexpr (std::is_same_v<Step, accounts::Proven>)
                return "proven " + it.user;
            else
                return name_of(it.error);
        },
        step);
}

} // namespace portico::tests
