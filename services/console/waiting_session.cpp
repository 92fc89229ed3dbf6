#include "services/console/waiting_session.hpp"

#include "services/catalog/when.hpp"
#include "services/console/json.hpp"

#include <asio/post.hpp>

#include <algorithm>
#include <utility>

namespace portico::console {

namespace {
constexpr std::size_t page_size = 256;
constexpr std::size_t most_told = 4096;
} // namespace

WaitingSession::WaitingSession(Waits& waits, http::Exchange& exchange, Wish wish,
                               net::Executor loop)
    : waits_{waits}, exchange_{exchange}, wish_{std::move(wish)}, link_{std::make_shared<Link>(
                                                                      &exchange.peer())}
{
    auto wake = [loop, link = link_] {
        asio::post(loop, [link] {
            if (link->peer) link->peer->wake();
        });
    };
    place_ = waits_.waiting_.sit_down(wish_.to, std::move(wake));
}

WaitingSession::~WaitingSession()
{
    link_->peer = nullptr;
    if (place_) waits_.waiting_.leave(*place_);
}

net::Task<std::expected<bool, mail::StoreError>> WaitingSession::start()
{
    using Started = std::expected<bool, mail::StoreError>;
    // Reading on, what the client has said beside its request would be lost.
    if (exchange_.protocol().has_unheard()) exchange_.protocol().hear_no_more();
    if (wish_.since.empty()) co_return Started{true};
    if (const auto key = waits_.store_.key_of(wish_.since)) {
        auto behind = waits_.waiting_.behind(*key);
        Backlog backlog{.after = *key};
        // A message that began before may have been committed behind it.
        if (behind && !behind->empty()) backlog.after = behind->front() - 1;
        if (!behind || !behind->empty()) {
            backlog.only = std::move(behind);
            backlog_ = std::move(backlog);
        }
        co_return Started{true};
    }
    const auto time = catalog::parse_when(wish_.since, {});
    if (!time) co_return Started{false};
    const auto after = co_await begin_of(*time);
    if (!after) co_return std::unexpected(after.error());
    Backlog backlog{.after = *after};
    backlog.since = time;
    backlog_ = std::move(backlog);
    co_return Started{true};
}

/// The key behind which everything has come that came since this time. Keys are nearly in its
/// order, so from the newest on: a page with nothing of it ends the search.
net::Task<std::expected<std::int64_t, mail::StoreError>>
WaitingSession::begin_of(std::chrono::sys_time<std::chrono::milliseconds> time)
{
    const auto keys = co_await waits_.store_.keys();
    if (!keys) co_return std::unexpected(keys.error());
    auto begin = keys->size();
    while (begin > 0) {
        const auto count = std::min(begin, page_size);
        const auto page = co_await waits_.store_.arrivals((*keys)[begin - count] - 1, count);
        if (!page) co_return std::unexpected(page.error());
        const auto is_newer = [time](const mail::Arrival& one) { return one.received >= time; };
        if (std::ranges::none_of(*page, is_newer)) break;
        begin -= count;
    }
    std::int64_t after = 0;
    if (begin > 0) after = (*keys)[begin - 1];
    co_return after;
}

bool WaitingSession::is_in_backlog(const mail::Arrival& arrival) const
{
    if (backlog_->only && !std::ranges::binary_search(*backlog_->only, arrival.key)) return false;
    return !backlog_->since || arrival.received >= *backlog_->since;
}

auto WaitingSession::next(Clock::time_point until) -> net::Task<Event>
{
    for (;;) {
        const auto back = co_await look_back(until);
        if (back) co_return *back;
        const bool found = co_await look_at_candidates();
        if (found) co_return Event::found;
        if (backlog_) continue;
        const auto event = co_await sleep(until);
        if (event) co_return *event;
    }
}

/// Nothing: there is nothing (more) of it.
auto WaitingSession::look_back(Clock::time_point until) -> net::Task<std::optional<Event>>
{
    for (bool first = true; backlog_; first = false) {
        while (!page_.empty()) {
            const auto arrival = std::move(page_.front());
            page_.pop_front();
            if (!is_in_backlog(arrival)) continue;
            const bool fitting = co_await examine(arrival);
            if (fitting) co_return Event::found;
        }
        if (!first && Clock::now() >= until) co_return Event::idle;
        auto page = co_await waits_.store_.arrivals(backlog_->after, page_size);
        if (!page) co_return Event::failing;
        if (page->empty()) {
            backlog_.reset();
        } else {
            backlog_->after = page->back().key;
            page_.assign(std::make_move_iterator(page->begin()),
                         std::make_move_iterator(page->end()));
        }
    }
    co_return std::nullopt;
}

net::Task<bool> WaitingSession::look_at_candidates()
{
    if (candidates_.empty()) {
        auto came = waits_.waiting_.take(*place_);
        candidates_.assign(came.candidates.begin(), came.candidates.end());
        if (came.missed) {
            Backlog missed{.after = *came.missed - 1};
            backlog_ = std::move(missed);
        }
    }
    while (!candidates_.empty()) {
        const auto candidate = std::move(candidates_.front());
        candidates_.pop_front();
        const bool fitting = co_await examine(*candidate);
        if (fitting) co_return true;
    }
    co_return false;
}

/// What is looked at of a message is the store's first piece, 256 KiB.
net::Task<bool> WaitingSession::examine(const mail::Arrival& arrival)
{
    if (!may_fit(wish_, arrival) || std::ranges::find(told_, arrival.key) != told_.end())
        co_return false;
    auto reading = waits_.store_.read(arrival.message());
    const auto piece = co_await reading->next();
    if (!piece) co_return false; // removed meanwhile; or the store's log says why
    auto look = [this, &arrival, &piece]() -> std::string {
        const auto message = mime::parse(*piece, mime::Detail::outline);
        if (!fits(wish_, arrival, message)) return {};
        auto document = arrival_document(arrival);
        document["subject"] = message.subject;
        return document.dump(-1, ' ', false, Json::error_handler_t::replace);
    };
    auto document = co_await waits_.pool_.run(look);
    if (document.empty()) co_return false;
    found_ = {arrival.id, std::move(document)};
    told_.push_back(arrival.key);
    if (told_.size() > most_told) told_.pop_front();
    co_return true;
}

/// Nothing: somebody has woken it.
auto WaitingSession::sleep(Clock::time_point until) -> net::Task<std::optional<Event>>
{
    const auto now = Clock::now();
    if (now >= until) co_return Event::idle;
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(until - now);
    const auto bytes = co_await exchange_.peer().read(rest);
    if (bytes) {
        exchange_.protocol().hear_no_more();
        co_return std::nullopt;
    }
    switch (bytes.error()) {
    case net::Ended::woken: break;
    case net::Ended::idle: co_return Event::idle;
    case net::Ended::left: co_return Event::left;
    case net::Ended::stopping: exchange_.protocol().hear_no_more(); co_return Event::stopping;
    }
    co_return std::nullopt;
}

} // namespace portico::console
