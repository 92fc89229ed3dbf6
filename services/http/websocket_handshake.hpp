#pragma once

#include "services/http/parse.hpp"
#include "services/http/reply.hpp"

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

namespace portico::http::websocket {

/// The server's part of an opening handshake (RFC 6455 section 4.2.2): what a response with status
/// 101 says.
struct Acceptance {
    std::string subprotocol; // that was agreed upon, or ""
    std::string fields;      // field lines, each with its line end, Upgrade and Connection too
};

/// Why a request opens no WebSocket. After each the connection stays one of HTTP.
enum class HandshakeError : std::uint8_t {
    method,     // not GET
    no_upgrade, // does not ask for a WebSocket, or as HTTP/1.0, which cannot (RFC 9110 section 7.8)
    version,    // another than 13, or none
    key,        // Sec-WebSocket-Key: none, several, or not 16 octets in base64
    subprotocols, // Sec-WebSocket-Protocol is no list of tokens
    content,      // the request has some, which nobody would tell from frames
};

/// Whether a request opens a WebSocket (section 4.2.1), and then with which of `subprotocols`: the
/// first of the client's list that is among them; without a common one there is none. We have no
/// extensions (section 9): what is offered of them is passed over. Host is the parser's, Origin
/// the caller's to look at.
std::expected<Acceptance, HandshakeError>
check_handshake(const Request& request, std::span<const std::string_view> subprotocols = {});

/// The status that tells a client why not, the fields that belong to it, and a sentence about it.
Status status_of(HandshakeError error);
std::string fields_of(HandshakeError error);
std::string_view describe(HandshakeError error);

/// What Sec-WebSocket-Accept answers to a key (section 4.2.2, step 5.4).
std::string accept_key(std::string_view key);

} // namespace portico::http::websocket
