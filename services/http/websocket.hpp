#pragma once

#include "services/http/utf8.hpp"
#include "services/http/websocket_frame.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace portico::http::websocket {

enum class Kind : std::uint8_t { text, binary };

struct Read {}; // wants feed()
struct Write {
    std::string bytes;
};
struct Message { // whole; valid until the next call of next()
    Kind kind;
    std::string_view data; // UTF-8, if it is text
};
struct Pong { // answers a ping(), or comes unasked; valid until the next call of next()
    std::string_view data;
};
struct Close { // the TCP connection; next() says it again and again
    /// The WebSocket Connection Close Code (RFC 6455 section 7.1.5): what the client's Close frame
    /// had, no_status if it had none, abnormal if no such frame came.
    CloseCode code = CloseCode::abnormal;
    std::string_view reason = {}; // the client's; UTF-8
    std::string_view why = {};    // the client's mistake, or "" if there was none
};
using Step = std::variant<Read, Write, Message, Pong, Close>;

/// The server's side of a WebSocket (RFC 6455) after its opening handshake: messages of both
/// directions, and the closing handshake. Answers pings by itself. Knows no extension, no socket
/// and no clock: how long the client may take for the rest of a message, or for its Close frame
/// after ours, is for the caller to say. Needs memory for one message of the client's and for what
/// was sent and not yet taken by next().
class Protocol {
public:
    /// `max_message`: octets of a message, all fragments together; past it 1009.
    explicit Protocol(std::size_t max_message) : max_message_{max_message} {}
    Protocol(const Protocol&) = delete; // its steps have views into it
    Protocol& operator=(const Protocol&) = delete;

    /// What the client said, cut anywhere; stays valid until next() answers Read or Close. What
    /// comes of it does not depend on the cuts.
    void feed(std::string_view bytes) { input_ = bytes; }
    Step next();

    /// A message, or a fragment of one: all but the `last` leave it open, and `kind` is the first
    /// one's. Text is UTF-8, which is not checked; fragments may be cut within characters. False,
    /// and nothing is sent: a Close frame is on its way (section 5.5.1).
    bool send(Kind kind, std::string_view data, bool last = true);

    /// A ping with up to 125 octets; more are cut off. False as for send().
    bool ping(std::string_view data = {});

    /// Starts the closing handshake (section 7.1.2), if that has not happened yet; the client's
    /// messages are thrown away from now on. `reason` is UTF-8, cut to 123 octets. Throws
    /// std::invalid_argument for a code that no server may send (no_status: without a code).
    void close(CloseCode code, std::string_view reason = {});

    /// Whether a Close frame is sent or about to be.
    bool closing() const { return close_sent_; }
    /// Whether the client has begun a message or a frame and not ended it.
    bool within_message() const { return message_kind_ || state_ != State::head || head_size_ > 0; }

private:
    enum class State : std::uint8_t { head, payload, over };

    void take_head();
    bool check_beginning();
    std::uint64_t payload_length() const;
    void begin_payload(std::uint64_t length);
    void take_payload();
    std::optional<Step> end_frame();
    std::optional<Step> end_message();
    void end_close();
    void fail(CloseCode code, std::string_view why);
    void send_close(CloseCode code, std::string_view reason);
    void forget_message();

    bool fin() const { return (head_[0] & 0x80) != 0; }
    Opcode opcode() const { return static_cast<Opcode>(head_[0] & 0x0F); }

    std::size_t max_message_;
    std::string_view input_;
    std::string output_;
    State state_ = State::head;

    std::array<unsigned char, 14> head_{}; // of the frame, up to and with the masking key
    std::size_t head_size_ = 0;            // octets of it that have come
    std::size_t head_wanted_ = 2;          // and that are to come before we can go on
    MaskingKey key_{};
    std::uint64_t length_ = 0; // of the frame's payload
    std::uint64_t taken_ = 0;  // of it

    std::optional<Kind> message_kind_; // of the message that has begun
    std::string message_;
    Utf8 utf8_; // of message_, if it is text
    bool delivered_ = false;
    std::string control_; // payload of a control frame

    std::optional<Kind> sending_; // a message that send() has begun
    bool close_sent_ = false;
    Close close_;
    std::string reason_;
};

} // namespace portico::http::websocket
