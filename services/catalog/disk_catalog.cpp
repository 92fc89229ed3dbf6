#include "services/catalog/disk_catalog.hpp"

#include "services/catalog/answers.hpp"

#include <algorithm>
#include <optional>

namespace portico::catalog {

namespace {

using mail::StoreError;

constexpr std::size_t most_marked = 1000; // messages at once

} // namespace

DiskCatalog::DiskCatalog(std::filesystem::path folder, Settings settings, mail::Store& store,
                         net::Pool& pool, net::Log& log)
    : store_{store}, pool_{pool}, trouble_{log, "reading the catalog"},
      keeper_{std::move(folder), std::move(settings), store, pool, log, announcer_, signal_},
      follower_{keeper_, announcer_, signal_}
{
}

void DiskCatalog::stop()
{
    keeper_.stop_watching();
    follower_.stop();
}

template <class Question>
auto DiskCatalog::ask(Question& question)
    -> Answer<typename std::invoke_result_t<Question&>::value_type>
{
    auto work = [&question] { return question(); };
    for (bool again = false;; again = true) {
        const auto caught_up = co_await keeper_.catch_up();
        if (!caught_up) co_return std::unexpected(caught_up.error());
        const auto generation = keeper_.generation();
        auto answer = co_await pool_.run(work);
        if (answer) {
            trouble_.worked();
            co_return std::move(*answer);
        }
        trouble_.failed(answer.error().what);
        if (answer.error().kind != StoreError::damaged || again)
            co_return std::unexpected(StoreError::failing);
        keeper_.give_up(generation, answer.error().what);
    }
}

DiskCatalog::Answer<Page> DiskCatalog::list(Range range)
{
    auto question = [this, &range] { return page(keeper_, nullptr, range); };
    co_return co_await ask(question);
}

DiskCatalog::Answer<Page> DiskCatalog::search(const Query& query, Range range)
{
    auto question = [this, &query, &range] { return page(keeper_, &query, range); };
    co_return co_await ask(question);
}

DiskCatalog::Answer<Matches> DiskCatalog::matching(const Query& query, std::size_t most,
                                                   std::int64_t below)
{
    auto question = [this, &query, most, below] {
        return catalog::matching(keeper_, query, most, below);
    };
    co_return co_await ask(question);
}

DiskCatalog::Answer<Entry> DiskCatalog::entry(std::string id)
{
    const auto key = store_.key_of(id);
    if (!key) co_return std::unexpected(StoreError::gone);
    auto question = [this, &id, &key] { return catalog::entry(keeper_, *key, id); };
    auto found = co_await ask(question);
    if (!found) co_return std::unexpected(found.error());
    if (!*found) co_return std::unexpected(StoreError::gone);
    co_return std::move(**found);
}

DiskCatalog::Answer<std::string> DiskCatalog::latest(const Query* query)
{
    auto question = [this, query] { return catalog::latest(keeper_, query); };
    auto id = co_await ask(question);
    if (id && id->empty()) co_return std::unexpected(StoreError::gone);
    co_return id;
}

DiskCatalog::Answer<TagCounts> DiskCatalog::tags()
{
    const auto caught_up = co_await keeper_.catch_up();
    if (!caught_up) co_return std::unexpected(caught_up.error());
    const auto counts =
        keeper_.look([](const State& state) { return state.slots().tags().counts(); });
    co_return *counts;
}

DiskCatalog::Answer<void> DiskCatalog::rename_tag(std::string name, std::string to)
{
    co_return co_await change_tag(std::move(name), std::move(to));
}

DiskCatalog::Answer<void> DiskCatalog::remove_tag(std::string name)
{
    std::string nothing;
    co_return co_await change_tag(std::move(name), std::move(nothing));
}

DiskCatalog::Answer<void> DiskCatalog::change_tag(std::string name, std::string to)
{
    auto question = [this, &name, &to] { return retagging(keeper_, name, to); };
    auto changes = co_await ask(question);
    if (!changes) co_return std::unexpected(changes.error());
    if (changes->empty()) co_return std::unexpected(StoreError::gone);
    for (auto& change : *changes) {
        while (!change.ids.empty()) {
            const auto count = std::min(most_marked, change.ids.size());
            const auto rest = change.ids.end() - static_cast<std::ptrdiff_t>(count);
            std::vector<std::string> ids{rest, change.ids.end()};
            change.ids.erase(rest, change.ids.end());
            const std::optional<bool> as_it_is;
            std::optional<std::vector<std::string>> tags{change.tags};
            const auto marked = co_await store_.mark(std::move(ids), as_it_is, std::move(tags));
            if (!marked) co_return std::unexpected(marked.error());
        }
    }
    co_return std::expected<void, StoreError>{};
}

} // namespace portico::catalog
