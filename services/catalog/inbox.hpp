#pragma once

#include "services/mail/watcher.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace portico::catalog {

struct Arrived {
    std::vector<std::int64_t> keys;
};
struct Removed {
    std::vector<std::int64_t> keys;
    mail::Cause cause;
};
struct Marked {
    std::vector<mail::Marks> marks;
};
using Event = std::variant<Arrived, Removed, Marked>;

/// Takes what the store tells, in its order, until somebody has time for it.
class Inbox final : public mail::Watcher {
public:
    /// Beyond so many messages nothing is kept: all that is known has to be asked of the store.
    static constexpr std::size_t most = 200'000;

    /// `wake` is called with every event and must not wait.
    explicit Inbox(std::function<void()> wake) : wake_{std::move(wake)} {}

    struct Taken {
        std::vector<Event> events;
        bool lost; // there were others
    };
    Taken take();

    void arrived(std::span<const mail::Arrival> messages) override;
    void removed(std::span<const std::int64_t> keys, mail::Cause cause) override;
    void marked(std::span<const mail::Marks> marks) override;

private:
    void add(Event event, std::size_t messages);

    std::function<void()> wake_;
    std::mutex mutex_;
    std::vector<Event> events_;
    std::size_t messages_ = 0;
    bool lost_ = false;
};

} // namespace portico::catalog
