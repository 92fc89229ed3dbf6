#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace portico::catalog {

/// Tells one thread that there is something to do. Safe from every thread; wake() does not wait.
class Signal {
public:
    void wake()
    {
        const std::lock_guard lock{mutex_};
        if (!std::exchange(woken_, true)) changed_.notify_one();
    }
    void stop()
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
        changed_.notify_one();
    }

    /// False: it is to stop.
    bool wait()
    {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return woken_ || stopping_; });
        woken_ = false;
        return !stopping_;
    }
    /// So long, or until it is to stop.
    void pause(std::chrono::milliseconds time)
    {
        std::unique_lock lock{mutex_};
        changed_.wait_for(lock, time, [this] { return stopping_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false;
    bool stopping_ = false;
};

} // namespace portico::catalog
