#pragma once

#include "net/task.hpp"
#include "services/http/exchange.hpp"
#include "services/mail/store.hpp"

namespace portico::console {

/// Mailboxes one by one: what keeps parallel tests apart.
class Mailboxes {
public:
    /// `store` outlives it.
    explicit Mailboxes(mail::Store& store) : store_{store} {}

    /// GET /api/v2/mailboxes: those that have mail, by name; ?after=NAME, ?limit=N.
    net::Task<void> list(http::Exchange& exchange);
    /// GET /api/v2/mailboxes/{name}/messages: newest first; ?before=ID, ?limit=N.
    net::Task<void> messages(http::Exchange& exchange);
    /// DELETE of the same: empties it, or takes the messages of ?id= out of it; others keep theirs.
    net::Task<void> remove(http::Exchange& exchange);

private:
    mail::Store& store_;
};

} // namespace portico::console
