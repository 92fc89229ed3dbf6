#pragma once

#include "net/deadline.hpp"
#include "net/edges.hpp"
#include "net/endpoint.hpp"
#include "net/file_descriptor.hpp"
#include "net/log.hpp"
#include "net/task.hpp"
#include "net/tls.hpp"

#include <asio/basic_stream_socket.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace portico::net {

class Loop;
struct PortCounters;
struct Progress;

/// Why there is nothing (more) to read or no sense in writing.
enum class Ended : std::uint8_t {
    left,     // the peer closed or reset, or the server closes it by force
    idle,     // the wait was over before a byte came, or before the peer took one
    stopping, // the server stops; said once, the next read() reads on
    woken,    // by wake(); said once, the next read() reads on
};

/// What all connections of one listening socket have in common. Outlives them.
struct Port {
    Loop& loop;
    std::string_view service; // its name
    PortCounters& counters;
    Log& log;
    ListenTls tls = {};
};

/// Asio's, with what its reactor knows of the descriptor.
class Socket : public asio::basic_stream_socket<asio::generic::stream_protocol, Executor> {
public:
    using basic_stream_socket::basic_stream_socket;
    auto& reactor_data() { return impl_.get_implementation().reactor_data_; }
    /// Nobody else holds the descriptor that was assigned: with its end epoll(7) forgets it.
    void is_the_only_one()
    {
        auto& state = impl_.get_implementation().state_;
        state = static_cast<asio::detail::socket_ops::state_type>(
            state & ~asio::detail::socket_ops::possible_dup);
    }
};

/// A byte stream with one peer, in clear or over TLS. Lives on one loop and is used from that loop
/// only; knows no protocol. The server owns it and outlives the service's coroutine.
///
/// An idle connection holds no buffer: read() waits until there is something, then borrows one
/// from the loop and returns it at the next read(). Nor has a read() that waits a coroutine's
/// frame.
class Connection : private Deadline {
public:
    using Received = std::expected<std::string_view, Ended>;

private:
    enum class Reading : bool { octets, nothing };
    using Reader = std::move_only_function<void(Received)>;

    /// Waits until there is something to read, and reads it or nothing.
    auto receive(Reading what, std::chrono::milliseconds wait)
    {
        auto begin = [](auto reader, Connection* self, Reading what_,
                        std::chrono::milliseconds wait_) {
            self->begin_read(Reader{std::move(reader)}, what_, wait_);
        };
        return asio::async_initiate<const asio::deferred_t, void(Received)>(begin, asio::deferred,
                                                                            this, what, wait);
    }

public:
    /// `port` and `tuple` outlive the connection.
    Connection(const Port& port, const FiveTuple& tuple, std::uint64_t number);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Takes over a connected socket that does not block, of which there is no duplicate. Once,
    /// before all else.
    std::error_code open(FileDescriptor socket);

    /// `Received` to whoever awaits it: what has arrived, at least one byte, at most a buffer
    /// (16 KiB). The view ends with the next call of read() or with the connection.
    auto read(std::chrono::milliseconds wait) { return receive(Reading::octets, wait); }

    /// Ends the pending read(), or the next one, with `Ended::woken`; once, however often it is
    /// called before. From the connection's own loop only.
    void wake();

    /// Sends of `bytes` what the peer takes at once, without a coroutine; returns how many octets
    /// those are. What is left, and why, is for write().
    std::size_t write_at_once(std::string_view bytes);

    /// Sends all of `bytes`, which must stay valid until it returns. `wait` bounds each time the
    /// peer takes nothing at all, not the whole; `Ended::stopping` is never said here.
    Task<std::expected<void, Ended>> write(std::string_view bytes, std::chrono::milliseconds wait);

    /// Sends `length` octets of an open file without reading them (sendfile(2)); answers how many
    /// went. Fewer where the file ends or cannot be sent so, and none over TLS: what is missing,
    /// read() of the file and write() tell. `wait` as for write(). Blocks the loop for what is not
    /// in memory, so see to that before, piece by piece; others have their turn after each.
    Task<std::expected<std::uint64_t, Ended>>
    send_file(int file, std::uint64_t offset, std::uint64_t length, std::chrono::milliseconds wait);

    /// The peer has said that it sends nothing more (HTTP's "Connection: close"), so that it need
    /// not be waited for at the end, if what it has sent has been read.
    void no_more_comes() { peer_is_done_ = true; }

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

    /// Lets the others of the loop have their turn.
    Task<void> give_way();

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

    friend class Edges;
    friend class Loop;

    void stop();  // the server stops: the pending or next read() says so, once
    void abort(); // time is up: every pending and later operation ends with `left`
    Task<void> finish(std::chrono::milliseconds wait); // closes so that the last reply arrives

    void begin_read(Reader reader, Reading what, std::chrono::milliseconds wait);
    void became_readable();
    void read_on();
    std::optional<Received> end_of_read();
    std::optional<Received> take_what_came();
    Progress take(char* buffer);
    void end_read(Received received);
    void expired() override;

    Task<std::expected<void, Ended>> shake_hands();
    Task<std::expected<void, Ended>> take_handshake_steps();
    Task<void> say_close_notify(std::chrono::milliseconds wait);
    bool discard_input(std::uint64_t unread);

    void begin_wait(std::chrono::milliseconds wait);
    std::expected<void, Ended> end_wait(const std::error_code& error);
    void received(std::size_t octets);
    void sent(std::size_t octets);

    const Port& port_;
    const FiveTuple& tuple_;
    std::uint64_t number_;
    std::chrono::system_clock::time_point since_;
    std::uint64_t bytes_in_ = 0;
    std::uint64_t bytes_out_ = 0;
    std::string doing_;
    Socket socket_;
    Edges::Reference edges_;                // from open() on
    Reader reader_;                         // of the pending read(): the coroutine that awaits it
    std::unique_ptr<char[]> buffer_;        // the loop's, between two reads
    std::unique_ptr<TlsSession> tls_;       // from the handshake's first octet on
    asio::steady_timer* pausing_ = nullptr; // of the pause that a stop ends
    std::size_t position_;                  // among the loop's connections
    std::uint8_t reads_without_wait_ = 0;
    Reading reading_ = Reading::octets; // what reader_ wants
    bool readable_ = false;             // there may be something to read
    bool drained_ = false;              // there is not, unless the peer has reset
    bool expired_ = false;
    bool stopping_ = false;
    bool stopping_said_ = false;
    bool woken_ = false;
    bool aborted_ = false;
    bool ends_with_stop_ = false; // this wait, which is no read()
    bool left_ = false;           // the peer has closed its side
    bool peer_is_done_ = false;   // the peer has said that it will
};

} // namespace portico::net
