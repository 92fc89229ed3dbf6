#pragma once

#include "net/log.hpp"
#include "services/mail/expiry.hpp"
#include "services/mail/limits.hpp"
#include "services/mail/trouble.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string_view>

namespace portico::mail {

/// When it is expiry's turn in the writer's work, and what the log hears of it: at most one line a
/// minute. On the writer's thread.
class ExpiryTurns {
public:
    using Time = Expiry::Time;
    /// What time it is: of the age of mail.
    using Clock = std::function<Time()>;

    /// `log` outlives it.
    ExpiryTurns(net::Log& log, Clock clock)
        : log_{log}, trouble_{log, "expiring mail"}, clock_{std::move(clock)}
    {
    }

    Time now() const { return clock_(); }
    /// Whether a transaction may bring a step of it; not for a while after one failed.
    bool may() const { return clock_() >= again_; }
    /// Whether it has something to do of itself; `due` is what Expiry says of that.
    bool is_due(std::optional<Time> due) const;
    /// Until it has, or until the log is to hear of it.
    std::chrono::milliseconds until(std::optional<Time> due) const;

    void failed(std::string_view reason);
    void worked() { trouble_.worked(); }
    void went(const Count& expired) { went_ += expired; }
    /// If a minute has passed since the last time.
    void log();
    void log_now();

private:
    net::Log& log_;
    Trouble trouble_;
    Clock clock_;
    Time again_ = Time::min();     // after it failed
    Count went_;                   // that is not in the log yet
    Time next_line_ = Time::min(); // not before
};

} // namespace portico::mail
