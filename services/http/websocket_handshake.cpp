#include "services/http/websocket_handshake.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

namespace portico::http::websocket {

namespace {

constexpr std::size_t key_octets = 16;
constexpr std::size_t key_length = 24; // of that many octets in base64
constexpr std::string_view version = "13";

std::string base64(std::span<const unsigned char> octets)
{
    std::string text((octets.size() + 2) / 3 * 4, '\0'); // and EVP's NUL where string has one, too
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), octets.data(),
                    static_cast<int>(octets.size()));
    return text;
}

/// The field's value, if it is there exactly once (sections 11.3.1 and 11.3.5).
std::optional<std::string_view> only(const Request& request, std::string_view name)
{
    const auto is_it = [&](const Field& field) { return equals_ignoring_case(field.name, name); };
    if (std::ranges::count_if(request.fields, is_it) != 1) return std::nullopt;
    return request.field(name);
}

/// Whether `key` is what base64 makes of 16 octets, and nothing else that decodes to them.
bool is_key(std::string_view key)
{
    if (key.size() != key_length) return false;
    std::array<unsigned char, key_octets + 2> octets{}; // the padding comes out as octets, too
    if (EVP_DecodeBlock(octets.data(), reinterpret_cast<const unsigned char*>(key.data()),
                        key_length) != static_cast<int>(octets.size()))
        return false;
    return base64(std::span{octets}.first(key_octets)) == key;
}

/// The client's list, the most wanted first (section 4.1); it may stand in several fields.
std::expected<std::string, HandshakeError> choose(const Request& request,
                                                  std::span<const std::string_view> ours)
{
    const auto list = request.combined("Sec-WebSocket-Protocol");
    std::string chosen;
    bool tokens = true;
    if (list) {
        each_member(*list, [&](std::string_view theirs) {
            tokens = tokens && is_token(theirs);
            if (chosen.empty() && std::ranges::find(ours, theirs) != ours.end()) chosen = theirs;
        });
    }
    if (!tokens) return std::unexpected{HandshakeError::subprotocols};
    return chosen;
}

} // namespace

std::string accept_key(std::string_view key)
{
    const auto text = std::string{key} + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, 20> digest{};
    unsigned length = 0;
    if (EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha1(), nullptr) != 1 ||
        length != digest.size())
        throw std::runtime_error{"libcrypto cannot compute a digest"};
    return base64(digest);
}

std::expected<Acceptance, HandshakeError>
check_handshake(const Request& request, std::span<const std::string_view> subprotocols)
{
    // RFC 9110 section 7.8: HTTP/1.0's Upgrade is to be ignored.
    if (request.minor < 1 || !request.has_member("Upgrade", "websocket") ||
        !request.has_member("Connection", "Upgrade"))
        return std::unexpected{HandshakeError::no_upgrade};
    if (request.method != "GET") return std::unexpected{HandshakeError::method};
    if (request.has_body()) return std::unexpected{HandshakeError::content};
    if (only(request, "Sec-WebSocket-Version") != version)
        return std::unexpected{HandshakeError::version};
    const auto key = only(request, "Sec-WebSocket-Key");
    if (!key || !is_key(*key)) return std::unexpected{HandshakeError::key};
    auto subprotocol = choose(request, subprotocols);
    if (!subprotocol) return std::unexpected{subprotocol.error()};

    Acceptance acceptance{.subprotocol = std::move(*subprotocol),
                          .fields = "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                    "Sec-WebSocket-Accept: " +
                                    accept_key(*key) + "\r\n"};
    if (!acceptance.subprotocol.empty())
        acceptance.fields += "Sec-WebSocket-Protocol: " + acceptance.subprotocol + "\r\n";
    return acceptance;
}

Status status_of(HandshakeError error)
{
    switch (error) {
    case HandshakeError::method: return Status::method_not_allowed;
    case HandshakeError::no_upgrade:
    case HandshakeError::version: return Status{426}; // Upgrade Required
    case HandshakeError::key:
    case HandshakeError::subprotocols:
    case HandshakeError::content: return Status::bad_request;
    }
    return Status::bad_request;
}

std::string fields_of(HandshakeError error)
{
    switch (error) {
    case HandshakeError::method:
        return "Allow: GET\r\n"; // RFC 9110 section 15.5.6
    // RFC 9110 section 15.5.22: 426 names the protocol; RFC 6455 section 4.4: and its versions.
    case HandshakeError::no_upgrade:
    case HandshakeError::version:
        return "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n";
    case HandshakeError::key:
    case HandshakeError::subprotocols:
    case HandshakeError::content: return {};
    }
    return {};
}

std::string_view describe(HandshakeError error)
{
    switch (error) {
    case HandshakeError::method: return "a WebSocket is opened by GET";
    case HandshakeError::no_upgrade: return "the request does not ask for a WebSocket";
    case HandshakeError::version: return "the version of WebSocket is not 13";
    case HandshakeError::key: return "Sec-WebSocket-Key is not 16 octets in base64";
    case HandshakeError::subprotocols: return "Sec-WebSocket-Protocol is no list of tokens";
    case HandshakeError::content: return "a request that opens a WebSocket has content";
    }
    return "";
}

} // namespace portico::http::websocket
