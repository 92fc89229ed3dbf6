#include "services/accounts/scram_cache.hpp"

#include <utility>

namespace portico::accounts {

std::optional<ScramKeys> ScramCache::find(const std::string& salt)
{
    if (auto found = young_.find(salt); found != young_.end()) return found->second;
    auto found = old_.find(salt);
    if (found == old_.end()) return std::nullopt;
    auto keys = std::move(found->second);
    old_.erase(found);
    keep(keys);
    return keys;
}

void ScramCache::keep(ScramKeys keys)
{
    if (young_.size() >= generation) old_ = std::exchange(young_, {});
    auto salt = keys.salt;
    young_.insert_or_assign(std::move(salt), std::move(keys));
}

} // namespace portico::accounts
