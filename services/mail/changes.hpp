#pragma once

#include "services/mail/bodies.hpp"
#include "services/mail/budget.hpp"
#include "services/mail/counters.hpp"
#include "services/mail/error.hpp"
#include "services/mail/limits.hpp"
#include "services/mail/mark_table.hpp"
#include "services/mail/sqlite.hpp"
#include "services/mail/watcher.hpp"

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace portico::mail {

/// A message that is whole.
struct Delivery {
    std::int64_t key;
    std::string id;
    std::int64_t received; // milliseconds since 1970
    std::uint64_t size;
    std::string reverse_path;
    std::string parameters;             // of MAIL: "BODY=8BITMIME SMTPUTF8"
    std::int64_t traits;                // see traits.hpp
    std::uint64_t checksum;             // of the body, see checksum.hpp
    std::string recipients;             // one a line, with the parameters of RCPT
    std::vector<std::string> mailboxes; // each once
    std::variant<Buffer, BodyFile> body;
    std::optional<Refusal> refusal = {}; // once applied: the limit it does not fit in

    /// What watchers are told of it, once it is durable; takes its texts.
    Arrival arrival();
};

/// What one transaction removes: some 10 ms of work, of which freeing the pages of large bodies
/// takes the most.
inline constexpr std::size_t most_removed = 500;
inline constexpr std::size_t most_removed_bytes = 4 << 20;

/// What marking is done in one: about as much.
inline constexpr std::size_t most_marked = 1000;

/// How far a change has come that is done in steps: each transaction takes the next of a list.
struct Progress {
    std::size_t done = 0; // in transactions that are committed
    std::size_t step = 0; // in the one that goes on
};

/// Messages that leave one mailbox, in steps.
struct Removal {
    std::int64_t mailbox;
    std::vector<std::int64_t> keys;
    Cause cause = Cause::session;
    Progress progress = {};

    std::size_t left() const { return keys.size() - progress.done; }
};

/// A message by its key and, unless it is "", its identity.
struct Named {
    std::int64_t key;
    std::string id;
};

/// Messages that leave all mailboxes, in steps; what is not there is passed over.
struct RemovalOfMany {
    std::vector<Named> messages;
    Cause cause = Cause::command;
    Progress progress = {};

    std::size_t left() const { return messages.size() - progress.done; }
};

/// What readers make of messages, in steps; what is not given stays, what is not there is passed
/// over.
struct Marking {
    std::vector<Named> messages;
    std::optional<bool> read;
    std::optional<std::vector<std::string>> tags;
    Progress progress = {};

    std::size_t left() const { return messages.size() - progress.done; }
};

/// A message that leaves all mailboxes; `gone` if there is none.
struct RemovalEverywhere {
    std::int64_t key;
    std::string id;
};

using Change = std::variant<Delivery, Removal, RemovalEverywhere, RemovalOfMany, Marking>;
using Outcome = std::expected<void, StoreError>;

/// Null: it is done in one transaction.
Progress* progress(Change& change);
/// Of one that is done in steps: so many messages. 0: it is over.
std::size_t left(const Change& change);

/// What a transaction has done beside deliveries that watchers are to know.
struct Happenings {
    struct Removed {
        Cause cause;
        std::vector<std::int64_t> keys; // of messages that are in no mailbox any more
    };
    std::vector<Removed> removed;
    std::vector<Marks> marked;
};

/// A message as its removal needs it.
struct Oldest {
    std::int64_t key;
    std::string id;
    std::int64_t received; // milliseconds since 1970
};

/// What changes do to the rows. The caller makes the transactions around it; on one thread.
class Changes {
public:
    /// What it is given outlives it.
    static sqlite::Result<std::unique_ptr<Changes>>
    prepare(sqlite::Database& database, const Limits& limits, Counters& counters);

    /// An error of the database means: roll back. The identities of bodies whose file is not
    /// needed once this is committed are added to `unneeded`. Of a removal it does as much as one
    /// transaction should, all removals in it together, so that deliveries need not wait for more.
    sqlite::Result<Outcome> apply(Change& change, std::vector<std::string>& unneeded);

    /// The oldest of all messages.
    sqlite::Result<std::optional<Oldest>> oldest();
    /// Takes a message out of all mailboxes, or the oldest one out of this mailbox. How often it
    /// was in one, and its octets as often.
    sqlite::Result<Count> remove(const Oldest& message, std::vector<std::string>& unneeded);
    sqlite::Result<Count> remove_oldest_of(std::int64_t mailbox,
                                           std::vector<std::string>& unneeded);

    /// From here on as much may be removed as one transaction should, and it is for this.
    void begin_step(Cause cause = Cause::command)
    {
        removed_ = removed_bytes_ = marked_ = 0;
        cause_ = cause;
    }
    std::size_t removed_in_step() const { return removed_; }
    bool step_is_full() const
    {
        return removed_ >= most_removed || removed_bytes_ >= most_removed_bytes;
    }
    /// What was applied did not happen.
    void rolled_back()
    {
        mailboxes_.clear();
        happenings_ = {};
    }
    /// What was applied since the last call, and is committed.
    Happenings committed() { return std::exchange(happenings_, {}); }

private:
    Changes(const Limits& limits, Counters& counters) : limits_{limits}, counters_{counters} {}

    sqlite::Result<Outcome> apply(Delivery& delivery, std::vector<std::string>& unneeded);
    sqlite::Result<Outcome> apply(Removal& removal, std::vector<std::string>& unneeded);
    sqlite::Result<Outcome> apply(const RemovalEverywhere& removal,
                                  std::vector<std::string>& unneeded);
    sqlite::Result<Outcome> apply(RemovalOfMany& removal, std::vector<std::string>& unneeded);
    sqlite::Result<Outcome> apply(Marking& marking, std::vector<std::string>& unneeded);
    sqlite::Result<std::int64_t> mailbox(const std::string& name);
    bool has_room(Delivery& delivery, const Count& now, const Limit& limit,
                  const std::string& mailbox) const;
    sqlite::Result<Count> let_go(sqlite::Rows rows);
    sqlite::Result<void> remove_message(std::int64_t key, std::vector<std::string>& unneeded);

    Limits limits_;
    Counters& counters_;
    std::unique_ptr<MarkTable> marks_;
    sqlite::Statement find_mailbox_;
    sqlite::Statement add_mailbox_;
    sqlite::Statement add_message_;
    sqlite::Statement add_delivery_;
    sqlite::Statement remove_delivery_;
    sqlite::Statement remove_deliveries_;
    sqlite::Statement remove_message_;
    sqlite::Statement oldest_;
    sqlite::Statement oldest_of_;
    std::unordered_map<std::string, std::int64_t> mailboxes_; // ids of names met lately
    // In this step:
    std::size_t removed_ = 0;       // out of a mailbox
    std::size_t removed_bytes_ = 0; // that were in rows
    std::size_t marked_ = 0;
    Cause cause_ = Cause::command;
    Happenings happenings_; // of this transaction
};

} // namespace portico::mail
