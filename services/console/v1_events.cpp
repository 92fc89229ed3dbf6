#include "services/console/v1.hpp"
#include "services/http/websocket_channel.hpp"

#include <asio/this_coro.hpp>

#include <algorithm>

namespace portico::console {

using namespace std::chrono_literals;

// Frames go out as the catalog tells them; `stats` a while behind the first change that no earlier
// one told of.
auto V1::events(Exchange& exchange) -> Task
{
    using Clock = std::chrono::steady_clock;
    using Event = http::WebSocketChannel::Event;
    constexpr auto behind = 250ms;
    http::WebSocketChannel channel{
        exchange, {.message = 64 << 10, .silence = 54s, .closing = 5s, .writing = 10s}};
    if (!channel.open()) co_return;
    const auto loop = co_await asio::this_coro::executor;
    Feed::Seat seat{feed_, exchange.peer(), loop};
    std::optional<Clock::time_point> stats_at = Clock::now() + behind;
    for (;;) {
        std::optional<std::chrono::milliseconds> wait;
        if (stats_at)
            wait = std::max(1ms,
                            std::chrono::ceil<std::chrono::milliseconds>(*stats_at - Clock::now()));
        const auto event = co_await channel.receive(wait);
        if (event == Event::closed || seat.is_lost()) co_return;
        const auto frames = seat.take();
        if (!frames.empty() && !stats_at) stats_at = Clock::now() + behind;
        for (const auto& frame : frames) {
            const bool sent = co_await channel.send(http::websocket::Kind::text, *frame);
            if (!sent) co_return;
        }
        if (!stats_at || Clock::now() < *stats_at) continue;
        stats_at.reset();
        const auto stats = event_text("stats", stats_document(mail_.store.statistics()));
        const bool sent = co_await channel.send(http::websocket::Kind::text, stats);
        if (!sent) co_return;
    }
}

} // namespace portico::console
