// Any octets in any cuts, on any kind of port, with a store and logins that may fail: no crash,
// bounded output, and every line that came has one well-formed reply, in order; but what came in
// clear behind STLS has none.
#include "services/pop3/protocol.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace {

using namespace portico;
using namespace portico::pop3;

constexpr std::array<std::string_view, 4> contents{"Subject: \xc3\xa4\r\n\r\n.\r\n..\r\nx\r\n", "",
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
    bool utf8 = false;

private:
    void line(std::string_view text)
    {
        if (within_) return body_line(text);
        require(text.starts_with("+OK") || text.starts_with("-ERR ") || text.starts_with("+ "));
        require(text.size() <= 510); // RFC 1939 section 3
        ++replies;
        utf8 |= text == utf8_enabled;
        auto message = text.starts_with("+OK ") && text.ends_with(" octets");
        auto scan_listings =
            text.starts_with("+OK ") && !text.contains("maildrop") && text.ends_with(" octets)");
        within_ = text == capabilities_follow || text == mechanisms_follow ||
                  text == unique_ids_follow || text == top_follows || message || scan_listings;
        announced_.reset();
        octets_ = 0;
        if (!message) return;
        auto digits = text.substr(4);
        auto& announced = announced_.emplace();
        std::from_chars(digits.data(), digits.data() + digits.size(), announced);
    }

    void body_line(std::string_view text)
    {
        if (text == ".") { // RETR has announced what it sent, dots that were added not counted
            require(!announced_ || *announced_ == octets_);
            within_ = false;
            return;
        }
        require(utf8 || !text.contains('\xc3'));
        octets_ += text.size() + 2 - (text.starts_with('.') ? 1 : 0);
    }

    std::string rest_;
    std::optional<std::uint64_t> announced_;
    std::uint64_t octets_ = 0;
    bool within_ = false;
};

using accounts::Mechanism;

Security security_of(std::uint8_t choice, bool tls)
{
    Security security{.starttls = (choice & 1) != 0 && !tls,
                      .tls = tls,
                      .require_tls = (choice & 2) != 0,
                      .offer = {.mechanisms = {},
                                .password = (choice & 4) != 0 || tls,
                                .apop = (choice & 8) != 0}};
    if ((choice & 16) != 0) security.offer.mechanisms.push_back(Mechanism::cram_md5);
    if ((choice & 32) != 0 || tls) security.offer.mechanisms.push_back(Mechanism::plain);
    return security;
}

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
    for (auto content : contents)
        messages.push_back({.key = 0,
                            .size = content.size(),
                            .id = {},
                            .lacks_final_crlf = !content.empty() && !content.ends_with("\r\n"),
                            .utf8 = messages.empty()});
    for (auto& message : messages) message.id.fill('x');
    const auto failures = choice();
    const auto cut = std::size_t{choice()} + 1;
    const auto piece = std::size_t{choice()} % 16 + 1;

    config::Pop3 options;
    options.max_errors = std::uint32_t{choice()} + 1;
    const auto port = choice();
    const auto logins = choice();
    auto security = security_of(port, false);
    Protocol protocol{options, {"pop.example.org", "<1@pop.example.org>"}, security, 10, {}};
    Client client;
    std::size_t lines = 0;
    std::size_t index = 0;
    std::size_t position = 0;
    bool truncated = false;
    bool exchanging = false;
    std::size_t turns = 0;
    std::string fed;

    auto logged_in = [&] {
        require(security.tls || !security.require_tls);
        exchanging = false;
        static constexpr std::array errors{LoginError::wrong, LoginError::malformed,
                                           LoginError::in_use, LoginError::failing};
        if ((logins & 1) != 0)
            protocol.logged_in(std::unexpected{errors[(logins >> 1) % errors.size()]});
        else
            protocol.logged_in(messages);
    };
    auto turn = [&] {
        require(exchanging);
        if (turns++ % 8 < (logins >> 5)) return protocol.challenge(contents[turns % 4]);
        logged_in();
    };
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
        } else if (auto* start = std::get_if<StartTls>(&step)) {
            require(security.starttls && client.between_replies());
            client.read(start->go_ahead);
            client.utf8 = false;
            require(start->unread <= fed.size());
            lines -= static_cast<std::size_t>(
                std::ranges::count(fed.substr(fed.size() - start->unread), '\n'));
            security = security_of(port, true);
            protocol.secured(security);
        } else if (std::holds_alternative<Login>(step)) {
            require(security.offer.password);
            logged_in();
        } else if (auto* apop = std::get_if<Apop>(&step)) {
            require(security.offer.apop && apop->digest.size() == 32);
            logged_in();
        } else if (auto* begin = std::get_if<Authenticate>(&step)) {
            require(!exchanging && security.offer.has(begin->mechanism));
            exchanging = true;
            turn();
        } else if (auto* response = std::get_if<Respond>(&step)) {
            require(response->response.size() <= accounts::max_response);
            turn();
        } else if (std::holds_alternative<CancelAuthentication>(step)) {
            require(std::exchange(exchanging, false));
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
            fed += bytes;
            protocol.feed(bytes);
        }
    }
    require(truncated || client.between_replies());
    return 0;
}
