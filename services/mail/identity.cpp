#include "services/mail/identity.hpp"

#include <bit>

namespace portico::mail {

namespace {

// The algorithm's own names (Aumasson and Bernstein, "SipHash: a fast short-input PRF").
struct State {
    std::uint64_t v0, v1, v2, v3;

    void rounds(int count)
    {
        for (int i = 0; i < count; ++i) {
            v0 += v1;
            v1 = std::rotl(v1, 13) ^ v0;
            v0 = std::rotl(v0, 32);
            v2 += v3;
            v3 = std::rotl(v3, 16) ^ v2;
            v0 += v3;
            v3 = std::rotl(v3, 21) ^ v0;
            v2 += v1;
            v1 = std::rotl(v1, 17) ^ v2;
            v2 = std::rotl(v2, 32);
        }
    }

    void compress(std::uint64_t word)
    {
        v3 ^= word;
        rounds(2);
        v0 ^= word;
    }
};

} // namespace

std::uint64_t siphash(IdBits key, std::uint64_t value)
{
    State state{key.low ^ 0x736f6d6570736575, key.high ^ 0x646f72616e646f6d,
                key.low ^ 0x6c7967656e657261, key.high ^ 0x7465646279746573};
    state.compress(value);
    state.compress(std::uint64_t{8} << 56); // the last word holds the length
    state.v2 ^= 0xff;
    state.rounds(4);
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

std::string Identities::make(std::int64_t key) const
{
    auto nonce = random_bits().high;
    return encode_id({nonce, static_cast<std::uint64_t>(key) ^ siphash(secret_, nonce)});
}

std::optional<std::int64_t> Identities::key_of(std::string_view id) const
{
    auto bits = decode_id(id);
    if (!bits) return std::nullopt;
    auto key = static_cast<std::int64_t>(bits->low ^ siphash(secret_, bits->high));
    if (key <= 0) return std::nullopt; // keys count from 1
    return key;
}

} // namespace portico::mail
