#pragma once

#include "services/mail/bodies.hpp"
#include "services/mail/budget.hpp"
#include "services/mail/error.hpp"
#include "services/mail/sqlite.hpp"

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
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
};

/// What one transaction removes: some 10 ms of work, of which freeing the pages of large bodies
/// takes the most.
inline constexpr std::size_t most_removed = 500;
inline constexpr std::size_t most_removed_bytes = 4 << 20;

/// Messages that leave one mailbox, in steps: each transaction takes the next of the keys.
struct Removal {
    std::int64_t mailbox;
    std::vector<std::int64_t> keys;
    std::size_t removed = 0; // in transactions that are committed
    std::size_t step = 0;    // in the one that goes on

    std::size_t left() const { return keys.size() - removed; }
};

/// A message that leaves all mailboxes; `gone` if there is none.
struct RemovalEverywhere {
    std::int64_t key;
    std::string id;
};

/// Messages and their octets. Of a difference both may be negative.
struct Count {
    std::int64_t messages = 0;
    std::int64_t bytes = 0;

    void add(std::int64_t size) { ++messages, bytes += size; }
    void remove(std::int64_t size) { --messages, bytes -= size; }
};

using Change = std::variant<Delivery, Removal, RemovalEverywhere>;
using Outcome = std::expected<void, StoreError>;

/// What changes do to the rows. The caller makes the transactions around it; on one thread.
class Changes {
public:
    /// `database` outlives this.
    static sqlite::Result<std::unique_ptr<Changes>> prepare(sqlite::Database& database);

    /// An error of the database means: roll back. The identities of bodies whose file is not
    /// needed once this is committed are added to `unneeded`. Of a removal it does as much as one
    /// transaction should, all removals in it together, so that deliveries need not wait for more.
    sqlite::Result<Outcome> apply(Change& change, std::vector<std::string>& unneeded);

    /// Writes what was applied into the counters of `mailbox` and `store`, once for all of it.
    /// Last in the transaction.
    sqlite::Result<void> count();

    void committed() { forget(); }
    /// What was applied did not happen.
    void rolled_back();

private:
    explicit Changes(sqlite::Database& database) : database_{database} {}

    sqlite::Result<Outcome> apply(const Delivery& delivery, std::vector<std::string>& unneeded);
    sqlite::Result<Outcome> apply(Removal& removal, std::vector<std::string>& unneeded);
    sqlite::Result<Outcome> apply(const RemovalEverywhere& removal,
                                  std::vector<std::string>& unneeded);
    sqlite::Result<std::int64_t> mailbox(const std::string& name);
    void forget();
    sqlite::Result<std::size_t> let_go(sqlite::Rows rows);
    sqlite::Result<void> remove_message(std::int64_t key, std::vector<std::string>& unneeded);

    sqlite::Database& database_;
    sqlite::Statement find_mailbox_;
    sqlite::Statement add_mailbox_;
    sqlite::Statement add_message_;
    sqlite::Statement add_delivery_;
    sqlite::Statement remove_delivery_;
    sqlite::Statement remove_deliveries_;
    sqlite::Statement remove_message_;
    sqlite::Statement count_mailbox_;
    sqlite::Statement count_store_;
    std::unordered_map<std::string, std::int64_t> mailboxes_; // ids of names met lately
    // What the transaction has changed so far.
    std::map<std::int64_t, Count> in_mailboxes_;
    Count in_all_;
    std::size_t removed_ = 0;
    std::size_t removed_bytes_ = 0; // of those that were in rows
};

} // namespace portico::mail
