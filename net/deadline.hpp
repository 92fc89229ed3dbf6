#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace portico::net {

class Deadlines;

/// The end of one wait. A part of whoever waits; takes itself off the wheel when destroyed.
class Deadline {
public:
    Deadline() = default;
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    void disarm() { tick_ = never; }

protected:
    ~Deadline() { unlink(); }

private:
    friend class Deadlines;
    using Tick = std::uint64_t;
    static constexpr Tick never = ~Tick{0};

    /// May arm or destroy any deadline, this one too.
    virtual void expired() = 0;
    void unlink();

    Tick tick_ = never;          // when it expires
    Tick visit_ = never;         // when the hand comes by; at most tick_
    Deadlines* wheel_ = nullptr; // on it while not null
    Deadline* next_ = nullptr;
    Deadline** link_ = nullptr; // what points to this one
};

/// All deadlines of one loop on a coarse wheel. A wait that is prolonged, which is what nearly all
/// do, only stores its new end: the hand moves it on when it comes by. Expires up to two ticks
/// late, never early; each arm() at most once. Used from its loop only.
class Deadlines {
public:
    static constexpr std::chrono::milliseconds tick{100};

    explicit Deadlines(asio::io_context& context);
    ~Deadlines();
    Deadlines(const Deadlines&) = delete;
    Deadlines& operator=(const Deadlines&) = delete;

    void arm(Deadline& deadline, std::chrono::milliseconds wait);

private:
    friend class Deadline;
    static constexpr std::size_t slots = 256; // 25.6 s a turn; what is later comes round again

    Deadline::Tick now() const;
    void link(Deadline& deadline);
    void run();
    void advance();

    asio::steady_timer timer_;
    std::chrono::steady_clock::time_point start_;
    std::array<Deadline*, slots> wheel_{};
    Deadline::Tick hand_ = 0; // the last tick that was visited
    std::size_t linked_ = 0;  // the timer runs while there are any
    bool running_ = false;
};

} // namespace portico::net
