#pragma once

#include "net/pool.hpp"
#include "net/task.hpp"
#include "services/mail/changes.hpp"
#include "services/mail/read_ahead.hpp"
#include "services/mail/sqlite.hpp"
#include "services/mail/store.hpp"
#include "services/mail/trouble.hpp"

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace portico::mail {

/// What is in one mailbox.
struct Listing {
    std::int64_t mailbox = 0; // the row's id; 0: it never had mail
    std::vector<Message> messages;
};

/// A part of a body, or where it is.
struct Part {
    bool in_file;
    std::string bytes; // if it is not
};

/// One read-only connection. Every question is a transaction of its own, over when it is
/// answered, so that no reader keeps the WAL from being checkpointed. One thread at a time.
class Reader {
public:
    static sqlite::Result<std::unique_ptr<Reader>> open(const std::filesystem::path& file);

    /// Oldest first.
    sqlite::Result<Listing> listing(const std::string& mailbox);
    /// Newest first; of all mailboxes if `mailbox` is "".
    sqlite::Result<std::vector<Summary>> summaries(const std::string& mailbox, std::size_t most);
    sqlite::Result<std::optional<Message>> find(std::int64_t key, const std::string& id);
    /// Up to `size` octets of the body from `offset`.
    sqlite::Result<std::optional<Part>> body(std::int64_t key, std::uint64_t offset,
                                             std::size_t size);
    /// Adds the first of `messages` to `ahead`, and those behind it up to `wanted` octets in all;
    /// stops at one that is not in its row or does not go in. False if the first is gone.
    sqlite::Result<bool> read_ahead(std::span<const Message> messages, std::size_t wanted,
                                    ReadAhead& ahead);

    // Those of Store (reader_lists.cpp).
    sqlite::Result<std::vector<Arrival>> arrivals(std::int64_t after, std::size_t most);
    sqlite::Result<std::vector<Arrival>> newest(const std::string& mailbox, std::int64_t before,
                                                std::size_t most);
    sqlite::Result<std::vector<std::int64_t>> keys();
    sqlite::Result<std::vector<Marks>> marks();
    sqlite::Result<std::vector<MailboxSummary>> mailboxes(const std::string& after,
                                                          std::size_t most);
    /// Of those that are in the mailbox.
    sqlite::Result<Removal> removal_from(const std::string& mailbox,
                                         const std::vector<Named>& messages);

private:
    explicit Reader(sqlite::Database database) : database_{std::move(database)} {}

    std::vector<std::pair<sqlite::Statement*, const char*>> list_statements();
    /// A row of listing_: all of its columns come in one call.
    static void collect(sqlite3_context* call, int count, sqlite3_value** values);

    enum class Added : std::uint8_t { yes, no, gone };
    sqlite::Result<Added> add(const Message& message, ReadAhead& ahead);

    sqlite::Database database_;
    sqlite::Statement mailbox_;
    sqlite::Statement listing_;
    sqlite::Statement newest_;
    sqlite::Statement newest_in_;
    sqlite::Statement find_;
    sqlite::Statement body_;
    sqlite::Statement whole_body_;
    sqlite::Statement arrivals_;
    sqlite::Statement newest_of_;
    sqlite::Statement keys_;
    sqlite::Statement marks_;
    sqlite::Statement mailboxes_;
    sqlite::Statement in_mailbox_;
    sqlite::Statement begin_;
    sqlite::Statement end_;
    std::vector<Message>* collected_ = nullptr; // while listing_ runs
};

/// The readers: as many as work at once, which is what the pool has threads. From any thread.
class Readers {
public:
    /// `pool` and `log` outlive it.
    Readers(std::filesystem::path file, net::Pool& pool, net::Log& log)
        : file_{std::move(file)}, pool_{pool}, reading_{log, "reading mail"}
    {
    }

    /// The answer of `question`, a function of Reader& that runs on the pool.
    template <class Question,
              class Answer = typename std::invoke_result_t<Question, Reader&>::value_type>
    net::Task<std::expected<Answer, StoreError>> ask(Question question);

    net::Pool& pool() { return pool_; }
    Trouble& trouble() { return reading_; }

private:
    sqlite::Result<std::unique_ptr<Reader>> borrow();
    void give_back(std::unique_ptr<Reader> reader);

    std::filesystem::path file_;
    net::Pool& pool_;
    Trouble reading_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Reader>> free_;
};

template <class Question, class Answer>
net::Task<std::expected<Answer, StoreError>> Readers::ask(Question question)
{
    auto answer = co_await pool_.run([this, &question]() -> sqlite::Result<Answer> {
        auto reader = borrow();
        if (!reader) return std::unexpected(std::move(reader.error()));
        auto found = question(**reader);
        // A connection that met an error is not used again: a new one starts afresh.
        if (found) give_back(std::move(*reader));
        return found;
    });
    if (!answer) {
        reading_.failed(answer.error().what);
        const auto damaged = answer.error().kind == StoreError::damaged;
        co_return std::unexpected(damaged ? StoreError::damaged : StoreError::failing);
    }
    reading_.worked();
    co_return std::move(*answer);
}

} // namespace portico::mail
