#pragma once

#include "services/mail/counters.hpp"
#include "services/mail/error.hpp"
#include "services/mail/limits.hpp"
#include "services/mail/statistics.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace portico::mail {

/// What the writer has done, and what it holds as of its last commit. Counted on its thread but
/// for failed(); shown to any.
class Tally {
public:
    /// At the start.
    void holds(const Count& all, std::int64_t read);
    /// `removed` and `expired` went with this commit: as often as each was in a mailbox.
    void committed(const Count& all, std::int64_t read, int wal_pages, std::size_t removed,
                   const Count& expired);
    void group(std::size_t changes);
    void synced(std::chrono::steady_clock::duration took);
    void checkpointed() { ++checkpoints_; }
    void refused(const Refusal& refusal)
    {
        ++(refusal.mailbox.empty() ? by_store_limit_ : by_mailbox_limit_);
    }
    void failed(StoreError why) { ++(why == StoreError::full ? without_space_ : failing_); }

    /// All but what waits in memory.
    StoreStatistics statistics() const;

private:
    using Counter = std::atomic<std::uint64_t>;
    Counter messages_{0};
    Counter read_{0};
    Counter bytes_{0};
    Counter wal_pages_{0};
    Counter commits_{0};
    Counter changes_{0};
    Counter largest_group_{0};
    Counter sync_microseconds_{0};
    Counter checkpoints_{0};
    Counter by_store_limit_{0};
    Counter by_mailbox_limit_{0};
    Counter without_space_{0};
    Counter failing_{0};
    Counter removed_messages_{0};
    Counter expired_messages_{0};
    Counter expired_bytes_{0};
};

} // namespace portico::mail
