#pragma once

#include "net/task.hpp"

#include <asio/async_result.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/thread_pool.hpp>

#include <exception>
#include <optional>
#include <type_traits>

namespace portico::net {

/// Threads for what would block a loop: a cold disk, a password hash. Outlives the loops that
/// call it. A connection waits for its one job, so there are never more jobs than connections.
class Pool {
public:
    explicit Pool(unsigned threads) : threads_{threads} {}
    ~Pool() { threads_.join(); }

    /// Runs `work` on a thread of the pool and comes back to the calling loop with its result,
    /// which must be a value (no reference, not void). What it throws is thrown here.
    template <class Work>
    Task<std::invoke_result_t<Work>> run(Work work);

private:
    asio::thread_pool threads_;
};

template <class Work>
Task<std::invoke_result_t<Work>> Pool::run(Work work)
{
    using Result = std::invoke_result_t<Work>;
    auto loop = co_await asio::this_coro::executor;
    auto start = [this, loop](auto handler, Work job) {
        asio::post(threads_, [guard = asio::make_work_guard(loop), handler = std::move(handler),
                              job = std::move(job)]() mutable {
            std::exception_ptr failure;
            std::optional<Result> result;
            try {
                result.emplace(job());
            } catch (...) {
                failure = std::current_exception();
            }
            asio::post(guard.get_executor(),
                       [handler = std::move(handler), failure = std::move(failure),
                        result = std::move(result)]() mutable {
                           std::move(handler)(std::move(failure), std::move(result));
                       });
        });
    };
    auto result = co_await asio::async_initiate<const asio::deferred_t,
                                                void(std::exception_ptr, std::optional<Result>)>(
        start, asio::deferred, std::move(work));
    co_return std::move(*result);
}

} // namespace portico::net
