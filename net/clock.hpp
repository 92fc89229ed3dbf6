#pragma once

#include <chrono>
#include <ctime>

namespace portico::net {

/// How long the kernel's last tick may be ago.
inline constexpr std::chrono::milliseconds coarsest{10};

/// What std::chrono::steady_clock said at the kernel's last tick: exact enough for deadlines, and
/// costs no reading of the processor's counter.
inline std::chrono::steady_clock::time_point coarse_now()
{
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return std::chrono::steady_clock::time_point{std::chrono::seconds{time.tv_sec} +
                                                 std::chrono::nanoseconds{time.tv_nsec}};
}

} // namespace portico::net
