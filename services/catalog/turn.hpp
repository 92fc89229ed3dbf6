#pragma once

#include "net/task.hpp"

#include <asio/any_completion_handler.hpp>
#include <asio/executor_work_guard.hpp>

#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace portico::catalog {

/// Lets one coroutine through at a time, whatever loops they are on; the others wait, in the order
/// in which they came. Outlives them.
class Turn {
public:
    /// The turn ends with this.
    class Held {
    public:
        Held(Held&& other) noexcept : turn_{std::exchange(other.turn_, nullptr)} {}
        Held& operator=(Held&&) = delete;
        ~Held()
        {
            if (turn_) turn_->pass_on();
        }

    private:
        friend class Turn;
        explicit Held(Turn& turn) : turn_{&turn} {}
        Turn* turn_;
    };

    net::Task<Held> take();

private:
    struct Waiter { // a coroutine on a loop, which has work for as long as it waits
        asio::executor_work_guard<net::Executor> loop;
        asio::any_completion_handler<void()> resume;
    };

    bool take_now();
    void wait(Waiter waiter);
    void pass_on();
    static void wake(Waiter waiter);

    std::mutex mutex_;
    bool taken_ = false;
    std::deque<Waiter> waiters_;
};

} // namespace portico::catalog
