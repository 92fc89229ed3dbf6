#include "services/accounts/sasl_server.hpp"

#include <utility>

namespace portico::accounts {

namespace {

std::variant<Plain, Login, CramMd5, Scram> make(Mechanism mechanism, SaslServer::Inputs inputs)
{
    switch (mechanism) {
    case Mechanism::plain: return Plain{};
    case Mechanism::login: return Login{};
    case Mechanism::cram_md5: return CramMd5{std::move(inputs.challenge)};
    case Mechanism::scram_sha_256:
        return Scram{{.plus = false, .plus_offered = inputs.plus_offered, .tls_exporter = {}},
                     std::move(inputs.nonce)};
    case Mechanism::scram_sha_256_plus:
        return Scram{
            {.plus = true, .plus_offered = true, .tls_exporter = std::move(inputs.tls_exporter)},
            std::move(inputs.nonce)};
    }
    return Plain{};
}

} // namespace

SaslServer::SaslServer(Mechanism mechanism, Inputs inputs)
    : mechanism_{make(mechanism, std::move(inputs))}
{
}

SaslStep SaslServer::respond(std::optional<std::string> response)
{
    if (!std::exchange(listening_, false)) return Refused{AuthError::malformed, "out of turn"};
    if (response && response->size() > max_response / 4 * 3)
        return Refused{AuthError::malformed, "too long a response"};
    return noted(std::visit([&](auto& mechanism) { return mechanism.respond(std::move(response)); },
                            mechanism_));
}

SaslStep SaslServer::secret(std::string_view secret, bool known)
{
    return noted(std::get<CramMd5>(mechanism_).secret(secret, known));
}

SaslStep SaslServer::keys(ScramKeys keys, bool known)
{
    return noted(std::get<Scram>(mechanism_).keys(std::move(keys), known));
}

SaslStep SaslServer::noted(SaslStep step)
{
    listening_ = std::holds_alternative<Challenge>(step);
    return step;
}

} // namespace portico::accounts
