#pragma once

#include "services/mail/bodies.hpp"
#include "services/mail/budget.hpp"
#include "services/mail/read_ahead.hpp"
#include "services/mail/readers.hpp"
#include "services/mail/store.hpp"
#include "services/mail/writer.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace portico::mail {

/// Which mailboxes have a session. From any thread; outlives its locks.
class Locks {
public:
    class Lock {
    public:
        Lock(Locks& locks, std::string name) : locks_{&locks}, name_{std::move(name)} {}
        ~Lock();
        Lock(Lock&& other) noexcept
            : locks_{std::exchange(other.locks_, nullptr)}, name_{std::move(other.name_)}
        {
        }
        Lock& operator=(Lock&&) = delete;

    private:
        Locks* locks_;
        std::string name_;
    };

    /// Nothing if another session has it.
    std::optional<Lock> take(const std::string& name);

private:
    std::mutex mutex_;
    std::unordered_set<std::string> taken_;
};

class SqliteReading final : public Reading {
public:
    SqliteReading(Readers& readers, const Bodies& bodies, const Message& message)
        : readers_{readers}, bodies_{bodies}, message_{message}
    {
    }

    net::Task<std::expected<std::string, StoreError>> next() override;

private:
    net::Task<std::expected<std::string, StoreError>> next_of_row();
    net::Task<std::expected<std::string, StoreError>> next_of_file();

    Readers& readers_;
    const Bodies& bodies_;
    Message message_;
    std::uint64_t offset_ = 0;
    bool started_ = false;
    OpenBody file_; // of a large message, once we know that it is one
};

/// What sessions work with; the store's, which outlives them.
struct MaildropTools {
    Readers& readers;
    const Bodies& bodies;
    Writer& writer;
    Budget& read_ahead;                        // `[mail] read_ahead_bytes`
    const std::atomic<std::uint64_t>& removed; // how many messages, from under sessions
};

class SqliteMaildrop final : public Maildrop {
public:
    SqliteMaildrop(MaildropTools tools, Locks::Lock lock, Listing listing)
        : tools_{tools}, lock_{std::move(lock)}, listing_{std::move(listing)}, ahead_{
                                                                                   tools.read_ahead}
    {
    }

    const std::vector<Message>& messages() const override { return listing_.messages; }
    std::unique_ptr<Reading> read(const Message& message) override;
    std::optional<std::string_view> at_hand(std::size_t index) override;
    net::Task<std::expected<void, StoreError>> fetch(std::size_t index) override;
    net::Task<std::expected<void, StoreError>> remove(std::vector<std::size_t> indices) override;

private:
    MaildropTools tools_;
    Locks::Lock lock_;
    Listing listing_;
    ReadAhead ahead_;
    std::uint64_t removed_ = 0; // when it was read
};

} // namespace portico::mail
