#include "net/edges.hpp"

#include "net/connection.hpp"
#include "net/loop.hpp"

#include <asio/post.hpp>

#include <utility>

namespace portico::net {

void Edges::Release::operator()(Edges* edges) const
{
    if (--edges->references_ == 0) delete edges;
}

Edges::Edges(Connection& connection)
    : reactor_op{{}, &Edges::perform, &Edges::complete}, connection_{&connection}
{
}

Edges::Reference Edges::of(Connection& connection)
{
    auto edges = (new Edges{connection})->refer();
    edges->enqueue();
    return edges;
}

Edges::Reference Edges::refer()
{
    ++references_;
    return Reference{this};
}

void Edges::enqueue()
{
    using asio::detail::reactor;
    auto& socket = connection_->socket_;
    auto held = refer().release(); // by the queue, until complete()
    ec_ = {};
    enqueueing_ = true;
    asio::use_service<reactor>(connection_->port_.loop.context())
        .start_op(reactor::read_op, socket.native_handle(), socket.reactor_data(), held, false,
                  true);
    enqueueing_ = false;
}

// Asio wants to know whether the operation is done: when it takes it into the queue it is not, and
// at an edge it is. Not done_and_exhausted, for which Asio would pass over whoever waits behind us
// for the same edge: a write() of TLS that has to read.
auto Edges::perform(asio::detail::reactor_op* operation) -> status
{
    return static_cast<Edges*>(operation)->enqueueing_ ? not_done : done;
}

void Edges::complete(void* scheduler, asio::detail::operation* operation, const asio::error_code&,
                     std::size_t)
{
    const Reference self{static_cast<Edges*>(operation)};
    if (!scheduler || !self->connection_) return; // it is destroyed with its loop, or gone
    // Cancelled are all that wait for the socket, whichever was meant; an edge may have passed.
    if (!self->ec_ || self->ec_ == asio::error::operation_aborted) self->enqueue();
    self->connection_->became_readable();
}

void Edges::call_later()
{
    asio::post(connection_->port_.loop.executor(), [self = refer()] {
        if (self->connection_) self->connection_->read_on();
    });
}

void Edges::call_when_writable()
{
    if (std::exchange(awaits_writable_, true)) return;
    auto writable = [self = refer()](const std::error_code&) {
        self->awaits_writable_ = false;
        if (self->connection_) self->connection_->became_readable();
    };
    connection_->socket_.async_wait(Socket::wait_write, std::move(writable));
}

} // namespace portico::net
