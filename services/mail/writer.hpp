#pragma once

#include "net/task.hpp"
#include "services/mail/bodies.hpp"
#include "services/mail/changes.hpp"
#include "services/mail/counters.hpp"
#include "services/mail/expiry.hpp"
#include "services/mail/expiry_turns.hpp"
#include "services/mail/limits.hpp"
#include "services/mail/refusals.hpp"
#include "services/mail/sqlite.hpp"
#include "services/mail/statistics.hpp"
#include "services/mail/tally.hpp"
#include "services/mail/trouble.hpp"
#include "services/mail/waiter.hpp"
#include "services/mail/watchers.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace portico::mail {

/// The one thread that changes the database. It takes all changes that have arrived, writes them
/// in one transaction, which is one sync, and wakes all who wait for them; it never waits for
/// company that does not come. If a group fails its changes are tried one by one, so that a bad
/// one fails alone. What many messages are to be removed or marked by is done in steps, and what
/// arrives meanwhile goes between them. Ends, with everything that was asked of it done, in its
/// destructor.
class Writer {
public:
    /// What time it is: of the age of mail. On the writer's thread.
    using Clock = ExpiryTurns::Clock;

    /// `bodies` and `log` outlive it.
    static sqlite::Result<std::unique_ptr<Writer>> start(sqlite::Database database,
                                                         const Bodies& bodies, net::Log& log,
                                                         const Limits& limits, Clock clock);
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// The change is durable when it returns without error. With an error nothing has changed, but
    /// of a removal of many some may be done.
    /// From any loop.
    net::Task<Outcome> apply(Change change);

    /// Removes a body nobody waits for, off the loop that gives it up.
    void discard(BodyFile file);

    /// Of a message that did not come as far as here.
    void count_refusal(StoreError why) { tally_.failed(why); }

    Watchers& watchers() { return watchers_; }

    /// All but what waits in memory. From any thread.
    StoreStatistics statistics() const { return tally_.statistics(); }

private:
    struct Job {
        Change change;
        Waiter waiter;
    };

    Writer(sqlite::Database database, const Bodies& bodies, net::Log& log, Clock clock);

    void enqueue(Job job);
    void run();
    bool take(std::vector<Job>& group, std::vector<BodyFile>& discarded);
    void write(std::span<Job> group);
    sqlite::Result<void> prepare(const Limits& limits);
    void expire();
    enum class With { nothing, expiry };
    sqlite::Result<void> commit(std::span<Job> jobs, With with);
    sqlite::Result<void> commit_changes(std::span<Job> jobs, With with);
    void note(Job& job);
    void tell(std::span<Job> jobs);
    void fail(std::span<Job> jobs, StoreError kind, std::string_view reason);
    void set_aside_unfinished(std::vector<Job>& group);
    static void answer_all(std::vector<Job> group);
    void remove_unneeded();
    void checkpoint();

    sqlite::Database database_;
    std::unique_ptr<Counters> counters_;
    std::unique_ptr<Changes> changes_;
    std::unique_ptr<Expiry> expiry_;
    sqlite::Statement begin_;
    sqlite::Statement commit_;
    const Bodies& bodies_;
    Trouble writing_;
    Trouble removing_;
    Trouble checkpointing_;
    Refusals refusals_;
    ExpiryTurns expiry_turns_;
    Watchers watchers_;
    Tally tally_;
    std::vector<std::string> unneeded_; // bodies whose last row is gone
    bool held_ = false;                 // they are, by a backup
    int wal_pages_ = 0;                 // in the WAL as of the last commit
    std::size_t removed_now_ = 0;       // by the removals of the transaction that goes on
    int checkpointed_pages_ = 0;        // of them, at the last checkpoint

    std::mutex mutex_; // guards what follows
    std::condition_variable arrived_;
    std::deque<Job> queue_;
    std::deque<Job> in_steps_; // take turns
    std::vector<BodyFile> discarded_;
    bool stopping_ = false;

    std::thread thread_; // last: it uses all of the above
};

} // namespace portico::mail
