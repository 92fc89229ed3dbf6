#pragma once

#include "net/task.hpp"
#include "services/mail/envelope.hpp"
#include "services/mail/error.hpp"
#include "services/mail/message.hpp"
#include "services/mail/statistics.hpp"
#include "services/mail/watcher.hpp"

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portico::mail {

/// A message while it arrives. Small ones, up to `[mail] inline_bytes`, wait in memory; larger ones
/// go to a file as they come, in pieces of up to 256 KiB. Dropped unless delivered:
/// destroying it (at any point between two awaits) leaves nothing behind. Ends before its store.
class Draft {
public:
    virtual ~Draft() = default;

    /// The message's identity from now on (see id.hpp).
    virtual const std::string& id() const = 0;

    /// Adds `bytes`, which need to stay valid until it returns. Waits when the disk is behind.
    /// After an error every later call gives the same error.
    virtual net::Task<std::expected<void, StoreError>> append(std::string_view bytes) = 0;

    /// Puts the message into the mailboxes of all its recipients, once in each. Durable when it
    /// returns without error; with an error it is in none. Call once, after the last append().
    virtual net::Task<std::expected<void, StoreError>> deliver() = 0;
};

/// A message's octets, in order, in pieces. Ends before its store.
class Reading {
public:
    virtual ~Reading() = default;

    /// The next piece, at most 256 KiB; empty at the end. `gone` if the message was removed.
    virtual net::Task<std::expected<std::string, StoreError>> next() = 0;
};

/// An exclusive session on one mailbox: a snapshot of what was in it when it was opened, oldest
/// first, undisturbed by deliveries that go on meanwhile. The lock ends with the object, which
/// ends before its store.
class Maildrop {
public:
    virtual ~Maildrop() = default;

    virtual const std::vector<Message>& messages() const = 0;
    virtual std::unique_ptr<Reading> read(const Message& message) = 0;

    /// The whole message at this index of messages(), if it is in memory; the octets stay valid
    /// until the next call of at_hand() or fetch(). Never waits.
    virtual std::optional<std::string_view> at_hand(std::size_t index)
    {
        (void)index;
        return std::nullopt;
    }

    /// Brings the message at this index to hand, and small ones that follow it. Whether it did,
    /// at_hand() tells: the store may have no memory for it, or it is large, and is read().
    /// `gone` if the message was removed.
    virtual net::Task<std::expected<void, StoreError>> fetch(std::size_t index)
    {
        (void)index;
        co_return std::expected<void, StoreError>{};
    }

    /// Removes the messages at these indices of messages() from this mailbox; durable when it
    /// returns without error, and then all of them are gone. Many are removed in steps, deliveries
    /// between them: with an error, or after a crash, some may be gone (RFC 1939 section 6).
    virtual net::Task<std::expected<void, StoreError>> remove(std::vector<std::size_t> indices) = 0;
};

/// A message as a list of the store shows it.
struct Summary {
    std::string id;
    std::string mailbox;
    std::string reverse_path;
    std::uint64_t size;
    std::chrono::system_clock::time_point received;
};

/// A mailbox as a list of the store shows it.
struct MailboxSummary {
    std::string name;
    std::uint64_t messages;
    std::uint64_t bytes;
};

/// The mail store (design: mail). Interface only, so that nothing but an implementation knows
/// SQL. Safe from every loop.
class Store {
public:
    template <class T>
    using Answer = net::Task<std::expected<T, StoreError>>;

    virtual ~Store() = default;

    virtual std::unique_ptr<Draft> begin(Envelope envelope) = 0;

    /// Opens the maildrop of `mailbox` (a name as accounts gives it); one that never had mail is
    /// empty, not an error. `in_use` if a session has it.
    virtual net::Task<std::expected<std::unique_ptr<Maildrop>, StoreError>>
    open(std::string mailbox) = 0;

    /// Up to `most` messages of `mailbox` ("": of all mailboxes), newest first.
    virtual net::Task<std::expected<std::vector<Summary>, StoreError>> list(std::string mailbox,
                                                                            std::size_t most) = 0;

    /// The message with this ID, or `gone`.
    virtual net::Task<std::expected<Message, StoreError>> find(std::string id) = 0;
    virtual std::unique_ptr<Reading> read(const Message& message) = 0;

    /// Removes a message from all mailboxes; durable when it returns. A session that has it in
    /// its snapshot finds it `gone`.
    virtual net::Task<std::expected<void, StoreError>> remove(std::string id) = 0;

    // What follows is for programs that show the store. One that cannot, says `failing`.

    /// Up to `most` messages with larger keys than `after`, in their order.
    virtual Answer<std::vector<Arrival>> arrivals(std::int64_t after, std::size_t most);
    /// The keys of all messages, in their order.
    virtual Answer<std::vector<std::int64_t>> keys();
    /// Of all messages that are read, or whose tags are not those they came with; by key.
    virtual Answer<std::vector<Marks>> marks();
    /// The key an identity of this store's leads to, whether the message is there (any more) or
    /// not. Waits for nothing.
    virtual std::optional<std::int64_t> key_of(std::string_view id) const
    {
        (void)id;
        return std::nullopt;
    }

    /// Those that are not there (any more) are passed over, here and in remove_each(). What is not
    /// given stays as it is. Done in steps, as all that follows: with an error, or after a crash,
    /// some may be done. Durable when it returns without error. Tags are texts without LF.
    virtual Answer<void> mark(std::vector<std::string> ids, std::optional<bool> read,
                              std::optional<std::vector<std::string>> tags);
    virtual Answer<void> mark_all(bool read);
    virtual Answer<void> remove_each(std::vector<std::string> ids);
    /// All that is there when it begins.
    virtual Answer<void> remove_all();

    /// Up to `most` mailboxes that have mail, with larger names than `after` (in octets), by name.
    virtual Answer<std::vector<MailboxSummary>> mailboxes(std::string after, std::size_t most);
    /// Up to `most` messages of `mailbox` with smaller keys than `before`, newest first.
    virtual Answer<std::vector<Arrival>> newest(std::string mailbox, std::int64_t before,
                                                std::size_t most);
    /// Takes messages out of one mailbox; in others they stay.
    virtual Answer<void> remove_from(std::string mailbox, std::vector<std::string> ids);
    virtual Answer<void> empty(std::string mailbox);

    /// From now on all that is committed is told to `watcher`, perhaps what just was, too. Nobody
    /// watching costs nothing. From any thread, but not from within a watcher.
    virtual void watch(Watcher& watcher) { (void)watcher; }
    /// When it returns, `watcher` is told nothing any more.
    virtual void unwatch(Watcher& watcher) { (void)watcher; }

    /// Waits for nothing. A store that does not count gives zeros.
    virtual StoreStatistics statistics() const { return {}; }
};

} // namespace portico::mail
