#include "services/accounts/cram_md5.hpp"

#include "services/accounts/digest.hpp"
#include "services/accounts/saslprep.hpp"

#include <utility>

namespace portico::accounts {

SaslStep CramMd5::respond(std::optional<std::string> response)
{
    if (!asked_) {
        // RFC 4954 section 4: where the server speaks first there is no initial response.
        if (response) return Refused{AuthError::malformed, "CRAM-MD5 has no initial response"};
        asked_ = true;
        return Challenge{challenge_};
    }
    // RFC 2195 section 2: the user name, a space, and a digest in lower-case hexadecimal. A name
    // may hold spaces, a digest does not.
    constexpr Refused not_cram_md5{AuthError::malformed, "not the form of CRAM-MD5"};
    const auto space = response ? response->rfind(' ') : std::string::npos;
    if (space == std::string::npos) return not_cram_md5;
    digest_ = response->substr(space + 1);
    if (digest_.size() != 32 || digest_.find_first_not_of("0123456789abcdef") != digest_.npos)
        return not_cram_md5;
    auto user = saslprep(std::string_view{*response}.substr(0, space));
    if (!user || user->empty()) return unfit_name;
    user_ = std::move(*user);
    return NeedSecret{user_};
}

SaslStep CramMd5::secret(std::string_view secret, bool known)
{
    const bool right = equal_in_constant_time(hmac_md5_hex(secret, challenge_), digest_);
    if (!(right & known)) return Refused{AuthError::wrong, {}};
    return Proven{user_};
}

} // namespace portico::accounts
