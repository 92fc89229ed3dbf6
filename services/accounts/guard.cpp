#include "services/accounts/guard.hpp"

#include "services/accounts/digest.hpp"
#include "services/accounts/name.hpp"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

namespace portico::accounts {

namespace {

constexpr Guard::Address mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}; // RFC 4291 2.5.5.2

bool is_mapped(const Guard::Address& peer)
{
    return std::equal(peer.begin(), peer.begin() + 12, mapped.begin());
}

} // namespace

Guard::Address network_of(Guard::Address peer)
{
    if (!is_mapped(peer)) std::fill(peer.begin() + 8, peer.end(), static_cast<unsigned char>(0));
    return peer;
}

bool is_loopback(const Guard::Address& peer)
{
    constexpr Guard::Address loopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    return peer == loopback || (is_mapped(peer) && peer[12] == 127);
}

Guard::Guard(std::chrono::milliseconds delay_max, bool delay_loopback, std::string key)
    : delay_max_{delay_max}, delay_loopback_{delay_loopback}, key_{std::move(key)}
{
}

std::chrono::milliseconds Guard::failed(const Address& peer,
                                        std::optional<std::string_view> account, Time now)
{
    if (delay_max_.count() <= 0 || (is_loopback(peer) && !delay_loopback_)) return {};
    const auto network = network_of(peer);
    int failures =
        count(peers_, hash({reinterpret_cast<const char*>(network.data()), network.size()}), now);
    if (account) failures = std::max(failures, count(accounts_, hash(lowered(*account)), now));
    const int halvings = std::max(0, failures_to_the_maximum - failures);
    return delay_max_ / (1 << halvings);
}

std::uint64_t Guard::hash(std::string_view text) const
{
    const auto digest = hmac_sha256(key_, text);
    std::uint64_t entry = 0;
    std::memcpy(&entry, digest.data(), sizeof entry);
    return entry;
}

int Guard::count(Table& table, std::uint64_t entry, Time now)
{
    if (table.size() >= most_entries && !table.contains(entry)) make_room(table, now);
    auto& forgotten = table[entry];
    forgotten = std::min(std::max(forgotten, now) + forgotten_after,
                         now + most_remembered * forgotten_after);
    // A minute that has begun counts whole.
    return static_cast<int>((forgotten - now + forgotten_after - Time::duration{1}) /
                            forgotten_after);
}

void Guard::make_room(Table& table, Time now)
{
    std::erase_if(table, [now](const auto& entry) { return entry.second <= now; });
    constexpr auto room = most_entries / 8;
    if (table.size() <= most_entries - room) return;
    std::vector<std::pair<Time, std::uint64_t>> entries;
    entries.reserve(table.size());
    for (const auto& [entry, forgotten] : table) entries.emplace_back(forgotten, entry);
    const auto end = entries.begin() + room;
    std::nth_element(entries.begin(), end, entries.end());
    for (auto least = entries.begin(); least != end; ++least) table.erase(least->second);
}

} // namespace portico::accounts
