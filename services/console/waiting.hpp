#pragma once

#include "services/mail/watcher.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace portico::console {

/// Those who wait for mail, found by whom it is for, and not by asking each. Knows no loop: how
/// somebody is woken is theirs to say. From any thread. Pure.
class Waiting final : public mail::Watcher {
public:
    static constexpr std::size_t most_candidates =
        256; // of one who waits; the rest is in the store
    static constexpr std::size_t most_remembered = 4096; // commits

    using Candidate = std::shared_ptr<const mail::Arrival>;
    class Place; // of one who waits
    using Wake = std::function<void()>;

    struct Came {
        std::vector<Candidate> candidates;
        std::optional<std::int64_t> missed; // there were more, from this key on
    };

    explicit Waiting(std::size_t most) : most_{most} {}

    /// For what is for `to`, an address or a mailbox in lower case; "": for all. `wake` is called
    /// when there is something to take(), once until it is taken, on the thread that brings it;
    /// it must not wait. Null: too many are waiting.
    std::shared_ptr<Place> sit_down(std::string to, Wake wake);
    void leave(const Place& place);
    Came take(Place& place);

    /// The keys of what was committed behind the message with this key, as far as it is remembered.
    std::optional<std::vector<std::int64_t>> behind(std::int64_t key) const;

    std::size_t size() const;

    void arrived(std::span<const mail::Arrival> messages) override;

private:
    void offer(const std::string& to, const Candidate& candidate);

    std::size_t most_;
    mutable std::mutex mutex_; // guards what follows
    std::size_t size_ = 0;
    std::unordered_map<std::string, std::vector<std::shared_ptr<Place>>> places_; // by `to`
    std::deque<std::int64_t> remembered_; // keys, in the order of their commits
};

} // namespace portico::console
