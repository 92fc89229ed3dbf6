#include "services/http/websocket_channel.hpp"

#include <utility>
#include <variant>

namespace portico::http {

using websocket::CloseCode;

WebSocketChannel::WebSocketChannel(Exchange& exchange, WebSocketLimits limits)
    : exchange_{exchange}, limits_{limits}, protocol_{limits.message}
{
}

bool WebSocketChannel::open(std::span<const std::string_view> subprotocols)
{
    auto accepted = websocket::check_handshake(exchange_.request(), subprotocols);
    if (!accepted) {
        exchange_.respond(status_of(accepted.error()), fields_of(accepted.error()));
        return false;
    }
    subprotocol_ = std::move(accepted->subprotocol);
    protocol_.feed(exchange_.protocol().upgrade(accepted->fields));
    return true;
}

auto WebSocketChannel::receive(std::optional<std::chrono::milliseconds> at_most) -> net::Task<Event>
{
    while (!over_) {
        const auto step = protocol_.next();
        if (auto* write = std::get_if<websocket::Write>(&step)) {
            output_ += write->bytes;
        } else if (auto* message = std::get_if<websocket::Message>(&step)) {
            message_ = *message;
            co_return Event::message;
        } else if (auto* close = std::get_if<websocket::Close>(&step)) {
            code_ = close->code;
            if (!close->why.empty()) exchange_.peer().log(net::Level::debug, close->why);
            co_await flush();
            over_ = true;
        } else if (std::get_if<websocket::Read>(&step)) {
            const auto event = co_await wait(at_most);
            if (event) co_return *event;
        }
    }
    co_return Event::closed;
}

// Nothing: something has come, or is to be said.
auto WebSocketChannel::wait(std::optional<std::chrono::milliseconds> at_most)
    -> net::Task<std::optional<Event>>
{
    if (!co_await flush()) {
        over_ = true;
        co_return std::nullopt;
    }
    const auto silence = protocol_.closing() ? limits_.closing : limits_.silence;
    const bool is_shorter = at_most && *at_most < silence;
    const auto bytes = co_await exchange_.peer().read(is_shorter ? *at_most : silence);
    if (bytes) {
        pinged_ = false;
        protocol_.feed(*bytes);
        co_return std::nullopt;
    }
    switch (bytes.error()) {
    case net::Ended::left: over_ = true; break;
    case net::Ended::woken: co_return Event::woken;
    case net::Ended::stopping: protocol_.close(CloseCode::going_away); break;
    case net::Ended::idle:
        if (is_shorter) co_return Event::due;
        if (std::exchange(pinged_, true) || !protocol_.ping()) over_ = true;
        break;
    }
    co_return std::nullopt;
}

net::Task<bool> WebSocketChannel::flush()
{
    if (!co_await exchange_.flush()) co_return false; // 101 goes before
    if (output_.empty()) co_return true;
    const auto bytes = std::exchange(output_, {});
    const auto& options = exchange_.conversation().options();
    const auto sent = co_await exchange_.peer().write(
        bytes, limits_.writing.count() > 0 ? limits_.writing : options.write_timeout);
    co_return sent.has_value();
}

net::Task<bool> WebSocketChannel::send(websocket::Kind kind, std::string_view data)
{
    if (over_ || !protocol_.send(kind, data)) co_return false;
    const auto step = protocol_.next(); // the message, before anything else
    if (auto* write = std::get_if<websocket::Write>(&step)) output_ += write->bytes;
    over_ = !co_await flush();
    co_return !over_;
}

net::Task<void> WebSocketChannel::close(CloseCode code, std::string_view reason)
{
    if (!over_) protocol_.close(code, reason);
    while (!over_) co_await receive();
}

} // namespace portico::http
