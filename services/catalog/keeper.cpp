#include "services/catalog/keeper.hpp"

#include <fmt/core.h>

#include <system_error>

namespace portico::catalog {

namespace {

using mail::StoreError;

} // namespace

Keeper::Keeper(std::filesystem::path folder, Settings settings, mail::Store& store, net::Pool& pool,
               net::Log& log, Announcer& announcer, Signal& signal)
    : folder_{std::move(folder)}, settings_{std::move(settings)}, store_{store}, pool_{pool},
      log_{log}, trouble_{log, "keeping the catalog"}, announcer_{announcer}, signal_{signal},
      inbox_{[&signal] { signal.wake(); }}, state_{announcer}
{
    store_.watch(inbox_);
    signal_.wake();
}

void Keeper::stop_watching()
{
    if (std::exchange(watching_, false)) store_.unwatch(inbox_);
}

net::Task<Keeper::Result<void>> Keeper::catch_up()
{
    if (is_up_to_date()) co_return Result<void>{};
    const auto turn = co_await turn_.take();
    auto ready = co_await get_ready();
    if (!ready) co_return std::unexpected(ready.error());
    const auto keys = look([](const State& state) { return state.next(state.pending().size()); });
    for (std::size_t done = 0; done < keys.size();) {
        auto batch = take_pending(keys, done);
        while (!batch.empty()) {
            const auto added = co_await add_some(batch, Where::pool);
            if (!added) co_return std::unexpected(added.error());
            batch.erase(batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(*added));
        }
    }
    if (announcer_.has_news()) signal_.wake();
    co_return Result<void>{};
}

net::Task<Keeper::Result<bool>> Keeper::step()
{
    const bool up_to_date = is_up_to_date();
    if (up_to_date) co_return false;
    const bool ready = look([this](const State&) { return ready_; });
    if (!ready) {
        const auto turn = co_await turn_.take();
        auto made = co_await get_ready();
        if (!made) co_return std::unexpected(made.error());
    }
    auto batch = look([](const State& state) { return state.next(most_sources); });
    if (batch.empty()) co_return false;
    const auto added = co_await add_some(std::move(batch), Where::here);
    if (!added) co_return std::unexpected(added.error());
    co_return true;
}

bool Keeper::is_up_to_date()
{
    const std::lock_guard lock{mutex_};
    return drain() && state_.pending().empty();
}

bool Keeper::is_ready()
{
    const std::lock_guard lock{mutex_};
    return drain();
}

bool Keeper::drain()
{
    // While the state is being asked of the store, nothing may overtake the answer.
    if (!ready_) return false;
    const auto taken = inbox_.take();
    ready_ = !taken.lost;
    if (ready_)
        for (const auto& event : taken.events) state_.apply(event);
    return ready_;
}

net::Task<Keeper::Result<void>> Keeper::get_ready()
{
    for (;;) {
        const bool ready = is_ready();
        if (ready) co_return Result<void>{};
        auto open = [this] { return open_files(); };
        const auto opened = co_await pool_.run(open);
        if (!opened) co_return std::unexpected(failed(opened.error()));
        // What is told from here on may be in the answers, too, which does no harm.
        (void)inbox_.take();
        const auto keys = co_await store_.keys();
        if (!keys) co_return std::unexpected(keys.error());
        const auto marks = co_await store_.marks();
        if (!marks) co_return std::unexpected(marks.error());
        auto reconcile = [this, &keys, &marks] {
            const std::lock_guard lock{mutex_};
            state_.reconcile(*keys, *marks);
            ready_ = files_ == Files::open;
            return ready_;
        };
        (void)co_await pool_.run(reconcile);
    }
}

/// Every key from `done` on that is still pending, up to as many as are read at once.
std::vector<std::int64_t> Keeper::take_pending(const std::vector<std::int64_t>& keys,
                                               std::size_t& done)
{
    return look([&](const State& state) {
        std::vector<std::int64_t> batch;
        for (; done < keys.size() && batch.size() < most_sources; ++done)
            if (state.is_pending(keys[done])) batch.push_back(keys[done]);
        return batch;
    });
}

/// How many of `keys` are done, from the front.
net::Task<Keeper::Result<std::size_t>> Keeper::add_some(std::vector<std::int64_t> keys, Where where)
{
    const auto sources = co_await read_sources(store_, std::move(keys));
    if (!sources) co_return std::unexpected(sources.error());
    auto work = [this, &sources] { return add(*sources); };
    FileResult<void> added;
    if (where == Where::pool)
        added = co_await pool_.run(work);
    else
        added = work();
    if (!added) co_return std::unexpected(failed(added.error()));
    trouble_.worked();
    co_return sources->read.size() + sources->gone.size();
}

FileResult<void> Keeper::add(const Sources& sources)
{
    std::vector<Prepared> prepared;
    for (const auto& source : sources.read)
        prepared.push_back(prepare(source.arrival, source.octets, settings_));
    const std::lock_guard lock{mutex_};
    state_.forget(sources.gone);
    return state_.add(std::move(prepared));
}

StoreError Keeper::failed(const FileError& error)
{
    trouble_.failed(error.what);
    return error.kind == StoreError::full ? StoreError::full : StoreError::failing;
}

std::uint64_t Keeper::generation() const
{
    const std::lock_guard lock{mutex_};
    return generation_;
}

void Keeper::give_up(std::uint64_t generation, std::string_view why)
{
    const std::lock_guard lock{mutex_};
    if (generation != generation_ || files_ != Files::open) return;
    log_.write(net::Level::error, fmt::format("catalog: {}: it is made anew", why));
    files_ = Files::damaged;
    ready_ = false;
    signal_.wake();
}

FileResult<void> Keeper::open_files()
{
    const auto files = look([this](const State&) { return files_; });
    if (files == Files::open) return {};
    if (files == Files::unknown) {
        std::error_code ignored; // what an end in the middle of tidy_up() left
        for (const auto* name : {"heads.rewritten", "texts.rewritten"})
            std::filesystem::remove(folder_ / name, ignored);
        auto opened = Shelf::open(folder_, settings_.number());
        if (opened) {
            if (opened->cut_off > 0)
                log_.write(
                    net::Level::info,
                    fmt::format("catalog: {} octets that a crash or the disk left unreadable "
                                "are made anew",
                                opened->cut_off));
            const std::lock_guard lock{mutex_};
            use(std::move(opened->shelf), opened->records);
            return {};
        }
        if (opened.error().kind == StoreError::damaged)
            log_.write(net::Level::info,
                       fmt::format("catalog: {}: it is made anew", opened.error().what));
        else if (opened.error().kind != StoreError::gone)
            return std::unexpected(std::move(opened.error()));
    }
    return make_anew();
}

FileResult<void> Keeper::make_anew()
{
    auto fresh = Shelf::create(folder_, settings_.number(), "new");
    if (!fresh) return std::unexpected(std::move(fresh.error()));
    const std::lock_guard lock{mutex_};
    if (auto published = fresh->publish(); !published) return published;
    use(std::move(*fresh), {});
    return {};
}

void Keeper::use(Shelf shelf, const std::vector<Placed>& records)
{
    state_.use(std::make_shared<Shelf>(std::move(shelf)), records);
    files_ = Files::open;
    ++generation_;
    synced_ = state_.shelf()->texts().size();
}

} // namespace portico::catalog
