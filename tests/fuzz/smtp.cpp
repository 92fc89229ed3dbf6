#include "services/smtp/protocol.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>

using namespace portico;

namespace {

void require(bool condition)
{
    if (!condition) __builtin_trap();
}

// RFC 5321 section 4.2: every line is a code, '-' or a space, text, CR LF, and all lines of a
// reply have the same code.
void check_replies(std::string_view bytes)
{
    require(!bytes.empty());
    std::string_view code;
    while (!bytes.empty()) {
        const auto end = bytes.find("\r\n");
        require(end != bytes.npos && end >= 4);
        const auto line = bytes.substr(0, end);
        bytes.remove_prefix(end + 2);
        require(line[0] >= '2' && line[0] <= '5' && line[1] >= '0' && line[1] <= '5');
        require(line[2] >= '0' && line[2] <= '9' && (line[3] == ' ' || line[3] == '-'));
        require(std::ranges::all_of(line, [](char c) { return c >= ' ' && c <= '~'; }));
        require(code.empty() || code == line.substr(0, 3));
        code = line[3] == '-' ? line.substr(0, 3) : std::string_view{};
    }
    require(code.empty()); // a reply is not cut in two
}

/// Carries the steps out, and holds the protocol to what it promises about their order.
class Host {
public:
    Host(smtp::Protocol& protocol, std::uint64_t max_message_size, bool store_fails)
        : protocol_{protocol}, max_message_size_{max_message_size}, store_fails_{store_fails}
    {
    }

    /// Until the protocol wants to read; false: it has closed.
    bool run()
    {
        for (;;) {
            auto step = protocol_.next();
            if (std::holds_alternative<smtp::Read>(step)) return true;
            if (std::holds_alternative<smtp::Close>(step)) return false;
            if (auto* write = std::get_if<smtp::Write>(&step)) {
                check_replies(write->bytes);
                require(write->bytes.size() < 32 << 10);
                said += write->bytes;
            } else if (auto* note = std::get_if<smtp::Note>(&step)) {
                require(!note->event.empty() && note->event.size() < 1024);
            } else if (auto* begin = std::get_if<smtp::Begin>(&step)) {
                require(!open_ && !begin->envelope.recipients.empty());
                require(begin->envelope.reverse_path.size() <= 254);
                for (const auto& recipient : begin->envelope.recipients)
                    require(!recipient.mailbox.empty() && recipient.address.size() <= 254);
                open_ = true;
                octets_ = 0;
                start_ = stored.size();
                protocol_.began("0123456789ABCDEFGHIJKL");
            } else if (auto* append = std::get_if<smtp::Append>(&step)) {
                require(open_ && !append->bytes.empty());
                octets_ += append->bytes.size();
                require(octets_ <= max_message_size_);
                stored += append->bytes;
            } else if (std::holds_alternative<smtp::Abandon>(step)) {
                require(open_);
                open_ = false;
                stored.resize(start_); // how much came before depends on the cuts
                stored += "<abandoned>";
            } else {
                require(open_);
                open_ = false;
                stored += "<delivered>";
                if (store_fails_)
                    protocol_.delivered(std::unexpected{mail::StoreError::full});
                else
                    protocol_.delivered({});
            }
        }
    }

    std::string said;
    std::string stored;

private:
    smtp::Protocol& protocol_;
    std::uint64_t max_message_size_;
    bool store_fails_;
    bool open_ = false;
    std::size_t start_ = 0; // of this message in `stored`
    std::uint64_t octets_ = 0;
};

const accounts::Directory directory{"mx.example.org",
                                    config::Mail::Accept::listed,
                                    config::Auth::Mode::listed,
                                    {{.name = "ben",
                                      .addresses = {"ben@example.org", "*@any.example"},
                                      .password = "",
                                      .secret = "",
                                      .line = 0}}};

} // namespace

// The first octet says how to cut the rest, the second how the host is set up, the third how the
// conversation ends. Whatever the cuts, what is said and stored is the same as without any.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 3) return 0;
    std::uint32_t random = data[0] + 1u;
    const std::uint64_t max_message_size = data[1] & 1 ? 20 : 100'000;
    const bool store_fails = data[1] & 2;
    config::Smtp options;
    options.max_recipients = data[1] & 4 ? 2 : 1000;
    options.max_errors = data[1] & 8 ? 5 : 1000;
    const std::string text{reinterpret_cast<const char*>(data) + 3, size - 3};

    smtp::Protocol whole{options, "mx.example.org", max_message_size, directory};
    Host once{whole, max_message_size, store_fails};
    bool open = once.run();
    if (open) {
        whole.feed(text);
        open = once.run();
    }

    smtp::Protocol cut{options, "mx.example.org", max_message_size, directory};
    Host pieces{cut, max_message_size, store_fails};
    bool listens = pieces.run();
    for (std::size_t at = 0; listens && at < text.size();) {
        random = random * 1664525 + 1013904223;
        const auto piece = text.substr(at, 1 + (random >> 24) % 40);
        at += piece.size();
        cut.feed(piece);
        listens = pieces.run();
    }
    require(listens == open);
    require(pieces.said == once.said);
    require(pieces.stored == once.stored);

    if (listens) {
        const bool stopping = data[2] & 1;
        const bool in_data = cut.state() == smtp::State::data;
        cut.interrupted(stopping ? smtp::Interruption::stopping : smtp::Interruption::idle);
        require(pieces.run() == (stopping && in_data));
        if (stopping && in_data) {
            cut.feed("\r\n.\r\n");
            require(!pieces.run());
        }
        require(pieces.said.contains("\r\n421 "));
    }
    return 0;
}
