#pragma once

#include <asio/as_tuple.hpp>
#include <asio/awaitable.hpp>
#include <asio/deferred.hpp>
#include <asio/io_context.hpp>

namespace portico::net {

/// The executor of one event loop. Concrete, since a type-erased one costs a tenth of a request.
using Executor = asio::io_context::executor_type;

/// A coroutine that runs on one event loop from its first line to its last.
template <class T>
using Task = asio::awaitable<T, Executor>;

/// Completion token of every operation: `auto [error, n] = co_await op(..., as_values);`
inline constexpr auto as_values = asio::as_tuple(asio::deferred);

} // namespace portico::net
