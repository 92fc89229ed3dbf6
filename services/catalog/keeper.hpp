#pragma once

#include "net/log.hpp"
#include "net/pool.hpp"
#include "net/task.hpp"
#include "services/catalog/inbox.hpp"
#include "services/catalog/prepare.hpp"
#include "services/catalog/signal.hpp"
#include "services/catalog/sources.hpp"
#include "services/catalog/state.hpp"
#include "services/catalog/turn.hpp"
#include "services/mail/store.hpp"
#include "services/mail/trouble.hpp"

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

namespace portico::catalog {

/// Brings the state up to what the store has, for whoever wants to look at it. Safe from every
/// thread. What it is given outlives it.
class Keeper {
public:
    template <class T>
    using Result = std::expected<T, mail::StoreError>;

    /// `signal` is for the thread that calls step() and tidy_up().
    Keeper(std::filesystem::path folder, Settings settings, mail::Store& store, net::Pool& pool,
           net::Log& log, Announcer& announcer, Signal& signal);
    ~Keeper() { stop_watching(); }
    Keeper(const Keeper&) = delete;
    Keeper& operator=(const Keeper&) = delete;

    void stop_watching();

    /// What was committed before it is called is in the state when it returns.
    net::Task<Result<void>> catch_up();
    /// Some of what is to be done, on the thread that calls it. True: there is more.
    net::Task<Result<bool>> step();
    /// Writes files anew of which more than half is of removed messages, and syncs. It blocks.
    void tidy_up();

    /// What `look`, a function of const State&, says of the state; it must be brief.
    template <class Look>
    auto look(Look look) const
    {
        const std::lock_guard lock{mutex_};
        return look(std::as_const(state_));
    }

    /// Which files are in use.
    std::uint64_t generation() const;
    /// The files of that generation are damaged: they are made anew.
    void give_up(std::uint64_t generation, std::string_view why);

private:
    enum class Where { here, pool };
    enum class Files { unknown, damaged, open };

    bool is_up_to_date();
    bool is_ready();
    bool drain(); // with the lock; false: not ready
    net::Task<Result<void>> get_ready();
    FileResult<void> open_files();
    FileResult<void> make_anew();
    void use(Shelf shelf, const std::vector<Placed>& records); // with the lock
    std::vector<std::int64_t> take_pending(const std::vector<std::int64_t>& keys,
                                           std::size_t& done);
    net::Task<Result<std::size_t>> add_some(std::vector<std::int64_t> keys, Where where);
    FileResult<void> add(const Sources& sources);
    mail::StoreError failed(const FileError& error);

    bool is_wasteful() const; // with the lock
    FileResult<void> rewrite();
    FileResult<bool> swap(const std::shared_ptr<Shelf>& old, Shelf& fresh,
                          std::vector<Placed>& placed, std::vector<Slot>& left);
    FileResult<void> sync();

    std::filesystem::path folder_;
    Settings settings_;
    mail::Store& store_;
    net::Pool& pool_;
    net::Log& log_;
    mail::Trouble trouble_;
    Announcer& announcer_;
    Signal& signal_;
    Inbox inbox_;
    bool watching_ = true;
    std::chrono::steady_clock::time_point rewrite_again_ = {}; // not before; of tidy_up()
    Turn turn_; // of whoever is not the follower: they do not do the same work twice

    mutable std::mutex mutex_; // guards what follows
    State state_;
    Files files_ = Files::unknown;
    bool ready_ = false; // the state is the store's, but for what is in the inbox or pending
    std::uint64_t generation_ = 0;
    std::uint64_t synced_ = 0; // octets of texts
};

} // namespace portico::catalog
