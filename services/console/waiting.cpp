#include "services/console/waiting.hpp"

#include "services/console/wish.hpp"

#include <algorithm>
#include <utility>

namespace portico::console {

class Waiting::Place {
public:
    Place(std::string to_, Wake wake_) : to{std::move(to_)}, wake{std::move(wake_)} {}

    const std::string to;
    const Wake wake;
    Came came = {};

    bool has_any() const { return !came.candidates.empty() || came.missed; }
};

std::shared_ptr<Waiting::Place> Waiting::sit_down(std::string to, Wake wake)
{
    auto place = std::make_shared<Place>(std::move(to), std::move(wake));
    std::lock_guard lock{mutex_};
    if (size_ == most_) return nullptr;
    ++size_;
    places_[place->to].push_back(place);
    return place;
}

void Waiting::leave(const Place& place)
{
    std::lock_guard lock{mutex_};
    const auto table = places_.find(place.to);
    if (table == places_.end()) return;
    size_ -= std::erase_if(table->second, [&](const auto& one) { return one.get() == &place; });
    if (table->second.empty()) places_.erase(table);
}

auto Waiting::take(Place& place) -> Came
{
    std::lock_guard lock{mutex_};
    return std::exchange(place.came, {});
}

std::optional<std::vector<std::int64_t>> Waiting::behind(std::int64_t key) const
{
    std::lock_guard lock{mutex_};
    const auto found = std::ranges::find(remembered_, key);
    if (found == remembered_.end()) return std::nullopt;
    std::vector<std::int64_t> keys(found + 1, remembered_.end());
    std::ranges::sort(keys);
    return keys;
}

std::size_t Waiting::size() const
{
    std::lock_guard lock{mutex_};
    return size_;
}

void Waiting::arrived(std::span<const mail::Arrival> messages)
{
    std::lock_guard lock{mutex_};
    for (const auto& message : messages) {
        remembered_.push_back(message.key);
        if (remembered_.size() > most_remembered) remembered_.pop_front();
        if (size_ == 0) continue;
        const auto candidate = std::make_shared<const mail::Arrival>(message);
        // An address is a mailbox's name as often as not.
        std::vector<std::string> names{""};
        for (const auto& recipient : message.recipients) names.push_back(lower(recipient));
        for (const auto& mailbox : message.mailboxes) names.push_back(lower(mailbox));
        std::ranges::sort(names);
        const auto repeated = std::ranges::unique(names);
        names.erase(repeated.begin(), repeated.end());
        for (const auto& name : names) offer(name, candidate);
    }
}

void Waiting::offer(const std::string& to, const Candidate& candidate)
{
    const auto table = places_.find(to);
    if (table == places_.end()) return;
    for (const auto& place : table->second) {
        const bool sleeps = !place->has_any();
        auto& came = place->came;
        if (came.candidates.size() < most_candidates && !came.missed)
            came.candidates.push_back(candidate);
        else
            came.missed = std::min(came.missed.value_or(candidate->key), candidate->key);
        if (sleeps) place->wake();
    }
}

} // namespace portico::console
