#pragma once

#include "services/mail/changes.hpp"
#include "services/mail/watcher.hpp"

#include <atomic>
#include <mutex>
#include <vector>

namespace portico::mail {

/// Those who are told what was committed.
class Watchers {
public:
    /// From any thread.
    void add(Watcher& watcher);
    /// Waits for one that is being told.
    void remove(Watcher& watcher);

    /// Nobody: nothing is to be built for them. On the writer's thread, as tell().
    bool none() const { return count_.load(std::memory_order_acquire) == 0; }
    void tell(const std::vector<Arrival>& arrived, const Happenings& happenings);

private:
    std::mutex mutex_;
    std::vector<Watcher*> watchers_;
    std::atomic<std::size_t> count_{0};
};

} // namespace portico::mail
