#include "services/mail/checkpoints.hpp"

#include "services/mail/schema.hpp"

#include <utility>

namespace portico::mail {

namespace {

// Each copies a page once, however often it was written meanwhile, and syncs twice.
constexpr int pages_between = 500; // 4 MiB
// From here on the writer copies what is left, so that the WAL starts over.
constexpr int long_wal = 4096; // 32 MiB
// Readers that are never all away keep it from that; from here on the writer holds new ones off for
// the moment it takes.
constexpr int too_long_wal = 16384; // 128 MiB

} // namespace

sqlite::Result<std::unique_ptr<Checkpoints>> Checkpoints::start(sqlite::Database& database,
                                                                net::Log& log)
{
    const char* file = sqlite3_db_filename(database.handle(), "main");
    auto own = sqlite::Database::open(file, sqlite::Mode::read_write);
    if (!own) return std::unexpected(std::move(own.error()));
    if (auto set_up = set_up_checkpoints(*own); !set_up)
        return std::unexpected(std::move(set_up.error()));
    std::unique_ptr<Checkpoints> started{new Checkpoints{database, std::move(*own), log}};
    started->thread_ = std::thread{&Checkpoints::run, started.get()};
    return started;
}

Checkpoints::Checkpoints(sqlite::Database& writers, sqlite::Database own, net::Log& log)
    : writers_{writers}, own_{std::move(own)}, trouble_{log, "checkpointing"}
{
}

Checkpoints::~Checkpoints()
{
    {
        std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    wanted_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void Checkpoints::grew(int pages)
{
    if (pages < asked_at_) asked_at_ = started_at_ = 0; // the WAL started over
    if (pages - started_at_ >= long_wal) {
        started_at_ = asked_at_ = pages;
        return checkpoint(writers_, pages < too_long_wal ? SQLITE_CHECKPOINT_PASSIVE
                                                         : SQLITE_CHECKPOINT_RESTART);
    }
    if (pages - asked_at_ < pages_between) return;
    asked_at_ = pages;
    {
        std::lock_guard lock{mutex_};
        due_ = true;
    }
    wanted_.notify_one();
}

void Checkpoints::run()
{
    std::unique_lock lock{mutex_};
    for (;;) {
        wanted_.wait(lock, [this] { return due_ || stopping_; });
        if (stopping_) return; // the last connection to close does it
        due_ = false;
        lock.unlock();
        checkpoint(own_, SQLITE_CHECKPOINT_PASSIVE);
        lock.lock();
    }
}

void Checkpoints::checkpoint(sqlite::Database& database, int mode)
{
    ++count_;
    if (auto done = database.checkpoint(mode))
        trouble_.worked();
    else
        trouble_.failed(done.error().what);
}

} // namespace portico::mail
