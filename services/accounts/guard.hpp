#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace portico::accounts {

/// Slows down those who guess: how long the answer to a failed login is to wait. It has no say
/// in one that succeeds, so that nobody is kept out because others guessed.
///
/// Counts failures by peer and by account, existing or not, and forgets one a minute. A success
/// forgives nothing: otherwise whoever has one account could guess at the others for free. Knows
/// no clock; not safe from several threads.
class Guard {
public:
    using Time = std::chrono::steady_clock::time_point;
    using Address = std::array<unsigned char, 16>; // IPv6; IPv4 as ::ffff:a.b.c.d

    static constexpr std::chrono::minutes forgotten_after{1}; // each failure
    static constexpr int most_remembered = 15;                // of one peer or account
    static constexpr int failures_to_the_maximum = 5;         // each before waits half as long

    /// Peers that are remembered, and as many accounts: 1 MiB at most. Past it those go that have
    /// the fewest failures left, an eighth at a time: who guesses with many names or addresses
    /// does not wash away who guesses hard.
    static constexpr std::size_t most_entries = 8192;

    /// `key` is random: it keeps the tables from being filled with collisions.
    Guard(std::chrono::milliseconds delay_max, bool delay_loopback, std::string key);

    /// A login as `account` has failed (without a name where none was understood).
    std::chrono::milliseconds failed(const Address& peer, std::optional<std::string_view> account,
                                     Time now);

    std::size_t entries() const { return peers_.size() + accounts_.size(); }

private:
    // When the last failure will be forgotten; each one adds a minute.
    using Table = std::unordered_map<std::uint64_t, Time>;

    std::uint64_t hash(std::string_view text) const;
    static int count(Table& table, std::uint64_t entry, Time now);
    static void make_room(Table& table, Time now);

    std::chrono::milliseconds delay_max_;
    bool delay_loopback_;
    std::string key_;
    Table peers_;
    Table accounts_;
};

/// One machine, or what one customer gets of IPv6: its /64.
Guard::Address network_of(Guard::Address peer);
bool is_loopback(const Guard::Address& peer);

} // namespace portico::accounts
