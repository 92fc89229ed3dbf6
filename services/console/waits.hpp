#pragma once

#include "config/config.hpp"
#include "net/pool.hpp"
#include "net/task.hpp"
#include "services/console/waiting.hpp"
#include "services/http/exchange.hpp"
#include "services/mail/store.hpp"

#include <string>

namespace portico::console {

/// Answers programs that wait for a mail: the moment one that fits is committed, or at once if it
/// was before. Nothing polls: each waits until the store's watcher wakes it. Ends before the store.
class Waits {
public:
    Waits(const config::Console& options, mail::Store& store, net::Pool& pool);
    ~Waits();
    Waits(const Waits&) = delete;
    Waits& operator=(const Waits&) = delete;

    /// GET /api/v2/mail/wait: the first message that fits; 408 if none comes in time.
    net::Task<void> wait(http::Exchange& exchange);
    /// GET /api/v2/mail/events: all of them, as server-sent events, until the client leaves.
    net::Task<void> events(http::Exchange& exchange);

    /// For /metrics.
    std::string metrics() const;

private:
    friend class WaitingSession;

    mail::Store& store_;
    net::Pool& pool_;
    Waiting waiting_;
};

} // namespace portico::console
