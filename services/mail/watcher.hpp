#pragma once

#include "services/mail/message.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace portico::mail {

/// A message as the store knows it without its octets.
struct Arrival {
    std::int64_t key; // of its beginning: a long one may come behind others with larger keys
    std::string id;
    std::chrono::sys_time<std::chrono::milliseconds> received;
    std::uint64_t size;                  // octets, as stored
    std::string reverse_path;            // without angle brackets; "" is the null one
    std::vector<std::string> recipients; // addresses, as the client gave them
    std::vector<std::string> mailboxes;  // it was put into
    std::string username = {};           // who had logged in; "": nobody

    /// For Store::read(). What POP3 has to know besides is not in it.
    Message message() const
    {
        Message made{.key = key, .size = size, .id = {}};
        std::copy_n(id.begin(), std::min(id.size(), made.id.size()), made.id.begin());
        return made;
    }
};

/// What readers have made of a message. One that has none is unread and has the tags it came with.
struct Marks {
    std::int64_t key;
    bool read = false;
    std::optional<std::vector<std::string>> tags = {}; // instead of those it came with

    bool operator==(const Marks&) const = default;
};

/// Why a message is gone.
enum class Cause : std::uint8_t {
    command, // somebody asked for it by its identity, or for its mailbox to be emptied
    session, // POP3's DELE
    expiry,  // the limits of `[mail]`
    all,     // somebody asked for all of them
};

/// Is told what has happened in the store, in the order of the commits: when it is durable, and
/// before those who wait for it are answered. On the writer's thread, which waits meanwhile: hand
/// over and return. Ends after Store::unwatch().
class Watcher {
public:
    virtual ~Watcher() = default;

    virtual void arrived(std::span<const Arrival> messages) { (void)messages; }

    /// Messages that are in no mailbox any more.
    virtual void removed(std::span<const std::int64_t> keys, Cause cause)
    {
        (void)keys;
        (void)cause;
    }

    /// As they are now, whole.
    virtual void marked(std::span<const Marks> marks) { (void)marks; }
};

} // namespace portico::mail
