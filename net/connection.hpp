#pragma once

#include "net/deadline.hpp"
#include "net/endpoint.hpp"
#include "net/log.hpp"
#include "net/task.hpp"
#include "net/tls.hpp"

#include <asio/generic/stream_protocol.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace portico::net {

class Loop;
struct PortCounters;

/// Why there is nothing (more) to read or no sense in writing.
enum class Ended : std::uint8_t {
    left,     // the peer closed or reset, or the server closes it by force
    idle,     // the wait was over before a byte came, or before the peer took one
    stopping, // the server stops; said once, the next read() reads on
};

/// A byte stream with one peer, in clear or over TLS. Lives on one loop and is used from that loop
/// only; knows no protocol. The server owns it and outlives the service's coroutine.
///
/// An idle connection holds no buffer: read() waits until there is something, then borrows one
/// from the loop and returns it at the next read().
class Connection {
public:
    using Socket = asio::generic::stream_protocol::socket;

    Connection(Loop& loop, Socket socket, FiveTuple tuple, std::uint64_t number,
               std::string_view service, PortCounters& counters, Log& log, ListenTls tls = {});
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// What has arrived, at least one byte, at most a buffer (16 KiB). The view ends with the
    /// next call of read() or with the connection.
    Task<std::expected<std::string_view, Ended>> read(std::chrono::milliseconds wait);

    /// Sends all of `bytes`, which must stay valid until it returns. `wait` bounds each time the
    /// peer takes nothing at all, not the whole; `Ended::stopping` is never said here.
    Task<std::expected<void, Ended>> write(std::string_view bytes, std::chrono::milliseconds wait);

    /// Sends `length` octets of an open file without reading them (sendfile(2)); answers how many
    /// went. Fewer where the file ends or cannot be sent so, and none over TLS: what is missing,
    /// read() of the file and write() tell. `wait` as for write(). Blocks the loop for what is not
    /// in memory, so see to that before, piece by piece; others have their turn after each.
    Task<std::expected<std::uint64_t, Ended>>
    send_file(int file, std::uint64_t offset, std::uint64_t length, std::chrono::milliseconds wait);

    /// Whether start_tls() may be called: the port offers it and it has not happened yet.
    bool can_start_tls() const;

    /// STARTTLS (RFC 3207), STLS (RFC 2595): writes `go_ahead` in clear, then shakes hands within
    /// the time that the listener's TLS gives it. Whatever else the peer has sent in clear is
    /// thrown away before: `unread` octets of it the protocol has already taken, the rest is
    /// drained here; the log says how many. A failure is logged here too. After it nothing can be
    /// read or written; nor after a stop, which ends a handshake.
    Task<std::expected<void, Ended>> start_tls(std::string_view go_ahead, std::size_t unread);

    /// What the handshake agreed upon; null while in clear.
    const TlsInfo* tls() const;

    /// RFC 9266 tls-exporter, 32 octets: the channel binding of TLS. "" in clear, and in TLS 1.2
    /// without the extended master secret (RFC 7627), where it would not be unique.
    std::string tls_exporter() const;

    /// Does nothing for so long; returns early if the server stops or closes this by force.
    Task<void> pause(std::chrono::milliseconds wait);

    /// One line of what the peer is doing now, as `portico connections` shows it: "DATA, 3rd
    /// message".
    void doing(std::string_view what);

    void log(Level level, std::string_view event) const;

    std::uint64_t number() const { return number_; }
    std::size_t loop() const; // its index: what belongs to one loop needs no lock
    const FiveTuple& tuple() const { return tuple_; }
    bool stopping() const { return stopping_; }

private:
    friend class Server;
    friend class Registry;

    void stop();  // the server stops: the pending or next read() says so, once
    void abort(); // time is up: every pending and later operation ends with `left`
    Task<void> finish(std::chrono::milliseconds wait); // closes so that the last reply arrives

    Task<std::expected<void, Ended>> shake_hands();
    Task<std::expected<void, Ended>> take_handshake_steps();
    Task<void> say_close_notify(std::chrono::milliseconds wait);
    bool discard_input(std::uint64_t unread);

    void begin_wait(std::chrono::milliseconds wait);
    std::expected<void, Ended> end_wait(const std::error_code& error);
    void received(std::size_t octets);
    void sent(std::size_t octets);

    Loop& loop_;
    Socket socket_;
    FiveTuple tuple_;
    std::uint64_t number_;
    std::string_view service_; // the service's own name, outlives the connection
    PortCounters& counters_;
    Log& log_;
    std::chrono::system_clock::time_point since_;
    std::uint64_t bytes_in_ = 0;
    std::uint64_t bytes_out_ = 0;
    std::string doing_;
    std::unique_ptr<char[]> buffer_; // the loop's, between two reads
    Deadline deadline_;
    std::size_t position_; // among the loop's connections
    unsigned reads_without_wait_ = 0;
    bool more_ = false; // the last read filled the buffer
    bool expired_ = false;
    bool stopping_ = false;
    bool stopping_said_ = false;
    bool aborted_ = false;
    bool reading_ = false; // a stop may interrupt this wait
    bool left_ = false;    // the peer has closed its side
    ListenTls offered_;
    std::unique_ptr<TlsSession> tls_;       // from the handshake's first octet on
    asio::steady_timer* pausing_ = nullptr; // of the pause that a stop ends
};

} // namespace portico::net
