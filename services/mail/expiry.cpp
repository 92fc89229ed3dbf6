#include "services/mail/expiry.hpp"

#include <utility>

namespace portico::mail {

sqlite::Result<std::unique_ptr<Expiry>> Expiry::prepare(sqlite::Database& database,
                                                        const Limits& limits, Changes& changes,
                                                        Counters& counters)
{
    std::unique_ptr<Expiry> expiry{new Expiry{limits, changes, counters}};
    expiry->unfinished_ = expiry->enabled(); // the first step looks at everything
    if (!limits.expire || !limits.mailbox.any()) return expiry;
    auto all = database.prepare("SELECT id, messages, bytes FROM mailbox");
    if (!all) return std::unexpected(std::move(all.error()));
    auto rows = all->start();
    for (;;) {
        auto row = rows.next();
        if (!row) return std::unexpected(std::move(row.error()));
        if (!*row) return expiry;
        if (!limits.mailbox.holds({rows.integer(1), rows.integer(2)}))
            expiry->overfull_.insert(rows.integer(0));
    }
}

void Expiry::look()
{
    if (!limits_.expire || !limits_.mailbox.any()) return;
    for (auto& [mailbox, change] : counters_.changed())
        if (change.messages > 0 || change.bytes > 0) overfull_.insert(mailbox);
}

sqlite::Result<void> Expiry::step(Time now, std::vector<std::string>& unneeded)
{
    changes_.begin_step(Cause::expiry);
    unfinished_ = false;
    if (auto done = too_old(now, unneeded); !done) return done;
    if (!limits_.expire) return {};
    if (auto done = too_many(unneeded); !done) return done;
    return too_many_in_mailboxes(unneeded);
}

sqlite::Result<void> Expiry::too_old(Time now, std::vector<std::string>& unneeded)
{
    if (limits_.max_age.count() == 0) return {};
    while (!next_age_ || *next_age_ <= now) {
        auto oldest = changes_.oldest();
        if (!oldest) return std::unexpected(std::move(oldest.error()));
        // Of an empty store the next message is the oldest.
        auto received = *oldest ? Time{std::chrono::milliseconds{(*oldest)->received}} : now;
        next_age_ = received + limits_.max_age;
        if (*next_age_ > now) break;
        next_age_.reset();
        if (changes_.step_is_full()) {
            unfinished_ = true;
            break;
        }
        auto removed = changes_.remove(**oldest, unneeded);
        if (!removed) return std::unexpected(std::move(removed.error()));
        expired_ += *removed;
    }
    return {};
}

sqlite::Result<void> Expiry::too_many(std::vector<std::string>& unneeded)
{
    while (!limits_.all.holds(counters_.all())) {
        if (changes_.step_is_full()) {
            unfinished_ = true;
            break;
        }
        auto oldest = changes_.oldest();
        if (!oldest) return std::unexpected(std::move(oldest.error()));
        if (!*oldest) break;
        auto removed = changes_.remove(**oldest, unneeded);
        if (!removed) return std::unexpected(std::move(removed.error()));
        expired_ += *removed;
        next_age_.reset();
    }
    return {};
}

sqlite::Result<void> Expiry::too_many_in_mailboxes(std::vector<std::string>& unneeded)
{
    while (!overfull_.empty()) {
        auto mailbox = *overfull_.begin();
        auto fitting = fits(mailbox);
        if (!fitting) return std::unexpected(std::move(fitting.error()));
        if (!*fitting && changes_.step_is_full()) {
            unfinished_ = true;
            break;
        }
        if (!*fitting) {
            auto removed = changes_.remove_oldest_of(mailbox, unneeded);
            if (!removed) return std::unexpected(std::move(removed.error()));
            expired_ += *removed;
            next_age_.reset();
            if (removed->messages > 0) continue;
        }
        overfull_.erase(mailbox);
        emptied_.push_back(mailbox);
    }
    return {};
}

sqlite::Result<bool> Expiry::fits(std::int64_t mailbox)
{
    auto count = counters_.of(mailbox);
    if (!count) return std::unexpected(std::move(count.error()));
    return limits_.mailbox.holds(*count);
}

Count Expiry::committed()
{
    emptied_.clear();
    return std::exchange(expired_, {});
}

void Expiry::rolled_back()
{
    expired_ = {};
    overfull_.insert(emptied_.begin(), emptied_.end());
    emptied_.clear();
    next_age_.reset();
    unfinished_ = true;
}

std::optional<Expiry::Time> Expiry::due() const
{
    if (unfinished_ || (limits_.max_age.count() != 0 && !next_age_)) return Time::min();
    return next_age_;
}

} // namespace portico::mail
