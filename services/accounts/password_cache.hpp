#pragma once

#include "services/accounts/digest.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

namespace portico::accounts {

/// Passwords that were right a while ago, so that a client that logs in every minute does not cost
/// a crypt(3) each time. Of each there is a hash, made with a key that no other run of the process
/// has: what a memory dump without the key shows is no help to guess at it, and with the key it is
/// no more than a fast hash. That is the price, so the life is short and both can be set to none.
///
/// Bounded: past `most` any other goes. What was wrong is never kept. Knows no clock; not safe
/// from several threads, but for digest().
class PasswordCache {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// `key` is random. `most` 0: nothing is kept.
    PasswordCache(std::size_t most, std::chrono::milliseconds life, std::string key);

    /// What stands for `password` here. Of the account's name and stored hash as well, so that it
    /// is good for no other, nor once the hash has changed. From any thread.
    Sha256 digest(std::string_view name, std::string_view hash, std::string_view password) const;

    /// Whether this is what was kept for the account with this number, not longer ago than a life.
    bool has(std::size_t account, const Sha256& digest, Time now);

    /// The password was right now, by its stored hash.
    void keep(std::size_t account, const Sha256& digest, Time now);

    std::size_t size() const { return known_.size(); }

private:
    struct Known {
        Sha256 digest;
        Time until;
    };

    std::size_t most_;
    std::chrono::milliseconds life_;
    std::string key_;
    std::unordered_map<std::size_t, Known> known_; // by account
};

} // namespace portico::accounts
