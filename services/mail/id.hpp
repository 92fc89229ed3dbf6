#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace portico::mail {

/// A new message's identity: 128 random bits as 22 characters of [0-9A-Za-z]. Also its UIDL.
std::string new_id();

bool is_id(std::string_view text);

/// The 128 bits an identity stands for.
struct IdBits {
    std::uint64_t high;
    std::uint64_t low;

    bool operator==(const IdBits&) const = default;
};

std::string encode_id(IdBits bits);

/// Nothing if `id` is no identity, or is beyond 128 bits (22 such characters hold a bit more).
std::optional<IdBits> decode_id(std::string_view id);

/// Bits from the system's generator.
IdBits random_bits();

} // namespace portico::mail
