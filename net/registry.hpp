#pragma once

#include "net/endpoint.hpp"
#include "net/socket.hpp"
#include "net/task.hpp"
#include "net/tls.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace portico::net {

class Reactor;

enum class PortState : std::uint8_t {
    bound,    // listening
    draining, // closed to new clients, connections still live
    failed,   // claimed in the configuration, refused by the system or by another owner
    absent,   // at an address this machine does not have (no IPv6, say), bound at another one
};

std::string_view to_string(PortState state);

/// Who asks for a port: the service's name and the place in the configuration that says so.
struct Owner {
    std::string service; // "smtp"
    std::string origin;  // "portico.toml:12", or "the default configuration"

    bool operator==(const Owner&) const = default;
};

/// One loop's share of a port's traffic. Only that loop writes, so nothing is shared on the way.
struct alignas(64) PortCounters {
    std::atomic<std::uint64_t> open{0};
    std::atomic<std::uint64_t> accepted{0};
    std::atomic<std::uint64_t> refused{0}; // over max_connections or max_connections_per_peer
    std::atomic<std::uint64_t> bytes_in{0};
    std::atomic<std::uint64_t> bytes_out{0};
};

struct PortStatus {
    Endpoint endpoint;
    std::string_view well_known; // IANA's name for the port, "" if it has none
    std::string service;
    std::string origin;
    Encryption encryption;
    PortState state;
    std::string why; // of a failure
    std::uint64_t open;
    std::uint64_t accepted;
    std::uint64_t refused;
    std::uint64_t bytes_in;
    std::uint64_t bytes_out;
};

struct ConnectionStatus {
    std::uint64_t number;
    FiveTuple tuple;
    std::string service;
    bool tls;
    std::string tls_version; // "TLSv1.3", or "" in clear
    std::uint64_t bytes_in;
    std::uint64_t bytes_out;
    std::chrono::system_clock::time_point since;
    std::string doing;
};

enum class ClaimFailure : std::uint8_t { taken, denied, no_such_address, other };

struct ClaimError {
    ClaimFailure kind;
    std::string why; // whole sentence, names the owner where there is one
};

/// The right to a port and the socket bound to it. The port is free again when the lease ends.
/// Used by one thread at a time.
class Lease {
public:
    ~Lease();
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;

    /// As bound: the port is never 0.
    const Endpoint& endpoint() const;
    const Owner& owner() const;
    /// The counters of one loop, valid as long as the lease.
    PortCounters& counters(std::size_t loop) const;

    /// The bound (TCP: listening) socket, for the first loop; the caller owns it from here on.
    FileDescriptor take_socket();
    /// Another one on the same port, for another loop (SO_REUSEPORT).
    std::expected<FileDescriptor, std::error_code> share() const;

    /// The listening sockets are closed; connections may live on until the lease ends.
    void drain();

private:
    friend class Registry;
    struct Entry;
    Lease(std::shared_ptr<Entry> entry, FileDescriptor socket);

    std::shared_ptr<Entry> entry_;
    FileDescriptor socket_;
};

/// The only way to a port: knows who owns which, in portico and in the system, and every live
/// connection. Safe from every thread. Outlives its leases.
class Registry {
public:
    explicit Registry(Reactor& reactor) : reactor_{reactor} {}

    /// Binds (TCP: and listens on) `wanted`; port 0 takes a free one above 1024. First without
    /// SO_REUSEPORT, since with it a second process of the same user would bind silently.
    /// A failure stays on the list of ports, with the reason, as does `encryption`.
    std::expected<Lease, ClaimError> claim(const Endpoint& wanted, const Owner& owner,
                                           Encryption encryption = Encryption::none);

    /// How many loops connections live on; Connection::loop() is less.
    std::size_t loops() const;

    /// Every declared port, in the order of the claims.
    std::vector<PortStatus> ports() const;

    /// Every live connection, by number. Asks each loop in turn, so there is no lock on the data
    /// path.
    Task<std::vector<ConnectionStatus>> connections();

    /// Ends the connection with this number by force, as if its peer had left. False: there is
    /// none.
    Task<bool> close(std::uint64_t number);

private:
    std::expected<FileDescriptor, ClaimError> bind(const Endpoint& wanted);

    Reactor& reactor_;
    mutable std::mutex mutex_;
    std::vector<std::shared_ptr<Lease::Entry>> entries_;
};

/// IANA's service name of a well-known port ("smtp" for TCP 25), or "".
std::string_view well_known_name(Transport transport, std::uint16_t port);

} // namespace portico::net
