#include "services/http/websocket.hpp"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <utility>

namespace portico::http::websocket {

namespace {

// A larger buffer goes with its message, so that one large message does not cost memory for ever.
constexpr std::size_t kept_capacity = 16 << 10;

Opcode opcode_of(Kind kind)
{
    return kind == Kind::text ? Opcode::text : Opcode::binary;
}

bool is_defined(Opcode opcode)
{
    switch (opcode) {
    case Opcode::continuation:
    case Opcode::text:
    case Opcode::binary:
    case Opcode::close:
    case Opcode::ping:
    case Opcode::pong: return true;
    }
    return false;
}

/// Takes up to `most` octets off the front of `input`.
std::string_view take_front(std::string_view& input, std::uint64_t most)
{
    const auto piece =
        input.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(input.size(), most)));
    input.remove_prefix(piece.size());
    return piece;
}

} // namespace

Step Protocol::next()
{
    for (;;) {
        if (!output_.empty()) return Write{std::exchange(output_, {})};
        if (state_ == State::over) return close_;
        if (std::exchange(delivered_, false)) forget_message();
        if (input_.empty()) return Read{};
        if (state_ == State::head) take_head();
        if (state_ == State::payload) take_payload();
        if (state_ == State::payload && taken_ == length_) {
            if (auto step = end_frame()) return *step;
        }
    }
}

void Protocol::take_head()
{
    while (head_size_ < head_wanted_ && !input_.empty()) {
        const auto piece = take_front(input_, head_wanted_ - head_size_);
        std::ranges::copy(piece, head_.begin() + static_cast<std::ptrdiff_t>(head_size_));
        head_size_ += piece.size();
        if (head_size_ < head_wanted_) return;
        if (head_wanted_ == 2) {
            if (!check_beginning()) return;
            const unsigned length = head_[1] & 0x7Fu;
            head_wanted_ += key_.size() + (length == 126 ? 2u : length == 127 ? 8u : 0u);
        }
    }
    if (head_size_ < head_wanted_) return;
    std::ranges::copy(std::span{head_}.subspan(head_wanted_ - key_.size(), key_.size()),
                      key_.begin());
    begin_payload(payload_length());
}

/// What the first two octets of a frame tell (RFC 6455 section 5.2).
bool Protocol::check_beginning()
{
    const auto refuse = [&](std::string_view why) {
        fail(CloseCode::protocol_error, why);
        return false;
    };
    if ((head_[0] & 0x70) != 0) return refuse("a reserved bit is set"); // we have no extension
    if (!is_defined(opcode())) return refuse("an opcode is reserved");
    if ((head_[1] & 0x80) == 0) return refuse("a frame is not masked"); // section 5.1
    if (is_control(opcode())) {                                         // section 5.5
        if (!fin()) return refuse("a control frame is fragmented");
        if ((head_[1] & 0x7Fu) > most_control_octets)
            return refuse("a control frame is over 125 octets");
    } else if ((opcode() == Opcode::continuation) != message_kind_.has_value()) { // section 5.4
        return refuse(message_kind_ ? "a message begins within another"
                                    : "a fragment continues no message");
    }
    return true;
}

std::uint64_t Protocol::payload_length() const
{
    std::uint64_t length = head_[1] & 0x7Fu;
    if (length < 126) return length;
    length = 0;
    for (std::size_t i = 2; i < head_wanted_ - key_.size(); ++i) length = length << 8 | head_[i];
    return length;
}

void Protocol::begin_payload(std::uint64_t length)
{
    const auto octets = head_wanted_ - key_.size() - 2; // of the extended length
    // Section 5.2: the fewest octets that can tell it, and the most significant bit is 0.
    if ((octets == 2 && length < 126) || (octets == 8 && length <= 0xFFFF))
        return fail(CloseCode::protocol_error, "a length has more octets than it needs");
    if (length >> 63 != 0) return fail(CloseCode::protocol_error, "a length is over 63 bits");
    if (!is_control(opcode())) {
        if (length > max_message_ - message_.size())
            return fail(CloseCode::too_big, "a message is over the limit");
        if (opcode() != Opcode::continuation) {
            message_kind_ = opcode() == Opcode::text ? Kind::text : Kind::binary;
            utf8_ = {};
        }
    }
    length_ = length;
    taken_ = 0;
    control_.clear();
    state_ = State::payload;
}

void Protocol::take_payload()
{
    auto& payload = is_control(opcode()) ? control_ : message_;
    const auto before = payload.size();
    payload += take_front(input_, length_ - taken_);
    const auto piece = std::span{payload}.subspan(before);
    apply_mask(piece, key_, taken_);
    taken_ += piece.size();
    // Section 8.1: as soon as it cannot become UTF-8 any more.
    if (!is_control(opcode()) && message_kind_ == Kind::text &&
        !utf8_.take({piece.data(), piece.size()}))
        fail(CloseCode::invalid_data, "a text message is not UTF-8");
}

std::optional<Step> Protocol::end_frame()
{
    state_ = State::head;
    head_size_ = 0;
    head_wanted_ = 2;
    switch (opcode()) {
    case Opcode::close: end_close(); return std::nullopt;
    case Opcode::ping: append_frame(output_, Opcode::pong, control_); return std::nullopt;
    case Opcode::pong: return Pong{control_};
    case Opcode::continuation:
    case Opcode::text:
    case Opcode::binary: break;
    }
    if (!fin()) return std::nullopt;
    return end_message();
}

std::optional<Step> Protocol::end_message()
{
    if (message_kind_ == Kind::text && !utf8_.whole()) {
        fail(CloseCode::invalid_data, "a text message ends within a character");
        return std::nullopt;
    }
    if (close_sent_) { // section 1.4: nobody waits for it any more
        forget_message();
        return std::nullopt;
    }
    delivered_ = true;
    return Message{*message_kind_, message_};
}

void Protocol::forget_message()
{
    message_kind_.reset();
    if (message_.capacity() > kept_capacity)
        message_ = {};
    else
        message_.clear();
}

/// A Close frame has come (section 5.5.1).
void Protocol::end_close()
{
    auto code = CloseCode::no_status;
    if (control_.size() == 1)
        return fail(CloseCode::protocol_error, "a Close frame has half a code");
    if (control_.size() >= 2) {
        code = static_cast<CloseCode>(static_cast<unsigned char>(control_[0]) << 8 |
                                      static_cast<unsigned char>(control_[1]));
        if (!may_be_sent(code)) // section 7.4
            return fail(CloseCode::protocol_error, "a Close frame has a code that none may have");
        reason_ = control_.substr(2);
        Utf8 utf8;
        if (!utf8.take(reason_) || !utf8.whole())
            return fail(CloseCode::invalid_data, "the reason of a Close frame is not UTF-8");
    }
    // With the code that came, as is the custom, unless ours is sent already.
    if (!close_sent_) send_close(code, {});
    close_ = {.code = code, .reason = reason_};
    state_ = State::over;
}

/// Section 7.1.7: what comes after this is not looked at.
void Protocol::fail(CloseCode code, std::string_view why)
{
    if (!close_sent_) send_close(code, why);
    close_ = {.code = CloseCode::abnormal, .why = why};
    state_ = State::over;
}

void Protocol::send_close(CloseCode code, std::string_view reason)
{
    append_frame(output_, Opcode::close, close_payload(code, reason));
    close_sent_ = true;
}

bool Protocol::send(Kind kind, std::string_view data, bool last)
{
    if (close_sent_) return false;
    append_frame(output_, sending_ ? Opcode::continuation : opcode_of(kind), data, last);
    sending_ = last ? std::nullopt : std::optional{kind};
    return true;
}

bool Protocol::ping(std::string_view data)
{
    if (close_sent_) return false;
    append_frame(output_, Opcode::ping, data.substr(0, most_control_octets));
    return true;
}

void Protocol::close(CloseCode code, std::string_view reason)
{
    const bool client_only = code == CloseCode{1010}; // section 7.4.1: of extensions it misses
    if (code != CloseCode::no_status && (!may_be_sent(code) || client_only))
        throw std::invalid_argument{"no server may close a WebSocket with this code"};
    if (!close_sent_) send_close(code, reason);
}

} // namespace portico::http::websocket
