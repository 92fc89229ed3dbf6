#include "net/server.hpp"

#include "net/run_on.hpp"

#include <asio/co_spawn.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <unistd.h>

namespace portico::net {

namespace {

using namespace std::chrono_literals;

constexpr auto accept_back_off = 100ms;   // when the system has no more descriptors or memory
constexpr int most_accepted_at_once = 16; // then the loop's other work has its turn
constexpr unsigned most_refusals = 64;    // at once on a port and loop; more are closed wordlessly
constexpr auto last_words = 2s;           // for a peer to take the last reply and close
constexpr auto abort_wait = 5s;           // for what is in a system call when time is up
constexpr int auto_attempts = 16;         // to find a port that is free at every address

} // namespace

/// One listening socket on one loop.
class Server::Listener {
public:
    Listener(Loop& loop, Service& service_, PortCounters* counters, const Endpoint& endpoint_,
             FileDescriptor socket, ListenTls tls, Log& log)
        : service{service_}, port{loop, service.name(), counters ? *counters : own_counters, log,
                                  tls},
          endpoint{endpoint_}, descriptor{loop.context(), socket.release()}, back_off{
                                                                                 loop.context()}
    {
    }

    Service& service;
    PortCounters own_counters; // of a local socket, which is no port
    Port port;
    Endpoint endpoint;
    asio::posix::stream_descriptor descriptor;
    asio::steady_timer back_off;
    unsigned refusals = 0;
    bool failing = false;
};

/// What a coroutine of the server holds: its place in the count, and a connection's admission.
class Server::Guest {
public:
    /// `admitted`: the peer that admit() has counted, or null; outlives it.
    explicit Guest(Server& server, const asio::ip::address* admitted = nullptr)
        : server_{server}, admitted_{admitted}
    {
        ++server_.running_;
    }
    Guest(const Guest&) = delete;
    Guest& operator=(const Guest&) = delete;
    ~Guest()
    {
        if (admitted_) server_.release(*admitted_);
        if (--server_.running_ == 0)
            asio::post(server_.reactor_.loop(0).executor(),
                       [&server = server_] { server.all_ended_.cancel(); });
    }

private:
    Server& server_;
    const asio::ip::address* admitted_;
};

Server::Server(Reactor& reactor, Registry& registry, ServerLimits limits, Log& log)
    : reactor_{reactor}, registry_{registry}, limits_{limits}, log_{log},
      signals_{reactor.loop(0).context(), SIGINT, SIGTERM, SIGHUP}, all_ended_{
                                                                        reactor.loop(0).context()}
{
    std::signal(SIGPIPE, SIG_IGN); // a peer that left is an error of write(), not our end
}

Server::~Server()
{
    if (!local_path_.empty()) ::unlink(local_path_.c_str());
}

auto Server::claim(const std::vector<asio::ip::address>& addresses, std::uint16_t port,
                   const Owner& owner, Encryption encryption)
    -> std::vector<std::expected<Lease, ClaimError>>
{
    for (int attempt = 1;; ++attempt) {
        std::vector<std::expected<Lease, ClaimError>> leases;
        auto number = port;
        bool taken = false;
        for (const auto& address : addresses) {
            leases.push_back(registry_.claim({Transport::tcp, address, number}, owner, encryption));
            if (leases.back())
                number = leases.back()->endpoint().port;
            else
                taken = taken || leases.back().error().kind == ClaimFailure::taken;
        }
        if (port != 0 || !taken || attempt == auto_attempts) return leases;
    }
}

auto Server::listen(const std::vector<asio::ip::address>& addresses, std::uint16_t port,
                    const Owner& owner, Service& service, ListenTls tls)
    -> std::vector<std::expected<Endpoint, ClaimError>>
{
    std::vector<std::expected<Endpoint, ClaimError>> endpoints;
    for (auto& claimed : claim(addresses, port, owner, tls.encryption)) {
        if (!claimed) {
            endpoints.push_back(std::unexpected{claimed.error()});
            continue;
        }
        auto& lease = *leases_.emplace_back(std::make_unique<Lease>(std::move(*claimed)));
        for (std::size_t index = 0; index < reactor_.size(); ++index) {
            auto socket = index == 0 ? lease.take_socket() : lease.share();
            if (!socket) { // the other loops serve the port all the same
                log_.write(Level::error,
                           fmt::format("{}: loop {} cannot listen: {}", to_string(lease.endpoint()),
                                       index, socket.error().message()));
                continue;
            }
            listeners_.push_back(
                std::make_unique<Listener>(reactor_.loop(index), service, &lease.counters(index),
                                           lease.endpoint(), std::move(*socket), tls, log_));
        }
        endpoints.push_back(lease.endpoint());
    }
    return endpoints;
}

std::expected<void, std::error_code> Server::listen_local(const std::string& path, Service& service)
{
    auto socket = bind_local_socket(path);
    if (!socket) return std::unexpected{socket.error()};
    local_path_ = path;
    listeners_.push_back(std::make_unique<Listener>(reactor_.loop(0), service, nullptr,
                                                    Endpoint{Transport::local, {}, 0},
                                                    std::move(*socket), ListenTls{}, log_));
    return {};
}

int Server::run()
{
    auto no_exceptions = [](const std::exception_ptr& failure) {
        if (failure) std::rethrow_exception(failure); // out of run(): our own mistake
    };
    for (auto& listener : listeners_)
        asio::co_spawn(listener->port.loop.executor(), accept(*listener), no_exceptions);
    asio::co_spawn(reactor_.loop(0).executor(), supervise(), no_exceptions);
    reactor_.run();
    return exit_code_;
}

void Server::stop()
{
    asio::post(reactor_.loop(0).executor(), [this] {
        stop_asked_ = true;
        signals_.cancel();
    });
}

Task<void> Server::accept(Listener& listener)
{
    const Guest guest{*this};
    for (;;) {
        auto [closed] = co_await listener.descriptor.async_wait(
            asio::posix::stream_descriptor::wait_read, as_values);
        if (closed) co_return;
        for (int count = 0; count < most_accepted_at_once; ++count) {
            sockaddr_storage address{};
            socklen_t length = sizeof address;
            FileDescriptor socket{::accept4(listener.descriptor.native_handle(),
                                            reinterpret_cast<sockaddr*>(&address), &length,
                                            SOCK_NONBLOCK | SOCK_CLOEXEC)};
            if (socket) {
                if (std::exchange(listener.failing, false))
                    log_.write(Level::info,
                               fmt::format("{}: accepting again", to_string(listener.endpoint)));
                receive(listener, std::move(socket),
                        to_endpoint(address, listener.endpoint.transport));
                continue;
            }
            if (errno == EAGAIN) break;
            if (errno == EINTR) continue;
            const std::error_code error{errno, std::system_category()};
            if (!std::exchange(listener.failing, true)) // once until it works again
                log_.write(Level::error,
                           fmt::format("{}: cannot accept a client: {}; trying on",
                                       to_string(listener.endpoint), error.message()));
            if (error.value() == ECONNABORTED) continue; // that client left; the next may be fine
            listener.back_off.expires_after(accept_back_off);
            co_await listener.back_off.async_wait(as_values);
            break;
        }
    }
}

void Server::receive(Listener& listener, FileDescriptor socket, const Endpoint& client)
{
    FiveTuple tuple{listener.endpoint, client};
    if (tuple.server.transport != Transport::local && tuple.server.address.is_unspecified())
        tuple.server = local_endpoint(socket.get(), tuple.server.transport);

    auto count = [](std::atomic<std::uint64_t>& counter) {
        counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    };
    auto log_failure = [this](const std::exception_ptr& failure) {
        try {
            if (failure) std::rethrow_exception(failure);
        } catch (const std::exception& error) {
            log_.write(Level::error, fmt::format("a connection: {}", error.what()));
        }
    };
    auto& loop = listener.port.loop;
    const bool local = tuple.server.transport == Transport::local;
    if (const auto* why = local ? nullptr : admit(client.address)) {
        count(listener.port.counters.refused);
        log_.write(Level::info, fmt::format("{}: refused: {}", to_string(tuple), why));
        // Under TLS not even that can be said without a handshake's work.
        if (listener.port.tls.encryption == Encryption::implicit) return;
        if (listener.refusals == most_refusals) return;
        asio::co_spawn(loop.executor(), refuse(listener, std::move(socket), tuple), log_failure);
        return;
    }
    count(listener.port.counters.accepted);
    asio::co_spawn(loop.executor(), talk(listener, std::move(socket), tuple), log_failure);
}

// A connection's memory is mostly frames of coroutines, and this one's stays: what it holds only
// for a while is in functions of their own.
Task<void> Server::talk(Listener& listener, FileDescriptor socket, FiveTuple tuple)
{
    const Guest guest{*this,
                      tuple.server.transport == Transport::local ? nullptr : &tuple.client.address};
    Connection peer{listener.port, tuple, next_number_++};
    if (!open(peer, std::move(socket))) co_return;
    try {
        if (listener.port.tls.encryption != Encryption::implicit || co_await shake_hands(peer))
            co_await listener.service.serve(peer);
        co_await peer.finish(last_words);
    } catch (...) {
        log_failure(peer);
    }
    log_end(peer);
}

bool Server::open(Connection& peer, FileDescriptor socket)
{
    if (const auto error = peer.open(std::move(socket))) {
        peer.log(Level::error, "the loop cannot watch it: " + error.message());
        return false;
    }
    if (stopping_) peer.stop();
    if (aborting_) peer.abort();
    if (log_.enabled(Level::debug)) peer.log(Level::debug, "connected");
    return true;
}

Task<bool> Server::shake_hands(Connection& peer)
{
    peer.doing("TLS handshake");
    const auto done = co_await peer.shake_hands();
    peer.doing("");
    co_return done.has_value();
}

void Server::log_failure(const Connection& peer) // in a handler
{
    try {
        throw;
    } catch (const std::system_error& error) {
        if (error.code() != asio::error::operation_aborted) peer.log(Level::error, error.what());
    } catch (const std::exception& error) {
        peer.log(Level::error, error.what());
    }
}

void Server::log_end(const Connection& peer)
{
    if (log_.enabled(Level::debug))
        peer.log(Level::debug,
                 fmt::format("ended: {} octets in, {} out", peer.bytes_in_, peer.bytes_out_));
}

Task<void> Server::refuse(Listener& listener, FileDescriptor socket, FiveTuple tuple)
{
    const Guest guest{*this};
    ++listener.refusals;
    {
        Connection peer{listener.port, tuple, next_number_++};
        if (open(peer, std::move(socket))) {
            peer.doing("refused");
            const auto words = listener.service.refusal();
            if (co_await peer.write(words, last_words)) co_await peer.finish(last_words);
        }
    }
    --listener.refusals;
}

const char* Server::admit(const asio::ip::address& peer)
{
    if (admitted_.fetch_add(1) >= limits_.max_connections) {
        --admitted_;
        return "max_connections is reached";
    }
    if (limits_.max_connections_per_peer == 0) return nullptr;
    const std::scoped_lock lock{peers_mutex_};
    auto& count = peers_[peer];
    if (count == limits_.max_connections_per_peer) {
        --admitted_;
        return "max_connections_per_peer is reached";
    }
    ++count;
    return nullptr;
}

void Server::release(const asio::ip::address& peer)
{
    --admitted_;
    if (limits_.max_connections_per_peer == 0) return;
    const std::scoped_lock lock{peers_mutex_};
    const auto place = peers_.find(peer);
    if (--place->second == 0) peers_.erase(place);
}

Task<void> Server::supervise()
{
    while (!stop_asked_) {
        auto [error, number] = co_await signals_.async_wait(as_values);
        if (error) continue; // cancelled by stop()
        if (number != SIGHUP) break;
        if (hangup_)
            hangup_();
        else
            log_.write(Level::info,
                       "SIGHUP: there is nothing to read again; restart to reconfigure");
    }
    log_.write(Level::info, fmt::format("stopping: {} connections have {} ms to end",
                                        admitted_.load(), limits_.grace.count()));
    // A second signal ends at once.
    signals_.async_wait([this](const std::error_code& error, int number) {
        if (error || number == SIGHUP) return;
        exit_code_ = 128 + number;
        all_ended_.cancel();
    });
    stopping_ = true;
    co_await close_listeners();
    for_each_connection(&Connection::stop);
    if (!co_await ended_within(limits_.grace)) {
        log_.write(Level::warn, fmt::format("cutting off {} connections", admitted_.load()));
        aborting_ = true;
        for_each_connection(&Connection::abort);
        if (!co_await ended_within(abort_wait)) {
            log_.write(Level::error, "something does not come back; ending without it");
            std::_Exit(EXIT_FAILURE);
        }
    }
    reactor_.stop();
}

Task<bool> Server::ended_within(std::chrono::milliseconds wait)
{
    all_ended_.expires_after(wait);
    if (running_ != 0) co_await all_ended_.async_wait(as_values);
    co_return running_ == 0;
}

Task<void> Server::close_listeners()
{
    for (auto& listener : listeners_)
        co_await run_on(listener->port.loop.executor(), [&listener = *listener] {
            std::error_code ignored; // it is gone either way
            listener.descriptor.close(ignored);
            return listener.back_off.cancel();
        });
    for (auto& lease : leases_) lease->drain();
}

void Server::for_each_connection(void (Connection::*tell)())
{
    for (std::size_t index = 0; index < reactor_.size(); ++index)
        asio::post(reactor_.loop(index).executor(), [&loop = reactor_.loop(index), tell] {
            for (auto* peer : loop.connections()) (peer->*tell)();
        });
}

} // namespace portico::net
