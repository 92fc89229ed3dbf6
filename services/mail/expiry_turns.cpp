#include "services/mail/expiry_turns.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace portico::mail {

bool ExpiryTurns::is_due(std::optional<Time> due) const
{
    return due && std::max(*due, again_) <= clock_();
}

/// A clock that is set back or forward is noticed within the hour.
std::chrono::milliseconds ExpiryTurns::until(std::optional<Time> due) const
{
    using namespace std::chrono;
    constexpr milliseconds longest = 1h;
    if (due) due = std::max(*due, again_);
    if (went_.messages > 0) due = std::min(due.value_or(next_line_), next_line_);
    if (!due) return longest;
    auto now = clock_();
    // One more, since it is rounded down.
    return *due <= now ? 0ms : std::min(longest, duration_cast<milliseconds>(*due - now) + 1ms);
}

void ExpiryTurns::failed(std::string_view reason)
{
    constexpr auto pause = std::chrono::seconds{10};
    trouble_.failed(reason);
    again_ = clock_() + pause;
}

void ExpiryTurns::log()
{
    if (clock_() >= next_line_) log_now();
}

void ExpiryTurns::log_now()
{
    if (went_.messages == 0) return;
    log_.write(net::Level::info,
               fmt::format("expired {} message{} ({} octets) by the limits of "
                           "[mail]",
                           went_.messages, went_.messages == 1 ? "" : "s", went_.bytes));
    went_ = {};
    next_line_ = clock_() + std::chrono::minutes{1};
}

} // namespace portico::mail
