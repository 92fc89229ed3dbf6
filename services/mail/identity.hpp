#pragma once

#include "services/mail/id.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace portico::mail {

/// Makes the identities of one store's messages so that an identity leads back to the row's key
/// without an index. An index over random identities would dirty one page of its own for every
/// delivery once the store has grown; this way all that a delivery writes stays at the end of
/// its tables.
///
/// An identity is 64 random bits, then the key masked by a keyed hash of them: to everyone
/// without the store's secret 128 random bits, and as hard to guess. Two messages with different
/// keys never share one. The row keeps the identity too: what decodes is only where to look.
class Identities {
public:
    explicit Identities(IdBits secret) : secret_{secret} {}

    std::string make(std::int64_t key) const;
    /// The key that `id` leads to if it is one of ours; compare the row's identity with it.
    std::optional<std::int64_t> key_of(std::string_view id) const;

private:
    IdBits secret_;
};

/// SipHash-2-4 of the eight octets of `value` (low one first), with `key.low` as k0.
std::uint64_t siphash(IdBits key, std::uint64_t value);

} // namespace portico::mail
