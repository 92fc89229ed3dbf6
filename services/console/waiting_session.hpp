#pragma once

#include "services/console/waiting.hpp"
#include "services/console/waits.hpp"
#include "services/console/wish.hpp"
#include "services/http/exchange.hpp"
#include "services/mail/store.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace portico::console {

/// One request that waits for mail. On its connection's loop; ends before the exchange.
class WaitingSession {
public:
    using Clock = std::chrono::steady_clock;
    enum class Event : std::uint8_t {
        found,    // in found()
        idle,     // time is up
        left,     // the client has
        stopping, // the server is
        failing,  // the store is
    };
    struct Found {
        std::string id;
        std::string document; // JSON on one line
    };

    WaitingSession(Waits& waits, http::Exchange& exchange, Wish wish, net::Executor loop);
    ~WaitingSession();
    WaitingSession(const WaitingSession&) = delete;
    WaitingSession& operator=(const WaitingSession&) = delete;

    /// Whether there was room for one more.
    bool has_place() const { return place_ != nullptr; }
    /// Finds where `since` is, before all else. False: it is neither an ID nor a time.
    net::Task<std::expected<bool, mail::StoreError>> start();
    /// The next message that fits, older ones first.
    net::Task<Event> next(Clock::time_point until);
    const Found& found() const { return found_; }

private:
    struct Link { // what wakes the connection, for as long as it is there
        net::Connection* peer;
    };
    /// What was committed before, page after page.
    struct Backlog {
        std::int64_t after;                                 // the next page begins
        std::optional<std::vector<std::int64_t>> only = {}; // in their order
        std::optional<std::chrono::sys_time<std::chrono::milliseconds>> since = {};
    };

    net::Task<std::expected<std::int64_t, mail::StoreError>>
    begin_of(std::chrono::sys_time<std::chrono::milliseconds> time);
    bool is_in_backlog(const mail::Arrival& arrival) const;
    net::Task<std::optional<Event>> look_back(Clock::time_point until);
    net::Task<bool> look_at_candidates();
    net::Task<bool> examine(const mail::Arrival& arrival);
    net::Task<std::optional<Event>> sleep(Clock::time_point until);

    Waits& waits_;
    http::Exchange& exchange_;
    const Wish wish_;
    std::shared_ptr<Link> link_;
    std::shared_ptr<Waiting::Place> place_;
    std::optional<Backlog> backlog_;
    std::deque<mail::Arrival> page_;
    std::deque<Waiting::Candidate> candidates_;
    std::deque<std::int64_t> told_; // the last ones
    Found found_;
};

} // namespace portico::console
