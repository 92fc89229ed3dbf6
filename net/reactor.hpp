#pragma once

#include "net/loop.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace portico::net {

/// One event loop per core, each an io_context of its own on its own thread. What lives on one
/// loop needs no locks; what crosses loops goes by run_on().
class Reactor {
public:
    /// `threads` 0: one loop per core.
    explicit Reactor(unsigned threads);

    std::size_t size() const { return loops_.size(); }
    Loop& loop(std::size_t index) { return *loops_[index]; }

    /// Runs all loops, the first on the calling thread; returns once stop() was called.
    void run();
    /// Safe from every thread. What has not ended is destroyed with the reactor.
    void stop();

private:
    std::vector<std::unique_ptr<Loop>> loops_;
};

} // namespace portico::net
