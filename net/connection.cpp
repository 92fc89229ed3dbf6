#include "net/connection.hpp"

#include "net/loop.hpp"
#include "net/registry.hpp"
#include "net/tls_session.hpp"

#include <asio/post.hpp>
#include <fmt/core.h>

#include <cerrno>
#include <cstring>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <utility>

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
    if (errno == EINTR) return {0, Need::nothing};
    return {0, errno == EAGAIN ? what : Need::end};
}

// Need::read where nothing more was there; Need::nothing where nobody knows.
Progress take_from_tcp(int socket, char* buffer)
{
    iovec piece{buffer, Loop::buffer_size};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const auto got = ::recvmsg(socket, &message, MSG_DONTWAIT);
    if (got <= 0) return got == 0 ? Progress{0, Need::end} : after_error(Need::read);
    // TCP_INQ (see bind_socket()): how much is left; not 0 either if the peer has closed.
    int left = 1;
    const auto* told = CMSG_FIRSTHDR(&message);
    if (told && told->cmsg_level == IPPROTO_TCP && told->cmsg_type == TCP_CM_INQ)
        std::memcpy(&left, CMSG_DATA(told), sizeof left);
    return {static_cast<std::size_t>(got), left == 0 ? Need::read : Need::nothing};
}

// Without room for a control message, in which a local peer could hand us descriptors.
Progress take_from_local(int socket, char* buffer)
{
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

Socket::wait_type wait_for(Need need)
{
    return need == Need::write ? Socket::wait_write : Socket::wait_read;
}

} // namespace

Connection::Connection(const Port& port, const FiveTuple& tuple, std::uint64_t number)
    : port_{port}, tuple_{tuple}, number_{number}, since_{std::chrono::system_clock::now()},
      socket_{port.loop.context()}, position_{port.loop.connections_.size()}
{
    port_.loop.connections_.push_back(this);
    add(port_.counters.open, 1);
}

Connection::~Connection()
{
    if (edges_) edges_->leave();
    if (buffer_) port_.loop.give_back(std::move(buffer_));
    auto& connections = port_.loop.connections_;
    connections.back()->position_ = position_;
    std::swap(connections[position_], connections.back());
    connections.pop_back();
    add(port_.counters.open, ~std::uint64_t{0}); // one less
}

std::error_code Connection::open(FileDescriptor socket)
{
    const auto& [transport, address, port] = tuple_.server;
    const bool local = transport == Transport::local;
    const int family = local ? AF_UNIX : address.is_v4() ? AF_INET : AF_INET6;
    std::error_code error;
    socket_.assign({family, local ? 0 : IPPROTO_TCP}, socket.get(), error);
    if (error) return error;
    socket.release();
    socket_.is_the_only_one();
    // If something is there already, the first edge tells it.
    edges_ = Edges::of(*this);
    return {};
}

void Connection::begin_read(Reader reader, Reading what, std::chrono::milliseconds wait)
{
    if (buffer_) port_.loop.give_back(std::move(buffer_));
    reading_ = what;
    const bool others_first = readable_ && reads_without_wait_ >= most_reads_without_wait;
    if (auto received = others_first ? std::nullopt : end_of_read()) {
        ++reads_without_wait_;
        reader(*received);
        return;
    }
    reads_without_wait_ = 0;
    reader_ = std::move(reader);
    port_.loop.deadlines().arm(*this, wait);
    if (others_first) edges_->call_later();
}

void Connection::became_readable()
{
    readable_ = true;
    drained_ = false;
    read_on();
}

void Connection::read_on()
{
    if (!reader_) return;
    if (auto received = end_of_read()) end_read(*received);
}

void Connection::end_read(Received received)
{
    disarm();
    auto reader = std::exchange(reader_, nullptr);
    reader(received); // may be the end of this connection
}

auto Connection::end_of_read() -> std::optional<Received>
{
    if (aborted_ || left_) return std::unexpected{Ended::left};
    if (reading_ == Reading::nothing) {
        if (stopping_) return std::unexpected{Ended::stopping};
        return readable_ ? std::optional<Received>{""} : std::nullopt;
    }
    if (stopping_ && !std::exchange(stopping_said_, true)) return std::unexpected{Ended::stopping};
    if (std::exchange(woken_, false)) return std::unexpected{Ended::woken};
    return readable_ ? take_what_came() : std::nullopt;
}

Progress Connection::take(char* buffer)
{
    if (tls_) return tls_->read(buffer, Loop::buffer_size);
    const bool local = tuple_.server.transport == Transport::local;
    return (local ? take_from_local : take_from_tcp)(socket_.native_handle(), buffer);
}

auto Connection::take_what_came() -> std::optional<Received>
{
    buffer_ = port_.loop.borrow();
    const auto [octets, need] = take(buffer_.get());
    const bool drained = need == Need::read && (!tls_ || tls_->drained());
    if (octets > 0) {
        // What OpenSSL has found empty is so. But in clear a reset may have come with the octets,
        // of which the next write() tells.
        drained_ = drained;
        readable_ = !(drained && tls_);
        received(octets);
        return std::string_view{buffer_.get(), octets};
    }
    port_.loop.give_back(std::move(buffer_));
    if (need == Need::end) {
        // Closed, reset or timed out on the way: to a protocol it is the same.
        left_ = true;
        if (tls_ && !tls_->why().empty()) log(Level::debug, "TLS: " + tls_->why());
        return std::unexpected{Ended::left};
    }
    readable_ = need != Need::write && !drained;
    if (need == Need::write) edges_->call_when_writable();
    if (readable_) edges_->call_later();
    return std::nullopt;
}

std::size_t Connection::write_at_once(std::string_view bytes)
{
    std::size_t done = 0;
    while (done < bytes.size() && !aborted_) {
        const auto octets = put(socket_.native_handle(), tls_.get(), bytes.substr(done)).octets;
        if (octets == 0) break; // why, write() tells
        sent(octets);
        done += octets;
    }
    return done;
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
        if (need == Need::nothing) continue; // a signal came
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
    if (done > 0 && !waited) co_await give_way();
    co_return done;
}

Task<void> Connection::finish(std::chrono::milliseconds wait)
{
    if (tls_ && !aborted_) co_await say_close_notify(wait);
    if (left_ || aborted_) co_return;
    // Closing with octets unread makes the kernel send a reset, which can overtake our last reply
    // on the peer's side. So say that we are done, and read until the peer has seen it; unless
    // there are none and will be none.
    if (peer_is_done_ && !readable_) co_return;
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
    port_.loop.deadlines().arm(*this, wait);
}

std::expected<void, Ended> Connection::end_wait(const std::error_code& error)
{
    disarm();
    // A wait that is over just as its deadline expires has been answered all the same.
    if (!error) return {};
    if (error != asio::error::operation_aborted || aborted_) return std::unexpected{Ended::left};
    if (expired_) return std::unexpected{Ended::idle};
    return std::unexpected{Ended::stopping};
}

void Connection::expired()
{
    expired_ = true;
    if (reader_)
        end_read(std::unexpected{Ended::idle});
    else
        socket_.cancel();
}

void Connection::stop()
{
    stopping_ = true;
    if (reader_) edges_->call_later();
    if (ends_with_stop_) socket_.cancel();
    if (pausing_) pausing_->cancel();
}

void Connection::abort()
{
    aborted_ = true;
    if (reader_) edges_->call_later();
    socket_.cancel();
    if (pausing_) pausing_->cancel();
}

void Connection::wake()
{
    woken_ = true;
    if (reader_) edges_->call_later();
}

Task<void> Connection::give_way()
{
    co_await asio::post(port_.loop.executor(), asio::deferred);
}

Task<void> Connection::pause(std::chrono::milliseconds wait)
{
    if (stopping_ || aborted_) co_return;
    asio::steady_timer timer{port_.loop.context(), wait};
    pausing_ = &timer;
    co_await timer.async_wait(as_values);
    pausing_ = nullptr;
}

std::size_t Connection::loop() const
{
    return port_.loop.index();
}

void Connection::doing(std::string_view what)
{
    doing_.assign(what);
    doing_.shrink_to_fit(); // it may stay for long
}

void Connection::log(Level level, std::string_view event) const
{
    port_.log.write(level, Origin{number_, port_.service, tuple_}, event);
}

void Connection::received(std::size_t octets)
{
    bytes_in_ += octets;
    add(port_.counters.bytes_in, octets);
}

void Connection::sent(std::size_t octets)
{
    // The peer has not reset before it, and of what comes from now on there will be an edge.
    if (std::exchange(drained_, false)) readable_ = false;
    bytes_out_ += octets;
    add(port_.counters.bytes_out, octets);
}

} // namespace portico::net
