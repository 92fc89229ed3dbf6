// Any octets in any cuts, with a store that may fail: no crash, bounded output, and every line
// that came has one well-formed reply, in order.
#include "services/pop3/protocol.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace {

using namespace portico;
using namespace portico::pop3;

constexpr std::array<std::string_view, 4> contents{"Subject: a\r\n\r\n.\r\n..\r\nx\r\n", "",
                                                   "\r\n.", "no body, a bare\n.LF and\r.CR\r\n"};

void require(bool holds)
{
    if (!holds) std::abort();
}

/// Reads the replies as a client would, who knows our status lines by their beginning.
class Client {
public:
    void read(std::string_view bytes)
    {
        rest_ += bytes;
        for (std::size_t end; (end = rest_.find("\r\n")) != std::string::npos;) {
            line(std::string_view{rest_}.substr(0, end));
            rest_.erase(0, end + 2);
        }
    }

    bool between_replies() const { return rest_.empty() && !within_; }
    std::size_t replies = 0;

private:
    void line(std::string_view text)
    {
        if (within_) {
            if (text == ".") within_ = false;
            return;
        }
        require(text.starts_with("+OK") || text.starts_with("-ERR "));
        require(text.size() <= 510); // RFC 1939 section 3
        ++replies;
        within_ =
            text == capabilities_follow || text == unique_ids_follow || text == top_follows ||
            (text.starts_with("+OK ") && !text.contains("maildrop") && text.ends_with(" octets")) ||
            (text.starts_with("+OK ") && !text.contains("maildrop") && text.ends_with(" octets)"));
    }

    std::string rest_;
    bool within_ = false;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    std::string_view input{reinterpret_cast<const char*>(data), size};
    auto choice = [&input] { // the input's end decides what its beginning does not say
        if (input.empty()) return std::uint8_t{0};
        auto value = static_cast<std::uint8_t>(input.back());
        input.remove_suffix(1);
        return value;
    };
    std::vector<mail::Message> messages;
    for (auto content : contents) messages.push_back({0, content.size(), {}});
    for (auto& message : messages) message.id.fill('x');
    const auto failures = choice();
    const auto cut = std::size_t{choice()} + 1;
    const auto piece = std::size_t{choice()} % 16 + 1;

    config::Pop3 options;
    options.max_errors = std::uint32_t{choice()} + 1;
    Protocol protocol{options, "pop.example.org", {}};
    Client client;
    std::size_t lines = 0;
    std::size_t index = 0;
    std::size_t position = 0;
    bool truncated = false;

    auto content = [&] {
        if ((failures & 1) != 0 && position >= (failures >> 4)) {
            truncated = position != 0;
            return protocol.content(std::unexpected{
                (failures & 2) != 0 ? mail::StoreError::gone : mail::StoreError::failing});
        }
        auto next = contents[index].substr(position, piece);
        position += next.size();
        protocol.content(next);
    };
    for (;;) {
        auto step = protocol.next();
        if (std::holds_alternative<Close>(step)) break;
        if (auto* write = std::get_if<Write>(&step)) {
            require(!write->bytes.empty() && write->bytes.size() < (128U << 10));
            client.read(write->bytes);
        } else if (std::holds_alternative<Login>(step)) {
            if ((failures & 8) != 0)
                protocol.logged_in(std::unexpected{LoginError::in_use});
            else
                protocol.logged_in(messages);
        } else if (auto* fetch = std::get_if<Fetch>(&step)) {
            require(fetch->index < messages.size());
            index = fetch->index;
            position = 0;
            content();
        } else if (std::holds_alternative<More>(step)) {
            content();
        } else if (auto* update = std::get_if<Update>(&step)) {
            require(update->indices.size() <= messages.size());
            require(
                std::ranges::all_of(update->indices, [](auto i) { return i < contents.size(); }));
            if ((failures & 4) != 0)
                protocol.updated(std::unexpected{mail::StoreError::failing});
            else
                protocol.updated({});
        } else {
            require(client.between_replies());
            require(client.replies == lines + 1); // and the greeting
            if (input.empty()) {
                protocol.interrupted((failures & 4) != 0 ? Interruption::idle
                                                         : Interruption::stopping);
                continue;
            }
            auto bytes = input.substr(0, cut);
            input.remove_prefix(bytes.size());
            lines += static_cast<std::size_t>(std::ranges::count(bytes, '\n'));
            protocol.feed(bytes);
        }
    }
    require(truncated || client.between_replies());
    return 0;
}
