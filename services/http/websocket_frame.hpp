#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace portico::http::websocket {

/// RFC 6455 section 5.2. From 8 on a frame is a control frame.
enum class Opcode : std::uint8_t {
    continuation = 0,
    text = 1,
    binary = 2,
    close = 8,
    ping = 9,
    pong = 10,
};

constexpr bool is_control(Opcode opcode)
{
    return static_cast<unsigned>(opcode) >= 8;
}

inline constexpr std::size_t most_control_octets = 125; // section 5.5

/// Why a connection is closed (section 7.4.1). 3000 to 4999 are others' to define.
enum class CloseCode : std::uint16_t {
    normal = 1000,
    going_away = 1001,
    protocol_error = 1002,
    unsupported_data = 1003,
    no_status = 1005, // never in a frame: a Close frame had no code
    abnormal = 1006,  // never in a frame: no Close frame came
    invalid_data = 1007,
    policy_violation = 1008,
    too_big = 1009,
    internal_error = 1011,
    service_restart = 1012, // this and the next: IANA's registry
    try_again_later = 1013,
};

/// Whether a Close frame may carry this code.
bool may_be_sent(CloseCode code);

/// Adds a frame as a server writes it: not masked (section 5.1), its length in the fewest octets.
/// A control frame has at most most_control_octets and is never a fragment.
void append_frame(std::string& output, Opcode opcode, std::string_view payload, bool fin = true);

/// What a Close frame carries (section 5.5.1): nothing for no_status, else code and reason, which
/// is cut between two characters where it is too long.
std::string close_payload(CloseCode code, std::string_view reason);

using MaskingKey = std::array<unsigned char, 4>;

/// Masks or unmasks (section 5.3) a piece of a payload that begins at `offset` of it.
void apply_mask(std::span<char> piece, const MaskingKey& key, std::uint64_t offset);

} // namespace portico::http::websocket
