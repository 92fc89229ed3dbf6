#pragma once

#include "net/connection.hpp"
#include "net/loop.hpp"
#include "net/registry.hpp"
#include "tests/net/log.hpp"

#include <asio/co_spawn.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>

#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace portico::tests {

/// A connection without a server, from whatever address a test wants.
class LoneConnection {
public:
    explicit LoneConnection(const std::string& client = "192.0.2.1")
    {
        asio::local::stream_protocol::socket near{loop.context()};
        asio::local::connect_pair(near, far_);
        tuple_ = {{net::Transport::tcp, asio::ip::make_address("192.0.2.110"), 110},
                  {net::Transport::tcp, asio::ip::make_address(client), 40112}};
        connection_.emplace(port_, tuple_, 1);
        connection_->open(net::FileDescriptor{near.release()});
    }

    net::Connection& operator*() { return *connection_; }

    /// What a coroutine on the connection's loop returns.
    template <class T>
    T run(net::Task<T> task)
    {
        std::optional<T> answer;
        asio::co_spawn(loop.executor(), std::move(task), [&](std::exception_ptr failure, T result) {
            if (failure) std::rethrow_exception(failure);
            answer.emplace(std::move(result));
        });
        loop.context().restart();
        while (!answer) loop.context().run_one();
        return std::move(*answer);
    }

    KeptLog log;
    net::Loop loop{0};

private:
    net::PortCounters counters_;
    net::Port port_{loop, "test", counters_, log};
    net::FiveTuple tuple_;
    asio::local::stream_protocol::socket far_{loop.context()};
    std::optional<net::Connection> connection_;
};

} // namespace portico::tests
