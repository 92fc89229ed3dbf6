#pragma once

#include <cstdint>

namespace portico::mail {

/// What the store has done since it started, and what it holds now.
struct StoreStatistics {
    // Now:
    std::uint64_t messages = 0; // one for many mailboxes counts once
    std::uint64_t read = 0;     // of them
    std::uint64_t bytes = 0;
    std::uint64_t queue_bytes = 0; // in memory, of `[mail] queue_bytes`
    std::uint64_t wal_pages = 0;   // in the write-ahead log as of the last commit

    // Since the start:
    std::uint64_t commits = 0; // each of them one sync
    std::uint64_t changes = 0; // that were committed; changes / commits is the mean group
    std::uint64_t largest_group = 0;
    std::uint64_t sync_microseconds = 0; // spent in COMMIT
    std::uint64_t checkpoints = 0;
    std::uint64_t refused_by_store_limit = 0; // messages, as the next three
    std::uint64_t refused_by_mailbox_limit = 0;
    std::uint64_t refused_without_space = 0;
    std::uint64_t refused_failing = 0;
    std::uint64_t removed_messages = 0; // on request; as often as each was in a mailbox
    std::uint64_t expired_messages = 0; // by the limits; as often as each was in a mailbox
    std::uint64_t expired_bytes = 0;
};

} // namespace portico::mail
