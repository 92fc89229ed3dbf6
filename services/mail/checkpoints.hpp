#pragma once

#include "services/mail/sqlite.hpp"
#include "services/mail/trouble.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

namespace portico::mail {

/// Copies what the WAL holds into the database file, beside the writer and never in its way: a
/// thread and a connection of its own. But the WAL starts over only if nothing was left in it for
/// a moment, which under load is never; so past a length the writer copies the rest itself.
class Checkpoints {
public:
    /// Of the file of `database`, which is the writer's; that and `log` outlive it.
    static sqlite::Result<std::unique_ptr<Checkpoints>> start(sqlite::Database& database,
                                                              net::Log& log);
    ~Checkpoints();
    Checkpoints(const Checkpoints&) = delete;
    Checkpoints& operator=(const Checkpoints&) = delete;

    /// The WAL holds `pages` as of the last commit. From the writer's thread, while no transaction
    /// is open; may take as long as the disk when the WAL is long.
    void grew(int pages);

    std::uint64_t count() const { return count_; }

private:
    Checkpoints(sqlite::Database& writers, sqlite::Database own, net::Log& log);

    void run();
    void checkpoint(sqlite::Database& database, int mode);

    sqlite::Database& writers_;
    sqlite::Database own_;
    Trouble trouble_;
    int asked_at_ = 0;   // pages, when one was asked for last
    int started_at_ = 0; // pages, when the writer last tried to start the WAL over
    std::atomic<std::uint64_t> count_{0};

    std::mutex mutex_; // guards what follows
    std::condition_variable wanted_;
    bool due_ = false;
    bool stopping_ = false;

    std::thread thread_; // last: it uses all of the above
};

} // namespace portico::mail
