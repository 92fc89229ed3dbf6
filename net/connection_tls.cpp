// How a connection comes to TLS and leaves it; what goes between is in connection.cpp.

#include "net/connection.hpp"
#include "net/loop.hpp"
#include "net/tls_session.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <sys/socket.h>
#include <utility>

namespace portico::net {

namespace {

using Clock = std::chrono::steady_clock;

// Of what is thrown away before a handshake; who sends more is cut off.
constexpr std::uint64_t most_discarded = 1 << 20;

std::string why_not(Ended ended, const TlsOptions& options)
{
    switch (ended) {
    case Ended::left: return "the connection is closed";
    case Ended::idle:
        return fmt::format("not done within {} ms", options.handshake_timeout.count());
    case Ended::stopping:
    case Ended::woken: return "the server stops";
    }
    return "";
}

} // namespace

bool Connection::can_start_tls() const
{
    return port_.tls.encryption == Encryption::starttls && !tls_;
}

const TlsInfo* Connection::tls() const
{
    return tls_ ? tls_->info() : nullptr;
}

std::string Connection::tls_exporter() const
{
    return tls_ ? tls_->exporter() : "";
}

auto Connection::start_tls(std::string_view go_ahead, std::size_t unread)
    -> Task<std::expected<void, Ended>>
{
    if (buffer_) port_.loop.give_back(std::move(buffer_));
    if (!discard_input(unread)) {
        abort();
        co_return std::unexpected{Ended::left};
    }
    auto written = co_await write(go_ahead, port_.tls.tls->options().handshake_timeout);
    if (!written) {
        abort();
        co_return written;
    }
    co_return co_await shake_hands();
}

// RFC 3207 section 4.2, RFC 2595 section 4: what came in clear may be another's, put between the
// client's command and its handshake, and must not be taken for something said under TLS. What
// comes only after `go_ahead` is no handshake, which fails then.
bool Connection::discard_input(std::uint64_t unread)
{
    auto discarded = unread;
    bool open = true;
    auto buffer = port_.loop.borrow();
    while (open && discarded <= most_discarded) {
        const auto got =
            ::recv(socket_.native_handle(), buffer.get(), Loop::buffer_size, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) break;
        open = got > 0;
        if (open) received(static_cast<std::size_t>(got));
        if (open) discarded += static_cast<std::uint64_t>(got);
    }
    port_.loop.give_back(std::move(buffer));
    if (discarded > 0)
        log(Level::info,
            fmt::format("{} octets came in clear before the TLS handshake: thrown away",
                        discarded));
    return open && discarded <= most_discarded;
}

Task<std::expected<void, Ended>> Connection::shake_hands()
{
    tls_ = port_.tls.tls->session(socket_.native_handle());
    if (!tls_) {
        log(Level::error, "TLS: no memory for a session");
        abort();
        co_return std::unexpected{Ended::left};
    }
    auto done = co_await take_handshake_steps();
    if (!done) {
        const auto& why = tls_->why();
        log(Level::info,
            fmt::format("TLS handshake failed: {}",
                        why.empty() ? why_not(done.error(), port_.tls.tls->options()) : why));
        tls_->cut();
        co_return done;
    }
    // The first command may have come with the end of the handshake; and OpenSSL gives its buffer
    // back only once it has found nothing more to read.
    readable_ = true;
    if (const auto* info = tls_->info(); port_.log.enabled(Level::debug))
        log(Level::debug,
            fmt::format("{}, {}{}{}{}", info->version, info->cipher,
                        info->resumed ? ", resumed" : "", info->server_name.empty() ? "" : ", for ",
                        info->server_name));
    co_return done;
}

Task<std::expected<void, Ended>> Connection::take_handshake_steps()
{
    const auto end = Clock::now() + port_.tls.tls->options().handshake_timeout;
    for (;;) {
        if (aborted_) co_return std::unexpected{Ended::left};
        if (stopping_) co_return std::unexpected{Ended::stopping};
        const auto need = tls_->handshake();
        if (need == Need::nothing) co_return std::expected<void, Ended>{};
        if (need == Need::end) co_return std::unexpected{Ended::left};
        const auto rest = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
        if (rest.count() <= 0) co_return std::unexpected{Ended::idle};
        if (need == Need::read) {
            readable_ = !tls_->drained();
            auto ready = co_await receive(Reading::nothing, rest);
            if (!ready) co_return std::unexpected{ready.error()};
            continue;
        }
        ends_with_stop_ = true;
        begin_wait(rest);
        auto [error] = co_await socket_.async_wait(Socket::wait_write, as_values);
        ends_with_stop_ = false;
        if (auto ready = end_wait(error); !ready) co_return std::unexpected{ready.error()};
    }
}

// RFC 8446 section 6.1: so that the peer can tell our end from a cut.
Task<void> Connection::say_close_notify(std::chrono::milliseconds wait)
{
    // Who has left may still be told, but is not waited for.
    while (tls_->close() == Need::write && !left_) {
        begin_wait(wait);
        auto [error] = co_await socket_.async_wait(Socket::wait_write, as_values);
        if (!end_wait(error)) break;
    }
    tls_.reset(); // what still comes is only counted
}

} // namespace portico::net
