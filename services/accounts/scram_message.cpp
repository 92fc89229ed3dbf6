#include "services/accounts/scram_message.hpp"

#include "services/accounts/saslprep.hpp"

#include <optional>
#include <utility>

namespace portico::accounts {

namespace {

constexpr Refused not_scram{AuthError::malformed, "not the form of SCRAM"};
// RFC 5802 section 5.1: its presence fails the exchange, whatever it means.
constexpr Refused extension_not_supported{AuthError::wrong, "SCRAM with a mandatory extension"};

// RFC 5802 sets no limit; the nonce comes back twice, each time within a line's.
constexpr std::size_t max_nonce = 1024;

/// The text up to the next comma, which goes with it.
std::string_view take_field(std::string_view& rest)
{
    const auto comma = rest.find(',');
    const auto field = rest.substr(0, comma);
    rest.remove_prefix(comma == rest.npos ? rest.size() : comma + 1);
    return field;
}

/// The value of the next attribute, if it is the one called `name` and has a value.
std::optional<std::string_view> take_attribute(std::string_view& rest, char name)
{
    auto after = rest;
    const auto field = take_field(after);
    if (field.size() < 3 || field[0] != name || field[1] != '=') return std::nullopt;
    rest = after;
    return field.substr(2);
}

bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// extensions = attr-val *("," attr-val), all of them optional ones, which we do not know.
bool are_extensions(std::string_view text)
{
    for (bool more = !text.empty(); more;) {
        more = text.contains(',');
        const auto field = take_field(text);
        if (field.size() < 3 || !is_alpha(field[0]) || field[1] != '=') return false;
    }
    return true;
}

// "," and "=" in a name are "=2C" and "=3D": section 5.1.
std::optional<std::string> decode_saslname(std::string_view text)
{
    std::string name;
    while (!text.empty()) {
        if (text.starts_with("=2C"))
            name += ',';
        else if (text.starts_with("=3D"))
            name += '=';
        else if (text.front() == '=')
            return std::nullopt;
        else
            name += text.front();
        text.remove_prefix(text.front() == '=' ? 3 : 1);
    }
    return name;
}

bool is_nonce(std::string_view text) // printable, without ","
{
    for (char c : text)
        if (c < 0x21 || c > 0x7e) return false;
    return text.size() <= max_nonce;
}

bool is_cb_name(std::string_view text)
{
    for (char c : text)
        if (!is_alpha(c) && !(c >= '0' && c <= '9') && c != '.' && c != '-') return false;
    return !text.empty();
}

bool is_message(std::string_view text) // all values are UTF-8 without NUL
{
    return is_utf8(text) && !text.contains('\0');
}

} // namespace

// client-first-message = gs2-cbind-flag "," [authzid] "," [reserved-mext ","] username "," nonce
//                        ["," extensions]
std::expected<ScramClientFirst, Refused> parse_scram_client_first(std::string_view message)
{
    if (!is_message(message) || message.ends_with(',')) return std::unexpected{not_scram};
    ScramClientFirst first{};
    auto rest = message;
    const auto flag = take_field(rest);
    if (flag == "n" || flag == "y") {
        first.cbind_flag = flag[0];
    } else if (flag.starts_with("p=") && is_cb_name(flag.substr(2))) {
        first.cbind_flag = 'p';
        first.cb_name = flag.substr(2);
    } else {
        return std::unexpected{not_scram};
    }
    if (rest.starts_with(',')) {
        rest.remove_prefix(1);
    } else {
        const auto value = take_attribute(rest, 'a');
        auto authzid = value ? decode_saslname(*value) : std::nullopt;
        if (!authzid) return std::unexpected{not_scram};
        first.authzid = std::move(*authzid);
    }
    first.gs2_header = message.substr(0, message.size() - rest.size());
    first.bare = rest;
    if (!first.gs2_header.ends_with(',')) return std::unexpected{not_scram};
    if (rest.starts_with("m=")) return std::unexpected{extension_not_supported};
    const auto username = take_attribute(rest, 'n');
    auto name = username ? decode_saslname(*username) : std::nullopt;
    const auto nonce = take_attribute(rest, 'r');
    if (!name || !nonce || !is_nonce(*nonce) || !are_extensions(rest))
        return std::unexpected{not_scram};
    first.username = std::move(*name);
    first.nonce = *nonce;
    return first;
}

// client-final-message = channel-binding "," nonce ["," extensions] "," proof
std::expected<ScramClientFinal, Refused> parse_scram_client_final(std::string_view message)
{
    if (!is_message(message)) return std::unexpected{not_scram};
    const auto end = message.rfind(",p="); // the proof is last, and base64 has no comma
    if (end == message.npos) return std::unexpected{not_scram};
    ScramClientFinal last{};
    last.without_proof = message.substr(0, end);
    if (last.without_proof.ends_with(',')) return std::unexpected{not_scram};
    auto proof = from_base64(message.substr(end + 3));
    auto rest = last.without_proof;
    if (rest.starts_with("m=")) return std::unexpected{extension_not_supported};
    const auto channel_binding = take_attribute(rest, 'c');
    auto input = channel_binding ? from_base64(*channel_binding) : std::nullopt;
    const auto nonce = take_attribute(rest, 'r');
    if (!proof || proof->empty() || !input || !nonce || !are_extensions(rest))
        return std::unexpected{not_scram};
    last.cbind_input = std::move(*input);
    last.nonce = *nonce;
    last.proof = std::move(*proof);
    return last;
}

} // namespace portico::accounts
