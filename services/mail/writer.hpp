#pragma once

#include "net/task.hpp"
#include "services/mail/bodies.hpp"
#include "services/mail/changes.hpp"
#include "services/mail/checkpoints.hpp"
#include "services/mail/sqlite.hpp"
#include "services/mail/trouble.hpp"

#include <asio/any_completion_handler.hpp>
#include <asio/executor_work_guard.hpp>

#include <atomic>
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

/// What the writer has done since it started.
struct WriterStatistics {
    std::uint64_t commits;
    std::uint64_t changes; // that were committed; changes / commits is the mean group
    std::uint64_t largest_group;
    std::uint64_t failures;          // changes that were answered `full` or `failing`
    std::uint64_t sync_microseconds; // spent in COMMIT
    std::uint64_t checkpoints;
};

/// The one thread that changes the database. It takes all changes that have arrived, writes them
/// in one transaction, which is one sync, and wakes all who wait for them; it never waits for
/// company that does not come. If a group fails its changes are tried one by one, so that a bad
/// one fails alone. A removal of many messages is done in steps, and what arrives meanwhile goes
/// between them. Ends, with everything that was asked of it done, in its destructor.
class Writer {
public:
    /// `bodies` and `log` outlive it.
    static sqlite::Result<std::unique_ptr<Writer>> start(sqlite::Database database,
                                                         const Bodies& bodies, net::Log& log);
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// The change is durable when it returns without error. With an error nothing has changed, but
    /// of a removal of many some may be done.
    /// From any loop.
    net::Task<Outcome> apply(Change change);

    /// Removes a body nobody waits for, off the loop that gives it up.
    void discard(BodyFile file);

    WriterStatistics statistics() const;

private:
    /// Who waits: a coroutine on a loop, which has work for as long as it does.
    struct Waiter {
        asio::executor_work_guard<net::Executor> loop;
        asio::any_completion_handler<void(Outcome)> resume;
        Outcome outcome;
    };
    struct Job {
        Change change;
        Waiter waiter;
    };

    Writer(sqlite::Database database, const Bodies& bodies, net::Log& log);

    void enqueue(Job job);
    void run();
    bool take(std::vector<Job>& group, std::vector<BodyFile>& discarded);
    void write(std::span<Job> group);
    sqlite::Result<void> commit(std::span<Job> jobs);
    sqlite::Result<void> commit_changes(std::span<Job> jobs);
    void fail(std::span<Job> jobs, StoreError kind, std::string_view reason);
    void set_aside_unfinished(std::vector<Job>& group);
    static void answer(std::vector<Job> group);
    void remove_unneeded();

    sqlite::Database database_;
    std::unique_ptr<Changes> changes_;
    sqlite::Statement begin_;
    sqlite::Statement commit_;
    const Bodies& bodies_;
    Trouble writing_;
    Trouble removing_;
    std::vector<std::string> unneeded_; // bodies whose last row is gone
    bool held_ = false;                 // they are, by a backup
    int wal_pages_ = 0;                 // in the WAL as of the last commit
    std::unique_ptr<Checkpoints> checkpoints_;

    std::mutex mutex_; // guards what follows
    std::condition_variable arrived_;
    std::deque<Job> queue_;
    std::deque<Job> removals_; // take turns
    std::vector<BodyFile> discarded_;
    bool stopping_ = false;

    std::atomic<std::uint64_t> commits_{0};
    std::atomic<std::uint64_t> committed_{0};
    std::atomic<std::uint64_t> largest_group_{0};
    std::atomic<std::uint64_t> failures_{0};
    std::atomic<std::uint64_t> sync_microseconds_{0};

    std::thread thread_; // last: it uses all of the above
};

} // namespace portico::mail
