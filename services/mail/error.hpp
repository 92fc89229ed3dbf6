#pragma once

#include <cstdint>

namespace portico::mail {

/// Why the store could not do what it was asked. Nothing was changed, unless the operation says so.
enum class StoreError : std::uint8_t {
    full,         // no space is left, or the store's limit is reached; may pass (SMTP: 452)
    mailbox_full, // its limit is reached; may pass (SMTP: 452)
    failing,      // the disk or the database does not answer as it should; may pass (SMTP: 451)
    damaged,      // what was stored is not there as it was; will not pass (POP3: [SYS/PERM])
    gone,         // there is no such message (any more)
    in_use,       // another session has the maildrop (POP3: [IN-USE])
};

} // namespace portico::mail
