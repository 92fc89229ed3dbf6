#pragma once

#include "services/mail/bodies.hpp"
#include "services/mail/budget.hpp"
#include "services/mail/error.hpp"
#include "services/mail/sqlite.hpp"

#include <cstdint>
#include <expected>
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
    std::string recipients;             // one a line, with the parameters of RCPT
    std::vector<std::string> mailboxes; // each once
    std::variant<Buffer, BodyFile> body;
};

/// Messages that leave one mailbox.
struct Removal {
    std::int64_t mailbox;
    std::vector<std::int64_t> keys;
};

/// A message that leaves all mailboxes; `gone` if there is none.
struct RemovalEverywhere {
    std::int64_t key;
    std::string id;
};

using Change = std::variant<Delivery, Removal, RemovalEverywhere>;
using Outcome = std::expected<void, StoreError>;

/// What changes do to the rows. The caller makes the transactions around it; on one thread.
class Changes {
public:
    /// `database` outlives this.
    static sqlite::Result<std::unique_ptr<Changes>> prepare(sqlite::Database& database);

    /// An error of the database means: roll back. The identities of bodies whose file is not
    /// needed once this is committed are added to `unneeded`.
    sqlite::Result<Outcome> apply(const Change& change, std::vector<std::string>& unneeded);

    /// What was applied did not happen.
    void rolled_back() { mailboxes_.clear(); }

private:
    explicit Changes(sqlite::Database& database) : database_{database} {}

    sqlite::Result<Outcome> apply(const Delivery& delivery, std::vector<std::string>& unneeded);
    sqlite::Result<Outcome> apply(const Removal& removal, std::vector<std::string>& unneeded);
    sqlite::Result<Outcome> apply(const RemovalEverywhere& removal,
                                  std::vector<std::string>& unneeded);
    sqlite::Result<std::int64_t> mailbox(const std::string& name);
    sqlite::Result<void> collect(sqlite::Rows rows, std::vector<std::string>& unneeded);

    sqlite::Database& database_;
    sqlite::Statement find_mailbox_;
    sqlite::Statement add_mailbox_;
    sqlite::Statement add_message_;
    sqlite::Statement add_delivery_;
    sqlite::Statement remove_delivery_;
    sqlite::Statement remove_deliveries_;
    sqlite::Statement remove_message_;
    std::unordered_map<std::string, std::int64_t> mailboxes_; // ids of names met lately
};

} // namespace portico::mail
