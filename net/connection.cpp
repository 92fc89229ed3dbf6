#include "net/connection.hpp"

#include "net/loop.hpp"
#include "net/registry.hpp"

#include <cerrno>
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

} // namespace

Connection::Connection(Loop& loop, Socket socket, FiveTuple tuple, std::uint64_t number,
                       std::string_view service, PortCounters& counters, Log& log)
    : loop_{loop}, socket_{std::move(socket)}, tuple_{tuple}, number_{number}, service_{service},
      counters_{counters}, log_{log}, since_{std::chrono::system_clock::now()}, deadline_{[this] {
          expired_ = true;
          socket_.cancel();
      }},
      position_{loop.connections_.size()}
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
    for (;;) {
        if (aborted_ || left_) co_return std::unexpected{Ended::left};
        if (stopping_ && !stopping_said_) {
            stopping_said_ = true;
            co_return std::unexpected{Ended::stopping};
        }
        if (!more_ || ++reads_without_wait_ > most_reads_without_wait) {
            reads_without_wait_ = 0;
            reading_ = true;
            begin_wait(wait);
            auto [error] = co_await socket_.async_wait(Socket::wait_read, as_values);
            reading_ = false;
            if (auto ready = end_wait(error); !ready) {
                if (ready.error() == Ended::stopping) continue;
                co_return std::unexpected{ready.error()};
            }
        }
        buffer_ = loop_.borrow();
        const auto got =
            ::recv(socket_.native_handle(), buffer_.get(), Loop::buffer_size, MSG_DONTWAIT);
        if (got > 0) {
            const auto octets = static_cast<std::size_t>(got);
            more_ = octets == Loop::buffer_size;
            received(octets);
            co_return std::string_view{buffer_.get(), octets};
        }
        more_ = false;
        loop_.give_back(std::move(buffer_));
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        left_ = true; // closed, reset or timed out on the way: to a protocol it is the same
    }
}

auto Connection::write(std::string_view bytes, std::chrono::milliseconds wait)
    -> Task<std::expected<void, Ended>>
{
    while (!bytes.empty()) {
        if (aborted_) co_return std::unexpected{Ended::left};
        const auto put = ::send(socket_.native_handle(), bytes.data(), bytes.size(),
                                MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put >= 0) {
            sent(static_cast<std::size_t>(put));
            bytes.remove_prefix(static_cast<std::size_t>(put));
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) {
            left_ = true;
            co_return std::unexpected{Ended::left};
        }
        begin_wait(wait);
        auto [error] = co_await socket_.async_wait(Socket::wait_write, as_values);
        if (auto ready = end_wait(error); !ready) co_return std::unexpected{ready.error()};
    }
    co_return std::expected<void, Ended>{};
}

Task<void> Connection::finish(std::chrono::milliseconds wait)
{
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
}

void Connection::abort()
{
    aborted_ = true;
    socket_.cancel();
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
