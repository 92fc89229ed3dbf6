#pragma once

#include "net/task.hpp"

#include <asio/async_result.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>

#include <exception>
#include <optional>
#include <type_traits>

namespace portico::net {

/// Runs `work` on the executor `there` (another loop, a pool) and comes back to the calling loop
/// with its result, which must be a value (no reference, not void). What it throws is thrown here.
template <class There, class Work>
Task<std::invoke_result_t<Work>> run_on(There there, Work work)
{
    using Result = std::invoke_result_t<Work>;
    Executor here = co_await asio::this_coro::executor;
    auto start = [there, here](auto handler, Work job) {
        asio::post(there, [back = asio::make_work_guard(here), handler = std::move(handler),
                           job = std::move(job)]() mutable {
            std::exception_ptr failure;
            std::optional<Result> result;
            try {
                result.emplace(job());
            } catch (...) {
                failure = std::current_exception();
            }
            asio::post(back.get_executor(),
                       [handler = std::move(handler), failure = std::move(failure),
                        result = std::move(result)]() mutable {
                           std::move(handler)(std::move(failure), std::move(result));
                       });
        });
    };
    auto result = co_await asio::async_initiate<const asio::deferred_t,
                                                void(std::exception_ptr, std::optional<Result>)>(
        std::move(start), asio::deferred, std::move(work));
    // Never empty here; value() tells the compiler so.
    co_return std::move(result).value();
}

} // namespace portico::net
