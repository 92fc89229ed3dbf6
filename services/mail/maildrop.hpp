#pragma once

#include "services/mail/bodies.hpp"
#include "services/mail/readers.hpp"
#include "services/mail/store.hpp"
#include "services/mail/writer.hpp"

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

class SqliteMaildrop final : public Maildrop {
public:
    SqliteMaildrop(Readers& readers, const Bodies& bodies, Writer& writer, Locks::Lock lock,
                   Listing listing)
        : readers_{readers}, bodies_{bodies}, writer_{writer}, lock_{std::move(lock)},
          listing_{std::move(listing)}
    {
    }

    const std::vector<Message>& messages() const override { return listing_.messages; }
    std::unique_ptr<Reading> read(const Message& message) override;
    net::Task<std::expected<void, StoreError>> remove(std::vector<std::size_t> indices) override;

private:
    Readers& readers_;
    const Bodies& bodies_;
    Writer& writer_;
    Locks::Lock lock_;
    Listing listing_;
};

} // namespace portico::mail
