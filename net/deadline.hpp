#pragma once

#include <asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>

namespace portico::net {

class Deadlines;

/// One wait's end. Owned by whoever waits; unlinks itself when destroyed. Expires once per arm().
class Deadline {
public:
    using Clock = std::chrono::steady_clock;

    explicit Deadline(std::function<void()> expired) : expired_{std::move(expired)} {}
    ~Deadline() { unlink(); }
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

private:
    friend class Deadlines;
    void unlink();

    std::function<void()> expired_;
    Clock::time_point when_ = Clock::time_point::max(); // max: disarmed
    Clock::time_point slot_time_{};
    Deadline* next_ = nullptr;
    Deadline* previous_ = nullptr;
};

/// All deadlines of one loop on a coarse wheel: arming one is a store, not a timer. A deadline
/// expires up to two ticks late, never early. Used from its loop only.
class Deadlines {
public:
    static constexpr std::chrono::milliseconds tick{100};

    explicit Deadlines(asio::io_context& context);

    void arm(Deadline& deadline, std::chrono::milliseconds wait);
    static void disarm(Deadline& deadline);

    /// Time as of the last tick or arm(); good enough for ages and dates.
    void stop();

private:
    static constexpr std::size_t slots = 256; // 25.6 s a turn; later ones come round again

    void schedule();
    void advance();
    void link(Deadline& deadline, Deadline::Clock::time_point slot_time);

    asio::steady_timer timer_;
    std::array<Deadline*, slots> wheel_{};
    Deadline::Clock::time_point now_;
    std::size_t hand_ = 0;
    std::size_t armed_ = 0;
    bool running_ = false;
};

} // namespace portico::net
