// Any octets in any cuts, to an application that echoes, fragments or closes: no crash, what comes
// of it does not depend on the cuts, text is UTF-8, memory and output are bounded by what came, and
// every frame that is written is one that a client takes.

#include "services/http/websocket.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace portico::http::websocket;

constexpr std::size_t max_message = 300;
constexpr std::string_view farewell = "that is enough";

void require(bool holds)
{
    if (!holds) std::abort();
}

/// Written with numbers where the protocol has ranges of octets.
bool is_utf8(std::string_view text)
{
    while (!text.empty()) {
        const auto first = static_cast<unsigned char>(text.front());
        const std::size_t length = first < 0x80             ? 1
                                   : (first & 0xE0) == 0xC0 ? 2
                                   : (first & 0xF0) == 0xE0 ? 3
                                   : (first & 0xF8) == 0xF0 ? 4
                                                            : 0;
        if (length == 0 || length > text.size()) return false;
        std::uint32_t number = length == 1 ? first : first & (0x7Fu >> length);
        for (std::size_t i = 1; i < length; ++i) {
            const auto octet = static_cast<unsigned char>(text[i]);
            if ((octet & 0xC0) != 0x80) return false;
            number = number << 6 | (octet & 0x3Fu);
        }
        constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        if (number < least[length] || number > 0x10FFFF) return false;
        if (number >= 0xD800 && number <= 0xDFFF) return false;
        text.remove_prefix(length);
    }
    return true;
}

/// Reads frames as a client must.
class Client {
public:
    void read(std::string_view bytes)
    {
        while (!bytes.empty()) {
            require(bytes.size() >= 2);
            const auto octet = [&](std::size_t at) {
                return static_cast<unsigned char>(bytes[at]);
            };
            const unsigned opcode = octet(0) & 0x0F;
            const bool fin = (octet(0) & 0x80) != 0;
            require((octet(0) & 0x70) == 0);
            std::size_t length = octet(1), head = 2;
            if (length == 126) {
                require(bytes.size() >= 4);
                head = 4;
                length = static_cast<std::size_t>(octet(2) << 8 | octet(3));
                require(length > 125);
            }
            require(length <= max_message && bytes.size() >= head + length);
            frame(opcode, fin, bytes.substr(head, length));
            bytes.remove_prefix(head + length);
        }
    }

private:
    void frame(unsigned opcode, bool fin, std::string_view payload)
    {
        if (opcode >= 8) {
            require(fin && payload.size() <= 125 && (opcode == 8 || opcode == 10));
            require(!closed_ || opcode == 10);
            if (opcode != 8) return;
            closed_ = true;
            require(payload.size() != 1);
            if (payload.empty()) return;
            const unsigned code =
                static_cast<unsigned>(static_cast<unsigned char>(payload[0]) << 8 |
                                      static_cast<unsigned char>(payload[1]));
            require(code >= 1000 && code < 5000 && code != 1004 && code != 1005 && code != 1006 &&
                    (code < 1015 || code >= 3000));
            require(is_utf8(payload.substr(2)));
        } else {
            require(!closed_ && opcode <= 2 && (opcode == 0) == within_);
            within_ = !fin;
        }
    }

    bool closed_ = false;
    bool within_ = false; // a message
};

/// Says everything; what came of it.
std::string talk(const std::vector<std::string_view>& pieces, unsigned application)
{
    Protocol protocol{max_message};
    Client client;
    std::string outcome;
    std::size_t came = 0, written = 0, messages = 0;
    for (auto piece : pieces) {
        const std::vector<char> copy(piece.begin(), piece.end()); // gone before the next
        came += copy.size();
        protocol.feed({copy.data(), copy.size()});
        for (bool reading = false; !reading;) {
            auto step = protocol.next();
            if (auto* write = std::get_if<Write>(&step)) {
                client.read(write->bytes);
                written += write->bytes.size();
                // A frame of ours is shorter than the client's that it answers. The application
                // says a message up to twice, in up to three frames; one Close is ours alone.
                require(written <= 2 * came + 127);
                outcome += write->bytes;
            } else if (auto* message = std::get_if<Message>(&step)) {
                require(message->data.size() <= max_message);
                require(message->kind == Kind::binary || is_utf8(message->data));
                ++messages;
                outcome.append("message ").append(message->data);
                if ((application & 1) != 0) protocol.send(message->kind, message->data);
                if ((application & 2) != 0) {
                    protocol.send(message->kind, message->data.substr(0, 1), false);
                    protocol.send(message->kind, message->data.substr(std::min<std::size_t>(
                                                     1, message->data.size())));
                }
                if ((application & 4) != 0 && messages == 3)
                    protocol.close(CloseCode::normal, farewell);
            } else if (auto* pong = std::get_if<Pong>(&step)) {
                require(pong->data.size() <= most_control_octets);
                outcome.append("pong ").append(pong->data);
            } else if (auto* close = std::get_if<Close>(&step)) {
                require(protocol.closing() && is_utf8(close->reason));
                return outcome + "close " + std::to_string(static_cast<unsigned>(close->code)) +
                       std::string{close->reason} + std::string{close->why};
            } else {
                reading = true;
            }
        }
    }
    return outcome + (protocol.within_message() ? " within" : "");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 2) return 0;
    const unsigned application = data[0];
    std::uint32_t seed = data[1];
    const std::string_view bytes{reinterpret_cast<const char*>(data) + 2, size - 2};
    std::vector<std::string_view> cuts, octets;
    for (auto rest = bytes; !rest.empty();) {
        seed = seed * 1664525 + 1013904223;
        const auto length = std::min<std::size_t>(rest.size(), 1 + (seed >> 24) % 40);
        cuts.push_back(rest.substr(0, length));
        rest.remove_prefix(length);
    }
    for (std::size_t i = 0; i < bytes.size(); ++i) octets.push_back(bytes.substr(i, 1));
    const auto whole = talk({bytes}, application);
    require(talk(cuts, application) == whole);
    require(talk(octets, application) == whole);
    return 0;
}
