#pragma once

#include "net/log.hpp"
#include "services/catalog/announcer.hpp"
#include "services/catalog/keeper.hpp"
#include "services/catalog/signal.hpp"

#include <asio/io_context.hpp>

#include <thread>

namespace portico::catalog {

/// The thread that catalogues what has come while nobody asks, and tells observers. It has the
/// lowest priority: whoever needs an answer does the work himself. What it is given outlives it.
class Follower {
public:
    Follower(Keeper& keeper, Announcer& announcer, Signal& signal);
    ~Follower() { stop(); }
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;

    /// Returns when the thread has ended.
    void stop();

private:
    void run();
    Keeper::Result<bool> step();

    Keeper& keeper_;
    Announcer& announcer_;
    Signal& signal_;
    asio::io_context loop_{1}; // what it waits for of the store comes back here
    std::thread thread_;
};

} // namespace portico::catalog
