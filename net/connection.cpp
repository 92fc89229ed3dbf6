#include "net/connection.hpp"

#include "net/loop.hpp"
#include "net/registry.hpp"
#include "net/tls_session.hpp"

#include <asio/post.hpp>
#include <fmt/core.h>

#include <cerrno>
#include <sys/sendfile.h>
#include <sys/socket.h>

namespace portico::net {

namespace {

// Only the connection's own loop writes, so this needs no atomic read-modify-write.
void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount)
{
    counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

// How often in a row a peer that sends as fast as we read may go before the others.
constexpr unsigned most_reads_without_wait = 16;

Progress after_error(Need what)
{
    return {0, errno == EAGAIN || errno == EINTR ? what : Need::end};
}

Progress take(int socket, TlsSession* tls, char* buffer)
{
    if (tls) return tls->read(buffer, Loop::buffer_size);
    const auto got = ::recv(socket, buffer, Loop::buffer_size, MSG_DONTWAIT);
    if (got > 0) return {static_cast<std::size_t>(got), Need::nothing};
    return got == 0 ? Progress{0, Need::end} : after_error(Need::read);
}

Progress put(int socket, TlsSession* tls, std::string_view bytes)
{
    if (tls) return tls->write(bytes);
    const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent > 0 ? Progress{static_cast<std::size_t>(sent), Need::nothing}
                    : after_error(Need::write);
}

Connection::Socket::wait_type wait_for(Need need)
{
    return need == Need::write ? Connection::Socket::wait_write : Connection::Socket::wait_read;
}

} // namespace

Connection::Connection(Loop& loop, Socket socket, FiveTuple tuple, std::uint64_t number,
                       std::string_view service, PortCounters& counters, Log& log, ListenTls tls)
    : loop_{loop}, socket_{std::move(socket)}, tuple_{tuple}, number_{number}, service_{service},
      counters_{counters}, log_{log}, since_{std::chrono::system_clock::now()}, deadline_{[this] {
          expired_ = true;
          socket_.cancel();
      }},
      position_{loop.connections_.size()}, offered_{tls}
{
    loop_.connections_.push_back(this);
    add(counters_.open, 1);
}

Connection::~Connection()
{
    if (buffer_) loop_.give_back(std::move(buffer_));
    loop_.connections_.back()->position_ = position_;
    std::swap(loop_.connections_[position_], loop_.connections_.back());
    loop_.connections_.pop_back();
    add(counters_.open, ~std::uint64_t{0}); // one less
}

auto Connection::read(std::chrono::milliseconds wait)
    -> Task<std::expected<std::string_view, Ended>>
{
    if (buffer_) loop_.give_back(std::move(buffer_));
    for (auto need = Need::read;;) {
        if (aborted_ || left_) co_return std::unexpected{Ended::left};
        if (stopping_ && !stopping_said_) {
            stopping_said_ = true;
            co_return std::unexpected{Ended::stopping};
        }
        if (!more_ || ++reads_without_wait_ > most_reads_without_wait) {
            reads_without_wait_ = 0;
            if (tls_ && tls_->holds()) { // no socket would end this wait
                co_await asio::post(loop_.executor(), asio::deferred);
                continue;
            }
            reading_ = true;
            begin_wait(wait);
            auto [error] = co_await socket_.async_wait(wait_for(need), as_values);
            reading_ = false;
            if (auto ready = end_wait(error); !ready) {
                if (ready.error() == Ended::stopping) continue;
                co_return std::unexpected{ready.error()};
            }
        }
        buffer_ = loop_.borrow();
        const auto got = take(socket_.native_handle(), tls_.get(), buffer_.get());
        if (got.octets > 0) {
            more_ = got.octets == Loop::buffer_size || got.need == Need::end;
            received(got.octets);
            co_return std::string_view{buffer_.get(), got.octets};
        }
        more_ = false;
        loop_.give_back(std::move(buffer_));
        need = got.need;
        // Closed, reset or timed out on the way: to a protocol it is the same.
        left_ = need == Need::end;
        if (left_ && tls_ && !tls_->why().empty()) log(Level::debug, "TLS: " + tls_->why());
    }
}

auto Connection::write(std::string_view bytes, std::chrono::milliseconds wait)
    -> Task<std::expected<void, Ended>>
{
    while (!bytes.empty()) {
        if (aborted_) co_return std::unexpected{Ended::left};
        const auto [octets, need] = put(socket_.native_handle(), tls_.get(), bytes);
        if (octets > 0) {
            sent(octets);
            bytes.remove_prefix(octets);
            continue;
        }
        if (need == Need::end) {
            left_ = true;
            co_return std::unexpected{Ended::left};
        }
        begin_wait(wait);
        auto [error] = co_await socket_.async_wait(wait_for(need), as_values);
        if (auto ready = end_wait(error); !ready) {
            if (tls_) tls_->cut(); // a record may be half sent
            co_return std::unexpected{ready.error()};
        }
    }
    co_return std::expected<void, Ended>{};
}

auto Connection::send_file(int file, std::uint64_t offset, std::uint64_t length,
                           std::chrono::milliseconds wait)
    -> Task<std::expected<std::uint64_t, Ended>>
{
    std::uint64_t done = 0;
    bool waited = false;
    while (done < length && !tls_) {
        if (aborted_) co_return std::unexpected{Ended::left};
        auto position = static_cast<off_t>(offset + done);
        const auto octets = ::sendfile(socket_.native_handle(), file, &position,
                                       static_cast<std::size_t>(length - done));
        if (octets > 0) {
            sent(static_cast<std::size_t>(octets));
            done += static_cast<std::uint64_t>(octets);
            continue;
        }
        if (octets < 0 && errno == EINTR) continue;
        if (octets == 0 || errno != EAGAIN) break; // whose fault it is, write() tells
        waited = true;
        begin_wait(wait);
        auto [error] = co_await socket_.async_wait(Socket::wait_write, as_values);
        if (auto ready = end_wait(error); !ready) co_return std::unexpected{ready.error()};
    }
    if (done > 0 && !waited) co_await asio::post(loop_.executor(), asio::deferred);
    co_return done;
}

Task<void> Connection::finish(std::chrono::milliseconds wait)
{
    if (tls_ && !aborted_) co_await say_close_notify(wait);
    if (left_ || aborted_) co_return;
    // Closing with octets unread makes the kernel send a reset, which can overtake our last reply
    // on the peer's side. So say that we are done, and read until the peer has seen it.
    ::shutdown(socket_.native_handle(), SHUT_WR);
    constexpr std::uint64_t most = 1 << 20; // a peer that goes on sending is cut off
    const auto end = std::chrono::steady_clock::now() + wait;
    for (const auto start = bytes_in_; bytes_in_ - start < most;) {
        const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(
            end - std::chrono::steady_clock::now());
        if (rest.count() <= 0) co_return;
        auto bytes = co_await read(rest);
        if (!bytes && bytes.error() != Ended::stopping) co_return;
    }
}

void Connection::begin_wait(std::chrono::milliseconds wait)
{
    expired_ = false;
    loop_.deadlines().arm(deadline_, wait);
}

std::expected<void, Ended> Connection::end_wait(const std::error_code& error)
{
    deadline_.disarm();
    // A wait that is over just as its deadline expires has been answered all the same.
    if (!error) return {};
    if (error != asio::error::operation_aborted || aborted_) return std::unexpected{Ended::left};
    if (expired_) return std::unexpected{Ended::idle};
    return std::unexpected{Ended::stopping};
}

void Connection::stop()
{
    stopping_ = true;
    if (reading_ && !stopping_said_) socket_.cancel();
    if (pausing_) pausing_->cancel();
}

void Connection::abort()
{
    aborted_ = true;
    socket_.cancel();
    if (pausing_) pausing_->cancel();
}

Task<void> Connection::pause(std::chrono::milliseconds wait)
{
    if (stopping_ || aborted_) co_return;
    asio::steady_timer timer{loop_.context(), wait};
    pausing_ = &timer;
    co_await timer.async_wait(as_values);
    pausing_ = nullptr;
}

std::size_t Connection::loop() const
{
    return loop_.index();
}

void Connection::doing(std::string_view what)
{
    doing_.assign(what);
}

void Connection::log(Level level, std::string_view event) const
{
    log_.write(level, Origin{number_, service_, tuple_}, event);
}

void Connection::received(std::size_t octets)
{
    bytes_in_ += octets;
    add(counters_.bytes_in, octets);
}

void Connection::sent(std::size_t octets)
{
    bytes_out_ += octets;
    add(counters_.bytes_out, octets);
}

} // namespace portico::net
