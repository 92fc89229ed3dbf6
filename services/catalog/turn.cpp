#include "services/catalog/turn.hpp"

#include <asio/async_result.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>

namespace portico::catalog {

net::Task<Turn::Held> Turn::take()
{
    if (take_now()) co_return Held{*this};
    const auto loop = co_await asio::this_coro::executor;
    auto start = [this, loop](auto handler) {
        wait({asio::make_work_guard(loop), std::move(handler)});
    };
    co_await asio::async_initiate<const asio::deferred_t, void()>(start, asio::deferred);
    co_return Held{*this};
}

bool Turn::take_now()
{
    const std::lock_guard lock{mutex_};
    return !std::exchange(taken_, true);
}

void Turn::wait(Waiter waiter)
{
    {
        const std::lock_guard lock{mutex_};
        if (std::exchange(taken_, true)) {
            waiters_.push_back(std::move(waiter));
            return;
        }
    }
    wake(std::move(waiter)); // it was passed on in between
}

void Turn::pass_on()
{
    std::optional<Waiter> next;
    {
        const std::lock_guard lock{mutex_};
        taken_ = !waiters_.empty();
        if (!taken_) return;
        next.emplace(std::move(waiters_.front()));
        waiters_.pop_front();
    }
    wake(std::move(*next));
}

void Turn::wake(Waiter waiter)
{
    const auto loop = waiter.loop.get_executor();
    asio::post(loop, [resume = std::move(waiter.resume), guard = std::move(waiter.loop)]() mutable {
        std::move(resume)();
    });
}

} // namespace portico::catalog
