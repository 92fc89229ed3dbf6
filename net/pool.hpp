#pragma once

#include "net/run_on.hpp"
#include "net/task.hpp"

#include <asio/thread_pool.hpp>

#include <type_traits>

namespace portico::net {

/// Threads for what would block a loop: a cold disk, a password hash. Outlives the coroutines that
/// call it. A connection waits for its one job, so there are never more jobs than connections.
class Pool {
public:
    explicit Pool(unsigned threads) : threads_{threads} {}
    ~Pool() { join(); }

    /// Returns when every job is done and no thread is left. Called before the loops go: a thread
    /// that has just handed its result to a loop still touches it on the way out.
    void join() { threads_.join(); }

    /// Runs `work` on a thread of the pool and comes back to the calling loop (see run_on.hpp).
    template <class Work>
    Task<std::invoke_result_t<Work>> run(Work work)
    {
        return run_on(threads_.get_executor(), std::move(work));
    }

private:
    asio::thread_pool threads_;
};

} // namespace portico::net
