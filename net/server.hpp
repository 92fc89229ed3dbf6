#pragma once

#include "net/connection.hpp"
#include "net/log.hpp"
#include "net/reactor.hpp"
#include "net/registry.hpp"
#include "net/service.hpp"

#include <asio/ip/address.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace portico::net {

struct ServerLimits {
    std::uint32_t max_connections = 1000;
    std::uint32_t max_connections_per_peer = 0; // by address; 0: no limit
    std::chrono::milliseconds grace{8000};      // how long a stop waits for transactions
};

/// Accepts connections and owns each until it has ended. Knows no protocol: it hands a connection
/// to the port's service, and one too many the service's refusal. Everything it refers to outlives
/// it; the services are called from all loops.
class Server {
public:
    Server(Reactor& reactor, Registry& registry, ServerLimits limits, Log& log);
    ~Server();

    /// Claims `port` at every address and serves it on every loop; port 0 takes a free one, the
    /// same at every address. An address that cannot be had does not take the others down: it is
    /// in the result, in the order of `addresses`. Where TLS is implicit the service sees only who
    /// has shaken hands, and one too many is closed without words. Before run().
    std::vector<std::expected<Endpoint, ClaimError>>
    listen(const std::vector<asio::ip::address>& addresses, std::uint16_t port, const Owner& owner,
           Service& service, ListenTls tls = {});

    /// Serves a UNIX-domain socket at `path` (mode 0600), not counted among the ports and not
    /// subject to max_connections. Before run().
    std::expected<void, std::error_code> listen_local(const std::string& path, Service& service);

    /// Is called at each SIGHUP, on the first loop, which it must not keep. Before run().
    void on_hangup(std::function<void()> hangup) { hangup_ = std::move(hangup); }

    /// Serves until SIGTERM, SIGINT or stop(): then closes the listening sockets, tells every
    /// connection, and waits up to `grace` for them to end. Returns 0, or 128 + the signal's
    /// number when a second one made it end at once.
    int run();

    /// Safe from every thread.
    void stop();

private:
    class Listener;
    class Guest;

    std::vector<std::expected<Lease, ClaimError>>
    claim(const std::vector<asio::ip::address>& addresses, std::uint16_t port, const Owner& owner,
          Encryption encryption);
    Task<void> accept(Listener& listener);
    void receive(Listener& listener, FileDescriptor socket, const Endpoint& client);
    Task<void> talk(Listener& listener, FileDescriptor socket, FiveTuple tuple);
    Task<void> refuse(Listener& listener, FileDescriptor socket, FiveTuple tuple);
    bool open(Connection& peer, FileDescriptor socket);
    Task<bool> shake_hands(Connection& peer);
    void log_failure(const Connection& peer);
    void log_end(const Connection& peer);
    const char* admit(const asio::ip::address& peer); // null, or why not
    void release(const asio::ip::address& peer);
    Task<void> supervise();
    Task<bool> ended_within(std::chrono::milliseconds wait);
    Task<void> close_listeners();
    void for_each_connection(void (Connection::*tell)());

    Reactor& reactor_;
    Registry& registry_;
    ServerLimits limits_;
    Log& log_;
    std::vector<std::unique_ptr<Lease>> leases_;
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::string local_path_;
    std::function<void()> hangup_;

    std::atomic<std::uint64_t> next_number_{1};
    std::atomic<std::uint32_t> admitted_{0};
    std::atomic<std::size_t> running_{0}; // coroutines: one a listener, one a connection
    std::atomic<bool> stopping_{false};
    std::atomic<bool> aborting_{false};
    std::mutex peers_mutex_;
    std::unordered_map<asio::ip::address, std::uint32_t> peers_; // only with a limit per peer

    // Of the first loop only:
    asio::signal_set signals_;
    asio::steady_timer all_ended_;
    bool stop_asked_ = false;
    int exit_code_ = 0;
};

} // namespace portico::net
