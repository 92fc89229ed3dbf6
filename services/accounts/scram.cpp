#include "services/accounts/scram.hpp"

#include "services/accounts/saslprep.hpp"
#include "services/accounts/scram_message.hpp"

#include <fmt/core.h>

#include <utility>

namespace portico::accounts {

ScramKeys scram_keys(std::string_view password, std::string salt, unsigned iterations)
{
    ScramKeys keys{std::move(salt), iterations};
    // Of a password that SASLprep refuses no client computes a proof either.
    auto normalized = saslprep(password).value_or(std::string{password});
    const Wiper wiper{normalized};
    auto salted_password = pbkdf2_sha256(normalized, keys.salt, iterations);
    auto client_key = hmac_sha256(view(salted_password), "Client Key");
    keys.stored_key = sha256(view(client_key));
    keys.server_key = hmac_sha256(view(salted_password), "Server Key");
    wipe(salted_password);
    wipe(client_key);
    return keys;
}

Scram::Scram(Binding binding, std::string nonce)
    : binding_{std::move(binding)}, nonce_{std::move(nonce)}
{
}

SaslStep Scram::respond(std::optional<std::string> response)
{
    if (state_ == State::start) {
        state_ = State::client_first;
        if (!response) return Challenge{};
    }
    if (!response) return Refused{AuthError::malformed, "no response"};
    if (state_ == State::client_first) return client_first(*response);
    if (state_ == State::client_final) return client_final(*response);
    // SMTP and POP3 have no place for data with the success, so the last message went as a
    // challenge, and the client answers it with nothing: RFC 4422 section 5, RFC 4954 section 4.
    if (!response->empty()) return Refused{AuthError::malformed, "data behind the last message"};
    return Proven{user_};
}

SaslStep Scram::client_first(std::string_view message)
{
    auto first = parse_scram_client_first(message);
    if (!first) return first.error();
    // RFC 5802 section 6. A flag "y" where -PLUS was offered: somebody took it out of the list.
    if (first->cbind_flag == 'y' && binding_.plus_offered)
        return Refused{AuthError::wrong, "the client did not see that -PLUS was offered"};
    if ((first->cbind_flag == 'p') != binding_.plus)
        return Refused{AuthError::wrong, "channel binding and mechanism do not fit"};
    // RFC 9266 section 2: the one type that we offer, on every version of TLS.
    if (binding_.plus && first->cb_name != "tls-exporter")
        return Refused{AuthError::wrong, "another type of channel binding than tls-exporter"};
    auto user = saslprep(first->username);
    if (!user || user->empty()) return unfit_name;
    if (!first->authzid.empty() && !may_act_as(*user, first->authzid)) return other_identity;
    user_ = std::move(*user);
    expected_binding_ = first->gs2_header;
    if (binding_.plus) expected_binding_ += binding_.tls_exporter;
    nonce_.insert(0, first->nonce);
    auth_message_ = first->bare;
    state_ = State::keys;
    return NeedKeys{user_};
}

SaslStep Scram::keys(ScramKeys keys, bool known)
{
    keys_ = std::move(keys);
    known_ = known;
    auto server_first = fmt::format("r={},s={},i={}", nonce_, base64(keys_.salt), keys_.iterations);
    auth_message_ += "," + server_first;
    state_ = State::client_final;
    return Challenge{std::move(server_first)};
}

SaslStep Scram::client_final(std::string_view message)
{
    const auto last = parse_scram_client_final(message);
    if (!last) return last.error();
    if (!equal_in_constant_time(expected_binding_, last->cbind_input))
        return Refused{AuthError::wrong, "the channel binding is another one"};
    if (!equal_in_constant_time(nonce_, last->nonce))
        return Refused{AuthError::wrong, "the nonce is another one"};
    if (last->proof.size() != Sha256{}.size())
        return Refused{AuthError::malformed, "not a proof's length"};
    auth_message_ += ",";
    auth_message_ += last->without_proof;

    // RFC 5802 section 3: ClientKey = ClientProof XOR ClientSignature, and H(ClientKey) is the
    // StoredKey if the client knew it.
    auto client_key = hmac_sha256(view(keys_.stored_key), auth_message_);
    for (std::size_t i = 0; i < client_key.size(); ++i)
        client_key[i] ^= static_cast<unsigned char>(last->proof[i]);
    const bool right =
        equal_in_constant_time(view(keys_.stored_key), view(sha256(view(client_key))));
    const auto signature = hmac_sha256(view(keys_.server_key), auth_message_);
    wipe(client_key);
    if (!(right & known_)) return Refused{AuthError::wrong, {}};
    state_ = State::acknowledgement;
    return Challenge{"v=" + base64(view(signature))};
}

} // namespace portico::accounts
