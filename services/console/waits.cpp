#include "services/console/waits.hpp"

#include "services/console/json.hpp"
#include "services/console/metrics.hpp"
#include "services/console/waiting_session.hpp"
#include "services/console/wish.hpp"
#include "services/http/event_stream.hpp"

#include <asio/this_coro.hpp>

namespace portico::console {

namespace {

using http::Exchange;
using net::Task;
using Event = WaitingSession::Event;

// Proxies and clients give up on a connection that says nothing.
constexpr std::chrono::seconds heartbeat{15};

void respond_json(Exchange& exchange, http::Status status, std::string_view text)
{
    exchange.respond({.status = status,
                      .content_type = "application/json",
                      .fields = "Cache-Control: no-store\r\n"},
                     text);
}

void refuse(Exchange& exchange, http::Status status, std::string_view why)
{
    const Json json{{"error", why}};
    respond_json(exchange, status, to_text(json));
}

/// For all but a message and a client that has left.
void refuse(Exchange& exchange, Event event)
{
    switch (event) {
    case Event::found:
    case Event::left: return;
    case Event::idle:
        return refuse(exchange, http::Status::request_timeout,
                      "no message that fits has come in time");
    case Event::stopping:
        return refuse(exchange, http::Status::service_unavailable, "the server stops");
    case Event::failing:
        return refuse(exchange, http::Status::internal_server_error,
                      "the store is failing; the server's log says why");
    }
}

/// Whether it waits now; if not, the client has been told why.
Task<bool> begin(Exchange& exchange, WaitingSession& session)
{
    if (!session.has_place()) {
        refuse(exchange, http::Status::service_unavailable,
               "too many are waiting ([console] max_waiters)");
        co_return false;
    }
    const auto started = co_await session.start();
    if (!started)
        refuse(exchange, Event::failing);
    else if (!*started)
        refuse(exchange, http::Status::bad_request,
               "since is neither the ID of a message nor a time");
    co_return started&&* started;
}

} // namespace

Waits::Waits(const config::Console& options, mail::Store& store, net::Pool& pool)
    : store_{store}, pool_{pool}, waiting_{options.max_waiters}
{
    store_.watch(waiting_);
}

Waits::~Waits()
{
    store_.unwatch(waiting_);
}

Task<void> Waits::wait(Exchange& exchange)
{
    auto wish = parse_wish(exchange.target().query);
    if (!wish) co_return refuse(exchange, http::Status::bad_request, wish.error());
    const auto until = WaitingSession::Clock::now() + wish->timeout;
    const auto loop = co_await asio::this_coro::executor;
    WaitingSession session{*this, exchange, std::move(*wish), loop};
    const bool waits = co_await begin(exchange, session);
    if (!waits) co_return;
    const auto event = co_await session.next(until);
    if (event == Event::found)
        respond_json(exchange, http::Status::ok, session.found().document + "\n");
    else
        refuse(exchange, event);
}

Task<void> Waits::events(Exchange& exchange)
{
    auto wish = parse_wish(exchange.target().query);
    if (!wish) co_return refuse(exchange, http::Status::bad_request, wish.error());
    // Of a client that comes back: it goes on where it was.
    if (const auto last = exchange.request().field("Last-Event-ID")) wish->since = *last;
    const auto loop = co_await asio::this_coro::executor;
    WaitingSession session{*this, exchange, std::move(*wish), loop};
    const bool waits = co_await begin(exchange, session);
    if (!waits) co_return;
    exchange.start(
        {.content_type = http::event_stream_type, .fields = "Cache-Control: no-store\r\n"});
    const bool begun = co_await exchange.flush();
    if (!begun) co_return;
    for (;;) {
        const auto event = co_await session.next(WaitingSession::Clock::now() + heartbeat);
        std::string text;
        if (event == Event::found) {
            const auto& found = session.found();
            const http::Event told{.data = found.document, .type = "message", .id = found.id};
            text = http::to_text(told).value_or("");
        } else if (event == Event::idle) {
            text = http::event_comment();
        } else {
            break;
        }
        const bool sent = co_await exchange.write(text);
        if (!sent) co_return;
    }
    exchange.end();
}

std::string Waits::metrics() const
{
    Metrics metrics;
    metrics.family("portico_mail_waiters", Metrics::Kind::gauge, "Requests that wait for mail.");
    metrics.sample({}, std::uint64_t{waiting_.size()});
    return metrics.text();
}

} // namespace portico::console
