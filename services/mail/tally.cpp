#include "services/mail/tally.hpp"

#include <algorithm>

namespace portico::mail {

void Tally::holds(const Count& all, std::int64_t read)
{
    messages_ = static_cast<std::uint64_t>(all.messages);
    read_ = static_cast<std::uint64_t>(read);
    bytes_ = static_cast<std::uint64_t>(all.bytes);
}

void Tally::committed(const Count& all, std::int64_t read, int wal_pages, std::size_t removed,
                      const Count& expired)
{
    holds(all, read);
    wal_pages_ = static_cast<std::uint64_t>(wal_pages);
    removed_messages_ += removed;
    expired_messages_ += static_cast<std::uint64_t>(expired.messages);
    expired_bytes_ += static_cast<std::uint64_t>(expired.bytes);
    ++commits_;
}

void Tally::group(std::size_t changes)
{
    changes_ += changes;
    largest_group_ = std::max<std::uint64_t>(largest_group_, changes);
}

void Tally::synced(std::chrono::steady_clock::duration took)
{
    sync_microseconds_ += static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(took).count());
}

StoreStatistics Tally::statistics() const
{
    return {
        .messages = messages_,
        .read = read_,
        .bytes = bytes_,
        .wal_pages = wal_pages_,
        .commits = commits_,
        .changes = changes_,
        .largest_group = largest_group_,
        .sync_microseconds = sync_microseconds_,
        .checkpoints = checkpoints_,
        .refused_by_store_limit = by_store_limit_,
        .refused_by_mailbox_limit = by_mailbox_limit_,
        .refused_without_space = without_space_,
        .refused_failing = failing_,
        .removed_messages = removed_messages_,
        .expired_messages = expired_messages_,
        .expired_bytes = expired_bytes_,
    };
}

} // namespace portico::mail
