#pragma once

#include "services/mail/limits.hpp"
#include "services/mail/sqlite.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>

namespace portico::mail {

/// What `mailbox` and `store` say is there, kept exactly: what a transaction changes is gathered
/// and written once at its end. Knows no limits. On the writer's thread.
class Counters {
public:
    /// `database` outlives this.
    static sqlite::Result<std::unique_ptr<Counters>> prepare(sqlite::Database& database);

    void stored(std::int64_t key, std::int64_t size)
    {
        in_all_.add(size);
        largest_key_ = std::max(largest_key_, key);
    }
    void removed(std::int64_t size) { in_all_.remove(size); }
    void delivered(std::int64_t mailbox, std::int64_t size) { in_mailboxes_[mailbox].add(size); }
    void let_go(std::int64_t mailbox, std::int64_t size) { in_mailboxes_[mailbox].remove(size); }

    /// So many more messages are read than before.
    void read(std::int64_t messages) { read_more_ += messages; }

    /// As it is with what the transaction has changed so far.
    Count all() const;
    std::int64_t read() const { return read_ + read_more_; }
    sqlite::Result<Count> of(std::int64_t mailbox);
    /// The mailboxes it has changed, and by how much.
    const std::map<std::int64_t, Count>& changed() const { return in_mailboxes_; }

    /// Last in the transaction.
    sqlite::Result<void> write();
    void committed();
    void rolled_back();

private:
    Counters() = default;

    sqlite::Statement read_mailbox_;
    sqlite::Statement write_mailbox_;
    sqlite::Statement write_all_;
    Count all_; // as of the last commit
    std::int64_t read_ = 0;
    // By the transaction that goes on:
    Count in_all_;
    std::int64_t read_more_ = 0;
    std::int64_t largest_key_ = 0;
    std::map<std::int64_t, Count> in_mailboxes_;
};

} // namespace portico::mail
