#pragma once

#include "services/mail/changes.hpp"
#include "services/mail/counters.hpp"
#include "services/mail/limits.hpp"
#include "services/mail/sqlite.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace portico::mail {

/// Lets the oldest messages go when the limits say so. A step of it is part of a transaction, so
/// that what comes and what goes for it are one sync; it never does more than a transaction should.
/// On the writer's thread. Keys are in order of arrival: of a message that took long to arrive it
/// is the beginning that counts, and those behind it do not get too old before it does.
class Expiry {
public:
    using Time = std::chrono::system_clock::time_point;

    /// Finds the mailboxes that have been over their limit since it was changed. What it is given
    /// outlives it.
    static sqlite::Result<std::unique_ptr<Expiry>>
    prepare(sqlite::Database& database, const Limits& limits, Changes& changes, Counters& counters);

    bool enabled() const { return limits_.expire || limits_.max_age.count() != 0; }

    /// Notes which mailboxes may be too full now. Behind every transaction's changes.
    void look();
    /// Behind that. An error means: roll back.
    sqlite::Result<void> step(Time now, std::vector<std::string>& unneeded);
    /// What went: as often as it was in a mailbox.
    Count committed();
    void rolled_back();

    /// When the next step has something to do; nothing if only a change can bring it.
    std::optional<Time> due() const;

private:
    Expiry(const Limits& limits, Changes& changes, Counters& counters)
        : limits_{limits}, changes_{changes}, counters_{counters}
    {
    }

    sqlite::Result<void> too_old(Time now, std::vector<std::string>& unneeded);
    sqlite::Result<void> too_many(std::vector<std::string>& unneeded);
    sqlite::Result<void> too_many_in_mailboxes(std::vector<std::string>& unneeded);
    sqlite::Result<bool> fits(std::int64_t mailbox);

    Limits limits_;
    Changes& changes_;
    Counters& counters_;
    std::set<std::int64_t> overfull_; // mailboxes that may be
    std::optional<Time> next_age_;    // when the oldest is too old; nothing: look
    bool unfinished_ = false;         // the last step left something to do
    // By the transaction that goes on:
    Count expired_;
    std::vector<std::int64_t> emptied_; // mailboxes that fit again
};

} // namespace portico::mail
