#pragma once

#include "services/accounts/scram.hpp"

#include <optional>
#include <string>
#include <unordered_map>

namespace portico::accounts {

/// SCRAM keys that were computed already, by their salts, which are one a user name. Names that
/// nobody has are kept like all others, so that the second try at one is as quick as at a real
/// one. Bounded: once a generation is full, what was not used since the one before is dropped.
/// Not safe from several threads.
class ScramCache {
public:
    static constexpr std::size_t generation = 4096; // about 1 MiB, and as much of the one before

    std::optional<ScramKeys> find(const std::string& salt);
    void keep(ScramKeys keys);

    std::size_t size() const { return young_.size() + old_.size(); }

private:
    std::unordered_map<std::string, ScramKeys> young_;
    std::unordered_map<std::string, ScramKeys> old_;
};

} // namespace portico::accounts
