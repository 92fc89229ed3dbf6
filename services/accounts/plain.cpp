#include "services/accounts/plain.hpp"

#include "services/accounts/digest.hpp"
#include "services/accounts/saslprep.hpp"

#include <utility>

namespace portico::accounts {

namespace {

constexpr Refused not_plain{AuthError::malformed, "not the form of PLAIN"};

} // namespace

// RFC 4616 section 2: message = [authzid] UTF8NUL authcid UTF8NUL passwd
SaslStep Plain::respond(std::optional<std::string> response)
{
    if (!response) return Challenge{};
    const Wiper wiper{*response};
    const std::string_view message = *response;
    const auto first = message.find('\0');
    if (first == message.npos || !is_utf8(message)) return not_plain;
    const auto second = message.find('\0', first + 1);
    if (second == message.npos) return not_plain;
    const auto authzid = message.substr(0, first);
    const auto authcid = message.substr(first + 1, second - first - 1);
    const auto passwd = message.substr(second + 1);
    if (authcid.empty() || passwd.empty() || passwd.contains('\0')) return not_plain;
    auto user = saslprep(authcid);
    if (!user || user->empty()) return unfit_name;
    if (!authzid.empty() && !may_act_as(*user, authzid)) return other_identity;
    // The password is compared as it is: hashes are made of passwords as they were typed.
    return CheckPassword{std::move(*user), std::string{passwd}};
}

SaslStep Login::respond(std::optional<std::string> response)
{
    if (!named_ && !response) return Challenge{"Username:"}; // as all servers spell it
    if (!response) return Refused{AuthError::malformed, "no response"};
    if (!named_) {
        named_ = true;
        user_ = std::move(*response);
        return Challenge{"Password:"};
    }
    const Wiper wiper{*response};
    auto user = saslprep(user_);
    if (!user || user->empty()) return unfit_name;
    return CheckPassword{std::move(*user), *response};
}

} // namespace portico::accounts
