#pragma once

#include "services/store/progress_line.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace portico::store {

/// Draws how far something is on standard error, if that is a terminal, ten times a second; at its
/// end nothing of it is left. Before anything else is
/// written to the terminal: clear().
class Meter {
public:
    /// `item` is what is counted beside octets: "messages"; "": nothing.
    explicit Meter(std::string what, std::string item = "messages");
    ~Meter();
    Meter(const Meter&) = delete;
    Meter& operator=(const Meter&) = delete;

    void show(std::uint64_t done, std::uint64_t total, std::uint64_t items);
    /// Something else begins.
    void now(std::string what);
    /// A line on standard error, "portico: " in front of it.
    void say(std::string_view line);
    /// Makes room for a line of something else.
    void clear();

private:
    using Clock = std::chrono::steady_clock;

    std::string what_;
    std::string item_;
    bool terminal_;
    bool drawn_ = false;
    Clock::time_point began_ = Clock::now();
    Clock::time_point drawn_at_ = {};
};

} // namespace portico::store
