#include "services/mail/watchers.hpp"

#include <algorithm>

namespace portico::mail {

void Watchers::add(Watcher& watcher)
{
    std::lock_guard lock{mutex_};
    watchers_.push_back(&watcher);
    count_.store(watchers_.size(), std::memory_order_release);
}

void Watchers::remove(Watcher& watcher)
{
    std::lock_guard lock{mutex_};
    std::erase(watchers_, &watcher);
    count_.store(watchers_.size(), std::memory_order_release);
}

void Watchers::tell(const std::vector<Arrival>& arrived, const Happenings& happenings)
{
    std::lock_guard lock{mutex_};
    for (auto* watcher : watchers_) {
        if (!arrived.empty()) watcher->arrived(arrived);
        // A message that is marked and removed by one transaction is so in this order: of one that
        // is gone nothing is marked.
        if (!happenings.marked.empty()) watcher->marked(happenings.marked);
        for (const auto& removed : happenings.removed)
            watcher->removed(removed.keys, removed.cause);
    }
}

} // namespace portico::mail
