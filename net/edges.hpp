#pragma once

#include <asio/detail/reactor.hpp>
#include <asio/detail/reactor_op.hpp>

#include <memory>
#include <system_error>

namespace portico::net {

class Connection;

/// Tells a connection each time that its socket becomes readable, as edge-triggered epoll(7) does:
/// of what came since the last time only, so read until there is nothing; and once for what was
/// there before the first time. Used from its loop only; outlives the connection until Asio has
/// given it back.
///
/// Asio's own async_wait() calls epoll_ctl(2) each time, since it asks what is there already.
/// Whoever has just seen that nothing is there can do without, but has to put an operation into
/// the reactor's queue by himself. As of Asio 1.30; what is used of its detail has been so for
/// years.
class Edges : private asio::detail::reactor_op {
public:
    struct Release {
        void operator()(Edges* edges) const;
    };
    using Reference = std::unique_ptr<Edges, Release>;

    /// From the same turn of the loop on in which `connection` has got its socket, so that no edge
    /// passes unheard. The connection calls leave() before it ends.
    static Reference of(Connection& connection);
    Edges(const Edges&) = delete;
    Edges& operator=(const Edges&) = delete;

    /// Calls read_on() after what runs now.
    void call_later();
    /// Calls became_readable() once the socket is writable.
    void call_when_writable();
    void leave() { connection_ = nullptr; }

private:
    explicit Edges(Connection& connection);
    ~Edges() = default;
    Reference refer();
    void enqueue();
    static status perform(asio::detail::reactor_op* operation);
    static void complete(void* scheduler, asio::detail::operation* operation,
                         const asio::error_code& error, std::size_t octets);

    Connection* connection_; // null: it is gone
    unsigned references_ = 0;
    bool enqueueing_ = false;
    bool awaits_writable_ = false;
};

} // namespace portico::net
