#pragma once

#include "net/log.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

namespace portico::tests {

/// Keeps what was logged, and lets a test wait for it.
class KeptLog final : public net::Log {
public:
    bool enabled(net::Level) const override { return true; }
    void write(net::Level, std::string_view event) override
    {
        const std::scoped_lock lock{mutex_};
        events_.emplace_back(event);
        changed_.notify_all();
    }
    void write(net::Level level, const net::Origin& origin, std::string_view event) override
    {
        write(level, std::string{origin.service} + ": " + std::string{event});
    }

    /// Whether an event with these words was or is written within ten seconds.
    bool says(std::string_view words)
    {
        std::unique_lock lock{mutex_};
        return changed_.wait_for(lock, std::chrono::seconds{10}, [&] {
            return std::ranges::any_of(
                events_, [&](const auto& event) { return event.find(words) != event.npos; });
        });
    }

    std::vector<std::string> events()
    {
        const std::scoped_lock lock{mutex_};
        return events_;
    }

    /// How many events with these words were written until now.
    std::size_t count(std::string_view words)
    {
        const std::scoped_lock lock{mutex_};
        return static_cast<std::size_t>(std::ranges::count_if(
            events_, [&](const auto& event) { return event.find(words) != event.npos; }));
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> events_;
};

} // namespace portico::tests
