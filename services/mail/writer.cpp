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
// The files of deleted mail that are removed between two groups: freeing a large one takes 1 ms.
constexpr std::size_t most_files = 50;

// How often it is tried again to remove bodies that a backup held.
constexpr std::chrono::milliseconds hold_pause{500};

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
        std::size_t operator()(const Removal&) const { return 128; }
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
    auto checkpoints = Checkpoints::start(writer->database_, log);
    if (!checkpoints) return std::unexpected(std::move(checkpoints.error()));
    writer->checkpoints_ = std::move(*checkpoints);
    writer->thread_ = std::thread{&Writer::run, writer.get()};
    return writer;
}

Writer::Writer(sqlite::Database database, const Bodies& bodies, net::Log& log)
    : database_{std::move(database)}, bodies_{bodies}, writing_{log, "writing mail"},
      removing_{log, "removing the files of deleted mail"}
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
        auto& queue = std::holds_alternative<Removal>(job.change) ? removals_ : queue_;
        queue.push_back(std::move(job));
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
        if (!group.empty()) {
            write(group);
            set_aside_unfinished(group);
            answer(std::exchange(group, {}));
        }
        // What follows can wait until those who wait are awake.
        remove_unneeded();
        checkpoints_->grew(wal_pages_);
    }
}

bool Writer::take(std::vector<Job>& group, std::vector<BodyFile>& discarded)
{
    std::unique_lock lock{mutex_};
    const auto any = [this] {
        return stopping_ || !queue_.empty() || !removals_.empty() || !discarded_.empty() ||
               (!unneeded_.empty() && !held_);
    };
    if (held_) // nobody tells when that ends
        arrived_.wait_for(lock, hold_pause, any);
    else
        arrived_.wait(lock, any);
    std::swap(discarded, discarded_);
    std::size_t bytes = 0;
    while (!queue_.empty() && group.size() < most_changes && bytes < most_bytes) {
        bytes += weight(queue_.front().change);
        group.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    for (std::size_t keys = 0; !removals_.empty() && keys < most_removed;) {
        keys += std::get<Removal>(removals_.front().change).left();
        group.push_back(std::move(removals_.front()));
        removals_.pop_front();
    }
    return !group.empty() || !discarded.empty() || (!unneeded_.empty() && !held_) || !stopping_;
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
    for (auto& job : jobs) {
        if (auto* removal = std::get_if<Removal>(&job.change)) removal->removed += removal->step;
        if (in_file(job.change)) std::get<BodyFile>(std::get<Delivery>(job.change).body).keep();
    }
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

/// What a removal has left to do comes after the others'.
void Writer::set_aside_unfinished(std::vector<Job>& group)
{
    auto unfinished = [](const Job& job) {
        auto* removal = std::get_if<Removal>(&job.change);
        return removal && job.waiter.outcome && removal->left() > 0;
    };
    if (std::ranges::none_of(group, unfinished)) return;
    std::vector<Job> finished;
    finished.reserve(group.size());
    std::lock_guard lock{mutex_};
    for (auto& job : group) {
        if (unfinished(job))
            removals_.push_back(std::move(job));
        else
            finished.push_back(std::move(job));
    }
    group.swap(finished);
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
    held_ = false;
    if (unneeded_.empty()) return;
    const auto removal = bodies_.begin_removal();
    held_ = !removal;
    if (held_) return;
    for (std::size_t files = 0; files < most_files && !unneeded_.empty(); ++files) {
        // One that stays is swept at the next start.
        if (auto removed = bodies_.remove(unneeded_.back()))
            removing_.worked();
        else
            removing_.failed(removed.error().what);
        unneeded_.pop_back();
    }
}

WriterStatistics Writer::statistics() const
{
    return {commits_,  committed_,         largest_group_,
            failures_, sync_microseconds_, checkpoints_->count()};
}

} // namespace portico::mail
