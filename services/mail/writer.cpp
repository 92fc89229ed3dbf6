#include "services/mail/writer.hpp"

#include <asio/async_result.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace portico::mail {

namespace {

// A group is bounded so that the first of a flood does not wait for the last.
constexpr std::size_t most_changes = 1024;
constexpr std::size_t most_bytes = 8 << 20;
// Checkpointing early and often keeps each one short.
constexpr int checkpoint_pages = 200;
// Readers that are never all away keep the WAL from starting over; past this (64 MiB) the
// writer holds new ones off for the moment it takes.
constexpr int restart_pages = 8192;

bool in_file(const Change& change)
{
    auto* delivery = std::get_if<Delivery>(&change);
    return delivery && std::holds_alternative<BodyFile>(delivery->body);
}

std::size_t weight(const Change& change)
{
    struct Weight {
        std::size_t operator()(const Delivery& delivery) const
        {
            auto* buffer = std::get_if<Buffer>(&delivery.body);
            return delivery.recipients.size() + (buffer ? buffer->view().size() : 0);
        }
        std::size_t operator()(const Removal& removal) const { return 128 * removal.keys.size(); }
        std::size_t operator()(const RemovalEverywhere&) const { return 128; }
    };
    return std::visit(Weight{}, change);
}

} // namespace

sqlite::Result<std::unique_ptr<Writer>> Writer::start(sqlite::Database database,
                                                      const Bodies& bodies, net::Log& log)
{
    std::unique_ptr<Writer> writer{new Writer{std::move(database), bodies, log}};
    auto changes = Changes::prepare(writer->database_);
    if (!changes) return std::unexpected(std::move(changes.error()));
    writer->changes_ = std::move(*changes);
    auto begin = writer->database_.prepare("BEGIN IMMEDIATE");
    if (!begin) return std::unexpected(std::move(begin.error()));
    writer->begin_ = std::move(*begin);
    auto commit = writer->database_.prepare("COMMIT");
    if (!commit) return std::unexpected(std::move(commit.error()));
    writer->commit_ = std::move(*commit);
    auto committed = [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Writer*>(self)->wal_pages_ = pages;
        return SQLITE_OK;
    };
    sqlite3_wal_hook(writer->database_.handle(), committed, writer.get());
    writer->thread_ = std::thread{&Writer::run, writer.get()};
    return writer;
}

Writer::Writer(sqlite::Database database, const Bodies& bodies, net::Log& log)
    : database_{std::move(database)}, bodies_{bodies}, writing_{log, "writing mail"},
      removing_{log, "removing the files of deleted mail"}, checkpointing_{log, "checkpointing"}
{
}

Writer::~Writer()
{
    {
        std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    arrived_.notify_one();
    if (thread_.joinable()) thread_.join();
}

net::Task<Outcome> Writer::apply(Change change)
{
    auto loop = co_await asio::this_coro::executor;
    auto start = [this, loop](auto handler, Change wanted) {
        enqueue({std::move(wanted), {asio::make_work_guard(loop), std::move(handler), {}}});
    };
    co_return co_await asio::async_initiate<const asio::deferred_t, void(Outcome)>(
        start, asio::deferred, std::move(change));
}

void Writer::enqueue(Job job)
{
    {
        std::lock_guard lock{mutex_};
        queue_.push_back(std::move(job));
    }
    arrived_.notify_one();
}

void Writer::discard(BodyFile file)
{
    {
        std::lock_guard lock{mutex_};
        discarded_.push_back(std::move(file));
    }
    arrived_.notify_one();
}

void Writer::run()
{
    std::vector<Job> group;
    std::vector<BodyFile> discarded;
    while (take(group, discarded)) {
        discarded.clear();
        if (group.empty()) continue;
        write(group);
        answer(std::exchange(group, {}));
        // What follows can wait until those who wait are awake.
        remove_unneeded();
        checkpoint();
    }
}

bool Writer::take(std::vector<Job>& group, std::vector<BodyFile>& discarded)
{
    std::unique_lock lock{mutex_};
    arrived_.wait(lock, [this] { return stopping_ || !queue_.empty() || !discarded_.empty(); });
    std::swap(discarded, discarded_);
    std::size_t bytes = 0;
    while (!queue_.empty() && group.size() < most_changes && bytes < most_bytes) {
        bytes += weight(queue_.front().change);
        group.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    return !group.empty() || !discarded.empty() || !stopping_;
}

void Writer::write(std::span<Job> group)
{
    // A body's name has to be on the disk before a row says it is there.
    FileResult<void> names;
    if (std::ranges::any_of(group, [](const Job& job) { return in_file(job.change); }))
        names = bodies_.sync();
    auto room = bodies_.room();
    if (names && room && group.size() > 1) {
        auto together = commit(group);
        if (together) return;
        // Another process holds the lock: no change is to blame, and each would wait for it anew.
        if ((together.error().code & 0xff) == SQLITE_BUSY)
            return fail(group, together.error().kind, together.error().what);
    }
    for (std::size_t i = 0; i < group.size(); ++i) {
        auto one = group.subspan(i, 1);
        if (!names && in_file(group[i].change))
            fail(one, names.error().kind, names.error().what);
        else if (!room && std::holds_alternative<Delivery>(group[i].change))
            fail(one, room.error().kind, room.error().what);
        else if (auto alone = commit(one); !alone)
            fail(one, alone.error().kind, alone.error().what);
    }
}

sqlite::Result<void> Writer::commit(std::span<Job> jobs)
{
    auto unneeded = unneeded_.size();
    auto committed = commit_changes(jobs);
    if (!committed) {
        // Some errors have rolled it back already.
        if (database_.in_transaction()) (void)database_.execute("ROLLBACK");
        changes_->rolled_back();
        unneeded_.resize(unneeded);
        return committed;
    }
    changes_->committed();
    for (auto& job : jobs)
        if (in_file(job.change)) std::get<BodyFile>(std::get<Delivery>(job.change).body).keep();
    writing_.worked();
    ++commits_;
    committed_ += jobs.size();
    largest_group_ = std::max<std::uint64_t>(largest_group_, jobs.size());
    return committed;
}

sqlite::Result<void> Writer::commit_changes(std::span<Job> jobs)
{
    if (auto begun = begin_.run(); !begun) return begun;
    for (auto& job : jobs) {
        auto outcome = changes_->apply(job.change, unneeded_);
        if (!outcome) return std::unexpected(std::move(outcome.error()));
        job.waiter.outcome = *outcome;
    }
    if (auto counted = changes_->count(); !counted) return counted;
    auto before = std::chrono::steady_clock::now();
    auto committed = commit_.run();
    auto took = std::chrono::steady_clock::now() - before;
    sync_microseconds_ += static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(took).count());
    return committed;
}

void Writer::fail(std::span<Job> jobs, StoreError kind, std::string_view reason)
{
    // Only a reader can find that something is gone; here it would be our folder.
    if (kind == StoreError::gone) kind = StoreError::failing;
    writing_.failed(reason);
    failures_ += jobs.size();
    for (auto& job : jobs) job.waiter.outcome = std::unexpected(kind);
}

// One post for each loop, not for each waiter: it costs a lock and perhaps a system call.
void Writer::answer(std::vector<Job> group)
{
    std::vector<std::vector<Waiter>> by_loop;
    for (auto& job : group) {
        auto loop = std::ranges::find_if(by_loop, [&](const auto& waiters) {
            return waiters.front().loop.get_executor() == job.waiter.loop.get_executor();
        });
        if (loop == by_loop.end()) loop = by_loop.emplace(loop);
        loop->push_back(std::move(job.waiter));
    }
    // What the changes held (memory of the budget, files of failed deliveries) is given back
    // before anyone can see that they are over.
    group.clear();
    for (auto& waiters : by_loop) {
        auto loop = waiters.front().loop.get_executor();
        asio::post(loop, [waiters = std::move(waiters)]() mutable {
            for (auto& waiter : waiters) std::move(waiter.resume)(waiter.outcome);
        });
    }
}

void Writer::remove_unneeded()
{
    for (auto& id : unneeded_) {
        // One that stays is swept at the next start.
        if (auto removed = bodies_.remove(id))
            removing_.worked();
        else
            removing_.failed(removed.error().what);
    }
    unneeded_.clear();
}

void Writer::checkpoint()
{
    if (wal_pages_ < checkpointed_pages_) checkpointed_pages_ = 0; // the WAL started over
    if (wal_pages_ - checkpointed_pages_ < checkpoint_pages) return;
    auto mode = wal_pages_ < restart_pages ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_RESTART;
    checkpointed_pages_ = wal_pages_;
    ++checkpoints_;
    if (auto done = database_.checkpoint(mode))
        checkpointing_.worked();
    else
        checkpointing_.failed(done.error().what);
}

WriterStatistics Writer::statistics() const
{
    return {commits_, committed_, largest_group_, failures_, sync_microseconds_, checkpoints_};
}

} // namespace portico::mail
