#include "services/accounts/password_cache.hpp"

#include <utility>

namespace portico::accounts {

PasswordCache::PasswordCache(std::size_t most, std::chrono::milliseconds life, std::string key)
    : most_{most}, life_{life}, key_{std::move(key)}
{
}

Sha256 PasswordCache::digest(std::string_view name, std::string_view hash,
                             std::string_view password) const
{
    // Each with its length before it: no two triples make the same text.
    std::string text;
    text.reserve(3 * sizeof(std::size_t) + name.size() + hash.size() + password.size());
    const Wiper wiper{text};
    for (const auto part : {name, hash, password}) {
        const std::size_t size = part.size();
        text.append(reinterpret_cast<const char*>(&size), sizeof size).append(part);
    }
    return hmac_sha256(key_, text);
}

bool PasswordCache::has(std::size_t account, const Sha256& digest, Time now)
{
    const auto found = known_.find(account);
    if (found == known_.end()) return false;
    if (now >= found->second.until) {
        known_.erase(found);
        return false;
    }
    return equal_in_constant_time(view(found->second.digest), view(digest));
}

void PasswordCache::keep(std::size_t account, const Sha256& digest, Time now)
{
    if (most_ == 0) return;
    if (known_.size() >= most_ && !known_.contains(account)) known_.erase(known_.begin());
    known_.insert_or_assign(account, Known{digest, now + life_});
}

} // namespace portico::accounts
