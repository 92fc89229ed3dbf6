#pragma once

#include "net/task.hpp"
#include "services/http/exchange.hpp"
#include "services/http/websocket.hpp"
#include "services/http/websocket_handshake.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace portico::http {

struct WebSocketLimits {
    std::size_t message = 1 << 20;             // octets of one of the client's
    std::chrono::milliseconds silence{30'000}; // then a ping; and as long for the answer
    std::chrono::milliseconds closing{5'000};  // for the client's Close frame
    std::chrono::milliseconds writing{0};      // the client takes nothing; 0: [http] write_timeout
};

/// A WebSocket (RFC 6455) as a handler has it, once the exchange has become one. Used by that
/// handler alone; it is over when the handler returns.
class WebSocketChannel {
public:
    enum class Event : std::uint8_t {
        message, // in message()
        woken,   // by Connection::wake(): somebody has something to send
        due,     // the time is over that the caller had to wait
        closed,  // the client, the server that stops, or silence; nothing more comes or goes
    };

    explicit WebSocketChannel(Exchange& exchange, WebSocketLimits limits = {});
    WebSocketChannel(const WebSocketChannel&) = delete;
    WebSocketChannel& operator=(const WebSocketChannel&) = delete;

    /// Answers the request with 101, or, if it opens no WebSocket, with what is wrong with it; then
    /// it is false and there is no more to do. See check_handshake() for `subprotocols`.
    bool open(std::span<const std::string_view> subprotocols = {});
    const std::string& subprotocol() const { return subprotocol_; }

    /// Waits for the next thing to happen, and answers pings meanwhile; with `at_most` no longer
    /// than that since the client's last word.
    net::Task<Event> receive(std::optional<std::chrono::milliseconds> at_most = {});
    /// What receive() has brought; valid until its next call.
    const websocket::Message& message() const { return message_; }

    /// Sends a message. False: the other side is gone, or is leaving.
    net::Task<bool> send(websocket::Kind kind, std::string_view data);

    /// Says goodbye and waits for the answer.
    net::Task<void> close(websocket::CloseCode code, std::string_view reason = {});

    /// Why it was closed: the client's code, or abnormal.
    websocket::CloseCode code() const { return code_; }

private:
    net::Task<bool> flush();
    net::Task<std::optional<Event>> wait(std::optional<std::chrono::milliseconds> at_most);

    Exchange& exchange_;
    WebSocketLimits limits_;
    websocket::Protocol protocol_;
    std::string subprotocol_;
    std::string output_;
    websocket::Message message_{};
    websocket::CloseCode code_ = websocket::CloseCode::abnormal;
    bool pinged_ = false; // and nothing has come since
    bool over_ = false;
};

} // namespace portico::http
