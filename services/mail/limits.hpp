#pragma once

#include "config/config.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace portico::mail {

/// Messages and their octets. Of a difference both may be negative.
struct Count {
    std::int64_t messages = 0;
    std::int64_t bytes = 0;

    void add(std::int64_t size) { ++messages, bytes += size; }
    void remove(std::int64_t size) { --messages, bytes -= size; }
    Count& operator+=(const Count& other)
    {
        messages += other.messages;
        bytes += other.bytes;
        return *this;
    }
    bool operator==(const Count&) const = default;
};

/// What a mailbox, or all of them together, may hold. 0: as much as comes.
struct Limit {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;

    bool any() const { return messages != 0 || bytes != 0; }
    bool holds(const Count& count) const { return past(count).empty(); }
    /// What `count` is past: "messages", "bytes", or "".
    std::string_view past(const Count& count) const
    {
        auto is_past = [](std::uint64_t limit, std::int64_t value) {
            return limit != 0 && value > 0 && static_cast<std::uint64_t>(value) > limit;
        };
        if (is_past(messages, count.messages)) return "messages";
        if (is_past(bytes, count.bytes)) return "bytes";
        return "";
    }
};

/// The limits of `[mail]`.
struct Limits {
    Limit all;
    Limit mailbox;
    std::chrono::milliseconds max_age{0}; // 0: none
    bool expire = false;                  // the oldest go; else new mail is refused

    explicit Limits(const config::Mail& mail)
        : all{mail.max_messages, mail.max_bytes}, mailbox{mail.max_mailbox_messages,
                                                          mail.max_mailbox_bytes},
          max_age{mail.max_age}, expire{mail.when_full == config::Mail::WhenFull::expire}
    {
    }
};

/// Which limit refused a message.
struct Refusal {
    std::string mailbox;    // "": that of the store
    std::string_view limit; // the key in [mail]
};

} // namespace portico::mail
