// Any octets as a client's responses, in every mechanism: no crash, bounded challenges, and nobody
// is let in who has not the password.

#include "services/accounts/digest.hpp"
#include "services/accounts/sasl_server.hpp"
#include "services/accounts/saslprep.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace {

using namespace portico::accounts;

void require(bool holds)
{
    if (!holds) std::abort();
}

constexpr std::string_view password = "pencil";
const std::string challenge = "<1896.697170952@postoffice.reston.mci.net>";
const std::string nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const ScramKeys scram = scram_keys(password, "salt", 1); // one round, for speed

/// One exchange with its outside, where the one user is "user".
class Host {
public:
    Host(Mechanism mechanism, bool plus_offered)
        : server_{mechanism, {challenge, nonce, plus_offered, plus_offered ? "exporter" : ""}}
    {
    }

    /// Says one response; whether the exchange goes on.
    bool hear(std::optional<std::string> response)
    {
        auto step = server_.respond(response);
        if (auto* secret = std::get_if<NeedSecret>(&step)) {
            check_name(secret->user);
            step = server_.secret(password, secret->user == "user");
            // Only the digest itself is right.
            if (std::holds_alternative<Proven>(step))
                require(response->ends_with(" " + hmac_md5_hex(password, challenge)));
        } else if (auto* keys = std::get_if<NeedKeys>(&step)) {
            check_name(keys->user);
            known_ = keys->user == "user";
            step = server_.keys(scram, known_);
        }
        if (auto* said = std::get_if<Challenge>(&step)) {
            require(said->data.size() < max_response / 4 * 3);
            if (said->data.starts_with("v=")) {
                proven_ = true; // the client has shown that it knows the password
                require(known_);
                require(response && response->contains(nonce));
            }
            return true;
        }
        if (auto* check = std::get_if<CheckPassword>(&step)) {
            check_name(check->user);
            require(response->ends_with(check->password));
        } else if (auto* proven = std::get_if<Proven>(&step)) {
            require(proven->user == "user");
        } else {
            auto* refused = std::get_if<Refused>(&step);
            require(refused && refused->error != AuthError::failing);
        }
        require(std::holds_alternative<Refused>(server_.respond(response))); // it is over
        return false;
    }

    bool proven() const { return proven_; }

private:
    static void check_name(std::string_view user)
    {
        require(!user.empty() && is_utf8(user));
        require(saslprep(user) == std::string{user}); // preparing twice is preparing once
        for (char c : user) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    }

    SaslServer server_;
    bool known_ = false;
    bool proven_ = false;
};

/// The client's last message with the proof it should have, so that the fuzzer gets past it: the
/// text before the proof is its own.
std::string with_proof(std::string_view first, std::string_view without_proof)
{
    const auto header = first.find(',', first.find(',') + 1) + 1; // gs2-header
    const auto bare = first.substr(header);
    const auto at = bare.find("r=");
    if (header == 0 || at == bare.npos) return std::string{without_proof};
    const auto own = bare.substr(
        at + 2, bare.find(',', at) == bare.npos ? bare.npos : bare.find(',', at) - at - 2);
    const auto server_first = "r=" + std::string{own} + nonce + ",s=" + base64(scram.salt) + ",i=1";
    const auto message = std::string{bare} + "," + server_first + "," + std::string{without_proof};
    auto key = hmac_sha256(view(pbkdf2_sha256(password, scram.salt, 1)), "Client Key");
    const auto signature = hmac_sha256(view(scram.stored_key), message);
    for (std::size_t i = 0; i < key.size(); ++i) key[i] ^= signature[i];
    return std::string{without_proof} + ",p=" + base64(view(key));
}

} // namespace

// The first octet says which mechanism, whether -PLUS is offered, whether there is an initial
// response, and whether the last message of SCRAM gets its proof. The rest is the responses, one
// a line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 1) return 0;
    constexpr std::array mechanisms{Mechanism::plain, Mechanism::login, Mechanism::cram_md5,
                                    Mechanism::scram_sha_256, Mechanism::scram_sha_256_plus};
    const auto mechanism = mechanisms[(data[0] & 7) % mechanisms.size()];
    const bool plus = mechanism == Mechanism::scram_sha_256_plus;
    const bool plus_offered = plus || (data[0] & 8) != 0;
    const bool is_scram = plus || mechanism == Mechanism::scram_sha_256;
    const bool proof = (data[0] & 32) != 0;
    std::string_view rest{reinterpret_cast<const char*>(data) + 1, size - 1};

    // Base64 is one to one.
    if (const auto octets = from_base64(rest)) require(base64(*octets) == rest);
    require(from_base64(base64(rest)) == std::string{rest});

    Host host{mechanism, plus_offered};
    std::string first;
    bool open = (data[0] & 16) != 0 || host.hear(std::nullopt);
    while (open) {
        const auto end = rest.find('\n');
        std::string response{rest.substr(0, end)};
        if (is_scram && proof && !first.empty() && !host.proven())
            response = with_proof(first, response);
        if (first.empty()) first = response;
        open = host.hear(std::move(response));
        if (end == rest.npos) break;
        rest.remove_prefix(end + 1);
    }
    require(proof || !host.proven()); // nobody guesses a proof
    return 0;
}
