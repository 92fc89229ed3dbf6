#pragma once

#include "net/deadline.hpp"
#include "net/task.hpp"

#include <asio/io_context.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace portico::net {

class Connection;

/// One event loop and all that belongs to it alone: its deadlines, its buffers, its connections.
/// Everything but executor() is for the loop's own thread.
class Loop {
public:
    static constexpr std::size_t buffer_size = 16 << 10;

    explicit Loop(std::size_t index) : index_{index}, deadlines_{context_} {}
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    std::size_t index() const { return index_; }
    asio::io_context& context() { return context_; }
    Executor executor() { return context_.get_executor(); }
    Deadlines& deadlines() { return deadlines_; }

    /// A buffer of buffer_size octets, for as long as there is something in it.
    std::unique_ptr<char[]> borrow();
    void give_back(std::unique_ptr<char[]> buffer);

    /// The connections that live here; they enter and leave by themselves.
    const std::vector<Connection*>& connections() const { return connections_; }

private:
    friend class Connection;
    static constexpr std::size_t spare_buffers = 64;

    std::size_t index_;
    std::vector<std::unique_ptr<char[]>> buffers_;
    std::vector<Connection*> connections_;
    asio::io_context context_{1}; // after what its coroutines give back when it is destroyed
    Deadlines deadlines_;
};

} // namespace portico::net
