#include "services/http/websocket_frame.hpp"

#include <algorithm>
#include <cstring>

namespace portico::http::websocket {

namespace {

void append_number(std::string& output, std::uint64_t number, unsigned octets)
{
    while (octets-- > 0) output += static_cast<char>(number >> (8 * octets) & 0xFF);
}

} // namespace

bool may_be_sent(CloseCode code)
{
    const auto number = static_cast<unsigned>(code);
    // Section 7.4.1 and what IANA's registry has added to it; 1004 has no meaning, 1005, 1006 and
    // 1015 are for use on one side only. Section 7.4.2: what is below 3000 and not defined by now
    // is for later versions of the protocol.
    return (number >= 1000 && number <= 1003) || (number >= 1007 && number <= 1014) ||
           (number >= 3000 && number <= 4999);
}

void append_frame(std::string& output, Opcode opcode, std::string_view payload, bool fin)
{
    output += static_cast<char>((fin ? 0x80u : 0u) | static_cast<unsigned>(opcode));
    if (payload.size() <= 125) {
        append_number(output, payload.size(), 1);
    } else if (payload.size() <= 0xFFFF) {
        output += static_cast<char>(126);
        append_number(output, payload.size(), 2);
    } else {
        output += static_cast<char>(127);
        append_number(output, payload.size(), 8);
    }
    output += payload;
}

std::string close_payload(CloseCode code, std::string_view reason)
{
    if (code == CloseCode::no_status) return {};
    auto length = std::min(reason.size(), most_control_octets - 2);
    const auto within_character = [&] {
        return length < reason.size() &&
               (static_cast<unsigned char>(reason[length]) & 0xC0) == 0x80;
    };
    while (length > 0 && within_character()) --length;
    std::string payload;
    append_number(payload, static_cast<std::uint16_t>(code), 2);
    payload += reason.substr(0, length);
    return payload;
}

void apply_mask(std::span<char> piece, const MaskingKey& key, std::uint64_t offset)
{
    std::array<char, 8> turned; // two keys, so that the octet at `offset` is first
    for (std::size_t i = 0; i < turned.size(); ++i)
        turned[i] = static_cast<char>(key[(offset + i) % key.size()]);
    std::uint64_t mask = 0;
    std::memcpy(&mask, turned.data(), sizeof mask);
    std::size_t at = 0;
    for (std::uint64_t word = 0; at + sizeof word <= piece.size(); at += sizeof word) {
        std::memcpy(&word, piece.data() + at, sizeof word);
        word ^= mask;
        std::memcpy(piece.data() + at, &word, sizeof word);
    }
    for (; at < piece.size(); ++at)
        piece[at] = static_cast<char>(piece[at] ^ turned[at % turned.size()]);
}

} // namespace portico::http::websocket
