#include "services/mail/waiter.hpp"

#include <asio/post.hpp>

#include <algorithm>
#include <utility>

namespace portico::mail {

// One post for each loop, not for each waiter: it costs a lock and perhaps a system call.
void answer(std::vector<Waiter> waiters)
{
    std::vector<std::vector<Waiter>> by_loop;
    for (auto& waiter : waiters) {
        auto loop = std::ranges::find_if(by_loop, [&](const auto& others) {
            return others.front().loop.get_executor() == waiter.loop.get_executor();
        });
        if (loop == by_loop.end()) loop = by_loop.emplace(loop);
        loop->push_back(std::move(waiter));
    }
    for (auto& together : by_loop) {
        auto loop = together.front().loop.get_executor();
        asio::post(loop, [together = std::move(together)]() mutable {
            for (auto& waiter : together) std::move(waiter.resume)(waiter.outcome);
        });
    }
}

} // namespace portico::mail
