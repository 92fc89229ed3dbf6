#include "services/inspect/handlers.hpp"

#include "services/http/event_stream.hpp"
#include "services/http/websocket_channel.hpp"
#include "services/inspect/octets.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace portico::inspect {

namespace {

using http::Exchange;
using net::Task;

constexpr std::uint64_t piece = 16 << 10; // octets
constexpr std::string_view bytes_type = "application/octet-stream";

/// The number of this name in the query, or `otherwise` if there is none.
std::optional<std::uint64_t> number(const Asked& asked, std::string_view name,
                                    std::uint64_t otherwise)
{
    const auto text = http::find(asked.query, name);
    return text ? parse_number(*text) : otherwise;
}

std::optional<config::Duration> seconds(const Asked& asked, std::string_view name,
                                        std::string_view otherwise)
{
    return parse_seconds(http::find(asked.query, name).value_or(otherwise));
}

// RFC 9110 section 6.5.1: only to a client that wants them. Those that frame content or mean this
// connection are no trailers (section 6.5.1 too).
std::string trailers(const Exchange& exchange)
{
    std::string lines;
    if (!exchange.request().has_member("TE", "trailers")) return lines;
    for (const auto& [name, value] : exchange.trailers())
        if (!is_ours(name)) lines += fmt::format("{}: {}\r\n", name, value);
    return lines;
}

// What has come goes back before more is read, so nothing piles up here: a client that sends much
// has to read meanwhile.
Task<void> echo(Exchange& exchange, const Asked& asked)
{
    auto content = co_await exchange.read();
    if (!content) co_return; // answered by the engine
    const auto type = asked.head.field("Content-Type");
    exchange.start({.content_type = type.value_or(bytes_type)});
    while (!content->empty()) {
        if (!co_await exchange.write(*content)) co_return;
        content = co_await exchange.read();
        if (!content) co_return; // without an end: the connection closes and tells it
    }
    exchange.end(trailers(exchange));
}

Task<void> delay(Exchange& exchange, const Asked& asked)
{
    const auto wait = parse_seconds(asked.parameter("seconds"));
    if (!wait) {
        respond(exchange, mistake("the delay is a number of seconds, perhaps with a fraction"));
        co_return;
    }
    auto content = co_await exchange.read_all();
    if (!content) co_return;
    co_await exchange.peer().pause(std::min(*wait, asked.limits.max_delay));
    auto whole = asked;
    whole.content = *content;
    respond(exchange, tell(whole));
}

Task<void> bytes(Exchange& exchange, const Asked& asked)
{
    const auto count = parse_number(asked.parameter("n"));
    const auto seed = number(asked, "seed", asked.random);
    if (!count || !seed) {
        respond(exchange, mistake("the octets and their seed are whole numbers"));
        co_return;
    }
    auto left = std::min(*count, asked.limits.max_bytes);
    exchange.protocol().head({.content_type = bytes_type, .content_length = left});
    if (!exchange.protocol().wants_content()) co_return;
    Octets octets{*seed};
    while (left > 0) {
        const auto taken = octets.take(std::min(left, piece));
        exchange.conversation().output() += taken;
        exchange.protocol().sent(taken.size());
        left -= taken.size();
        if (!co_await exchange.flush()) co_return;
    }
}

Task<void> stream_bytes(Exchange& exchange, const Asked& asked)
{
    const auto count = parse_number(asked.parameter("n"));
    const auto seed = number(asked, "seed", asked.random);
    const auto size = number(asked, "chunk_size", 10 << 10);
    if (!count || !seed || !size || *size == 0) {
        respond(exchange, mistake("the octets, seed and chunk_size are whole numbers"));
        co_return;
    }
    Octets octets{*seed};
    exchange.start({.content_type = bytes_type});
    for (auto left = std::min(*count, asked.limits.max_bytes); left > 0;) {
        const auto taken = octets.take(std::min({left, *size, std::uint64_t{1} << 20}));
        left -= taken.size();
        if (!co_await exchange.write(taken)) co_return;
    }
    exchange.end();
}

Task<void> stream(Exchange& exchange, const Asked& asked)
{
    const auto count = parse_number(asked.parameter("n"));
    if (!count) {
        respond(exchange, mistake("the lines are a whole number"));
        co_return;
    }
    exchange.start({.content_type = "application/json"});
    const auto lines = std::min<std::uint64_t>(*count, asked.limits.max_lines);
    for (std::uint64_t line = 0; line < lines; ++line) {
        const auto text = stream_line(asked, line);
        if (!co_await exchange.write(text)) co_return;
    }
    exchange.end();
}

Task<void> drip(Exchange& exchange, const Asked& asked)
{
    const auto duration = seconds(asked, "duration", "2");
    const auto before = seconds(asked, "delay", "0");
    const auto count = number(asked, "numbytes", 10);
    const auto code = number(asked, "code", 200);
    if (!duration || !before || !count || !code || *code < 200 || *code > 599) {
        respond(exchange, mistake("duration and delay are seconds, numbytes is a whole number, and "
                                  "code is 200 to 599"));
        co_return;
    }
    const auto octets = std::min(*count, asked.limits.max_bytes);
    const auto whole = std::min(*duration, asked.limits.max_delay);
    co_await exchange.peer().pause(std::min(*before, asked.limits.max_delay));
    exchange.start({.status = static_cast<http::Status>(*code), .content_type = bytes_type});
    for (std::uint64_t i = 0; i < octets; ++i) {
        if (i > 0) { // each at its time, so that rounding does not add up
            const auto at = [&](std::uint64_t n) {
                return whole * static_cast<std::int64_t>(n) / static_cast<std::int64_t>(octets);
            };
            co_await exchange.peer().pause(at(i) - at(i - 1));
        }
        if (!co_await exchange.write("*")) co_return;
    }
    exchange.end();
}

// One at once, the next after ?interval=.
Task<void> events(Exchange& exchange, const Asked& asked)
{
    const auto count = parse_number(asked.parameter("n"));
    const auto interval = seconds(asked, "interval", "1");
    if (!count || !interval) {
        respond(exchange, mistake("the events are a whole number, the interval is seconds"));
        co_return;
    }
    exchange.start(
        {.content_type = http::event_stream_type, .fields = "Cache-Control: no-store\r\n"});
    const auto number = std::min<std::uint64_t>(*count, asked.limits.max_lines);
    for (std::uint64_t i = 1; i <= number; ++i) {
        if (i > 1) co_await exchange.peer().pause(std::min(*interval, asked.limits.max_delay));
        const auto id = fmt::format("{}", i);
        const auto data = fmt::format("{{\"event\": {}, \"of\": {}}}", i, number);
        const http::Event event{.data = data, .type = "count", .id = id};
        const auto text = http::to_text(event);
        if (!text || !co_await exchange.write(*text)) co_return;
    }
    exchange.end();
}

// Messages go back as they come, until the client closes.
Task<void> websocket_echo(Exchange& exchange, const Asked&)
{
    http::WebSocketChannel channel{exchange};
    if (!channel.open()) co_return;
    for (;;) {
        const auto event = co_await channel.receive();
        if (event == http::WebSocketChannel::Event::closed) co_return;
        if (event != http::WebSocketChannel::Event::message) continue;
        if (!co_await channel.send(channel.message().kind, channel.message().data)) co_return;
    }
}

constexpr Streamed table[]{
    {{"*", "/echo", "the request's content and type, sent back as it comes", "/echo"}, echo, true},
    {{"*", "/delay/{seconds}", "the request, after a while", "/delay/1.5"}, delay, true},
    {{"GET", "/bytes/{n}", "n random octets, the same ones with ?seed=", "/bytes/100"}, bytes},
    {{"GET", "/stream-bytes/{n}", "likewise, in chunks of ?chunk_size=", "/stream-bytes/100"},
     stream_bytes},
    {{"GET", "/stream/{n}", "n lines of JSON, a chunk each", "/stream/3"}, stream},
    {{"GET", "/drip",
      "?numbytes= octets over ?duration= seconds; ?delay=, ?code=", "/drip?duration=1"},
     drip},
    {{"GET", "/events/{n}", "n server-sent events, one each ?interval= seconds",
      "/events/2?interval=0"},
     events},
    {{"GET", "/websocket/echo", "a WebSocket that sends messages back", ""}, websocket_echo},
};

} // namespace

std::span<const Streamed> streamed()
{
    return table;
}

void respond(http::Exchange& exchange, const Answer& answer)
{
    exchange.respond(
        {.status = answer.status, .content_type = answer.content_type, .fields = answer.fields},
        answer.content);
}

} // namespace portico::inspect
