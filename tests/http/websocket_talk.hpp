#pragma once

#include "services/http/websocket.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

/// Conversations over a WebSocket.
namespace portico::http::websocket::test {

inline std::string number(std::uint64_t value, unsigned octets)
{
    std::string text;
    while (octets-- > 0) text += static_cast<char>(value >> (8 * octets) & 0xFF);
    return text;
}

/// A frame as a client sends it, masked; `length` is what it says of its length, in so many octets
/// (0, 2 or 8), if that is another than the shortest.
inline std::string frame(unsigned first, std::string_view payload, int length_octets = -1)
{
    constexpr std::string_view key = "\x37\xfa\x21\x3d"; // of RFC 6455's examples
    const auto size = payload.size();
    if (length_octets < 0) length_octets = size <= 125 ? 0 : size <= 0xFFFF ? 2 : 8;
    std::string text{static_cast<char>(first)};
    if (length_octets == 0)
        text += static_cast<char>(0x80 | size);
    else
        text += static_cast<char>(length_octets == 2 ? 0xFE : 0xFF);
    text += number(size, static_cast<unsigned>(length_octets));
    text += key;
    for (std::size_t i = 0; i < size; ++i) text += static_cast<char>(payload[i] ^ key[i % 4]);
    return text;
}

inline std::string text(std::string_view data)
{
    return frame(0x81, data);
}
inline std::string close(unsigned code, std::string_view reason = {})
{
    return frame(0x88, number(code, 2) + std::string{reason});
}

/// Octets as they are, or how many if they are many.
inline std::string shown(std::string_view data)
{
    return data.size() > most_control_octets ? std::to_string(data.size()) + " octets"
                                             : std::string{data};
}

/// What frames the server wrote, one a line, each looked at as a client must.
inline std::string frames(std::string_view bytes)
{
    std::string all;
    while (!bytes.empty()) {
        if (bytes.size() < 2) return all + "> half a head\n";
        const auto octet = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
        const unsigned first = octet(0);
        std::uint64_t length = octet(1); // RFC 6455 section 5.1: not masked, or else it is too long
        std::size_t head = 2;
        if (length == 126 || length == 127) {
            head = length == 126 ? 4 : 10;
            if (bytes.size() < head) return all + "> half a head\n";
            length = 0;
            for (std::size_t i = 2; i < head; ++i) length = length << 8 | octet(i);
            if (length <= (head == 4 ? 125u : 0xFFFFu)) return all + "> a length too long\n";
        }
        if (length > bytes.size() - head) return all + "> half a payload\n";
        auto payload = bytes.substr(head, static_cast<std::size_t>(length));
        bytes.remove_prefix(head + payload.size());
        all += (first & 0x80) != 0 ? "> " : "> part of ";
        switch (first & 0x7F) {
        case 0: all += "continuation"; break;
        case 1: all += "text"; break;
        case 2: all += "binary"; break;
        case 8: all += "close"; break;
        case 9: all += "ping"; break;
        case 10: all += "pong"; break;
        default: all += "opcode " + std::to_string(first & 0x7F);
        }
        if ((first & 0x7F) == 8 && payload.size() >= 2) {
            all += " " + std::to_string(static_cast<unsigned char>(payload[0]) << 8 |
                                        static_cast<unsigned char>(payload[1]));
            payload.remove_prefix(2);
        }
        if (!payload.empty()) all += " " + shown(payload);
        all += "\n";
    }
    return all;
}

/// Takes steps until the protocol wants more, or is over; what they were, one a line.
inline std::string steps(Protocol& protocol)
{
    std::string all;
    for (;;) {
        auto step = protocol.next();
        if (std::get_if<Read>(&step) != nullptr) return all;
        if (auto* write = std::get_if<Write>(&step)) {
            all += frames(write->bytes);
        } else if (auto* message = std::get_if<Message>(&step)) {
            all +=
                (message->kind == Kind::text ? "text " : "binary ") + shown(message->data) + "\n";
        } else if (auto* pong = std::get_if<Pong>(&step)) {
            all += "pong " + shown(pong->data) + "\n";
        } else if (auto* closed = std::get_if<Close>(&step)) {
            all += "closed " + std::to_string(static_cast<unsigned>(closed->code));
            if (!closed->reason.empty()) all += " " + std::string{closed->reason};
            if (!closed->why.empty()) all += ": " + std::string{closed->why};
            return all + "\n";
        }
    }
}

/// Feeds a copy that is gone before the next, so that a sanitizer sees who looks at it later.
inline std::string feed(Protocol& protocol, std::string_view bytes)
{
    const std::vector<char> copy(bytes.begin(), bytes.end());
    protocol.feed({copy.data(), copy.size()});
    return steps(protocol);
}

/// What a client that says all this hears and the application sees, in whichever pieces it comes.
inline std::string talk(std::string_view bytes, std::size_t max_message = 1000)
{
    Protocol whole{max_message};
    const auto expected = feed(whole, bytes);
    for (std::size_t length : {1, 2, 3, 7, 8, 9, 100}) {
        Protocol cut{max_message};
        std::string all;
        for (auto rest = bytes; !rest.empty() && all.find("closed") == all.npos;) {
            all += feed(cut, rest.substr(0, length));
            rest.remove_prefix(std::min(length, rest.size()));
        }
        EXPECT_EQ(all, expected) << "in pieces of " << length;
    }
    return expected;
}

} // namespace portico::http::websocket::test
