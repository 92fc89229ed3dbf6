#include "services/console/v1_feed.hpp"

#include <asio/post.hpp>

#include <utility>

namespace portico::console {

struct Feed::Seat::Shared {
    std::mutex mutex; // guards the next three
    std::vector<Frame> waiting;
    bool lost = false;
    bool called = false;   // the loop has been asked to wake the listener
    net::Connection* peer; // of the loop alone; null once the listener has left
    net::Executor loop;
};

Feed::Seat::Seat(Feed& feed, net::Connection& peer, net::Executor loop)
    : feed_{feed}, shared_{new Shared{.mutex = {}, .waiting = {}, .peer = &peer, .loop = loop}}
{
    const std::lock_guard lock{feed_.mutex_};
    feed_.seats_.push_back(shared_);
}

Feed::Seat::~Seat()
{
    shared_->peer = nullptr;
    const std::lock_guard lock{feed_.mutex_};
    std::erase(feed_.seats_, shared_);
}

auto Feed::Seat::take() -> std::vector<Frame>
{
    const std::lock_guard lock{shared_->mutex};
    shared_->called = false;
    return std::exchange(shared_->waiting, {});
}

bool Feed::Seat::is_lost() const
{
    const std::lock_guard lock{shared_->mutex};
    return shared_->lost;
}

bool Feed::anybody() const
{
    const std::lock_guard lock{mutex_};
    return !seats_.empty();
}

void Feed::tell(std::string_view type, Json data)
{
    if (!anybody()) return;
    const auto frame = std::make_shared<const std::string>(event_text(type, std::move(data)));
    const std::lock_guard lock{mutex_};
    for (const auto& seat : seats_) {
        const std::lock_guard seat_lock{seat->mutex};
        if (seat->waiting.size() >= most_waiting) seat->lost = true;
        if (!seat->lost) seat->waiting.push_back(frame);
        if (std::exchange(seat->called, true)) continue;
        asio::post(seat->loop, [seat] {
            if (seat->peer) seat->peer->wake();
        });
    }
}

void Feed::added(const catalog::Entry& entry)
{
    ++accepted_;
    octets_ += entry.arrival.size;
    if (anybody()) tell("new", entry_document(entry));
}

void Feed::read(const std::string& id, bool is_read)
{
    tell("update", {{"ID", id}, {"Read", is_read}});
}

void Feed::tagged(const std::string& id, const std::vector<std::string>& tags)
{
    tell("update", {{"ID", id}, {"Tags", tags}});
}

void Feed::removed(const std::vector<std::string>& ids)
{
    if (ids.size() > most_deletes) return many_changed();
    for (const auto& id : ids) tell("delete", {{"ID", id}});
}

void Feed::all_removed()
{
    tell("truncate", nullptr);
}

void Feed::many_changed()
{
    tell("prune", nullptr);
}

} // namespace portico::console
