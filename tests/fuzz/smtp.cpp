#include "services/smtp/protocol.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
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

bool is_ascii(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 128; });
}

/// How the host is set up.
struct Rules {
    std::uint64_t max_message_size;
    bool store_fails;
    bool login_required;
    bool tls_required;
    bool starttls;
    bool implicit_tls;
    bool mechanisms;
};

smtp::Security security(const Rules& rules, bool tls)
{
    smtp::Security security{.starttls = rules.starttls && !tls,
                            .tls = tls,
                            .require_tls = rules.tls_required,
                            .offer = {}};
    using enum accounts::Mechanism;
    if (rules.mechanisms) security.offer.mechanisms = {scram_sha_256, cram_md5, plain, login};
    return security;
}

/// Carries the steps out, and holds the protocol to what it promises about their order.
class Host {
public:
    Host(smtp::Protocol& protocol, const Rules& rules)
        : protocol_{protocol}, rules_{rules}, tls_{rules.implicit_tls}
    {
    }

    /// Until the protocol wants to read, or the handshake is done; false: it has closed.
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
                const auto& envelope = begin->envelope;
                require(!open_ && !envelope.recipients.empty());
                require(envelope.reverse_path.size() <= 254 && envelope.envid.size() <= 100);
                require(envelope.smtputf8 || is_ascii(envelope.reverse_path));
                for (const auto& recipient : envelope.recipients) {
                    require(!recipient.mailbox.empty() && recipient.address.size() <= 254);
                    require(recipient.orcpt.size() <= 500);
                    require(envelope.smtputf8 || is_ascii(recipient.address + recipient.orcpt));
                }
                // Where a login or TLS is asked for, nothing arrives without.
                require(!rules_.login_required || logged_in_);
                require(!rules_.tls_required || tls_);
                open_ = true;
                octets_ = 0;
                start_ = stored.size();
                protocol_.began("0123456789ABCDEFGHIJKL", {});
            } else if (auto* append = std::get_if<smtp::Append>(&step)) {
                require(open_ && !append->bytes.empty());
                octets_ += append->bytes.size();
                require(octets_ <= rules_.max_message_size + 200); // what a submission gets
                stored += append->bytes;
            } else if (std::holds_alternative<smtp::Abandon>(step)) {
                require(open_);
                open_ = false;
                stored.resize(start_); // how much came before depends on the cuts
                stored += "<abandoned>";
            } else if (auto* tls = std::get_if<smtp::StartTls>(&step)) {
                require(tls->go_ahead.starts_with("220 ") && !tls_);
                said += tls->go_ahead;
                unread += tls->unread;
                tls_ = true;
                logged_in_ = false;
                protocol_.secured(security(rules_, true));
                ++handshakes;
                return true; // who fed what came behind it in clear has to stop
            } else if (auto* begins = std::get_if<smtp::Authenticate>(&step)) {
                require(!exchange_ && !logged_in_);
                exchange_ = true;
                authenticate(begins->initial);
            } else if (auto* respond = std::get_if<smtp::Respond>(&step)) {
                require(exchange_ && respond->response.size() <= 9216);
                authenticate(respond->response);
            } else if (std::holds_alternative<smtp::CancelAuthentication>(step)) {
                require(exchange_);
                exchange_ = false;
            } else {
                require(open_);
                open_ = false;
                stored += "<delivered>";
                if (rules_.store_fails)
                    protocol_.delivered(std::unexpected{mail::StoreError::full});
                else
                    protocol_.delivered({});
            }
        }
    }

    std::string said;
    std::string stored;
    std::size_t unread = 0;
    std::size_t handshakes = 0;

private:
    // Any answer may come, for whatever the client sent; it decides which.
    void authenticate(const std::optional<std::string>& response)
    {
        const auto end = response && !response->empty() ? response->back() % 5 : 0;
        if (end == 0) {
            protocol_.authenticated(accounts::Challenge{response.value_or("")});
            return;
        }
        exchange_ = false;
        if (end == 1)
            protocol_.authenticated(accounts::Accepted{"ben@example.org"});
        else
            protocol_.authenticated(static_cast<accounts::AuthError>(end < 0 ? 0 : end - 2));
        logged_in_ = end == 1;
    }

    smtp::Protocol& protocol_;
    const Rules& rules_;
    bool open_ = false;
    bool tls_ = false;
    bool exchange_ = false;
    bool logged_in_ = false;
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

// The first octet says how to cut the rest, the second and third how the host is set up, the fourth
// how the conversation ends. Whatever the cuts, what is said and stored is the same as without any.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 4) return 0;
    std::uint32_t random = data[0] + 1u;
    const Rules rules{.max_message_size = data[1] & 1 ? 20u : 100'000u,
                      .store_fails = (data[1] & 2) != 0,
                      .login_required = (data[2] & 33) == 1,
                      .tls_required = (data[2] & 2) != 0,
                      .starttls = (data[2] & 4) != 0,
                      .implicit_tls = (data[2] & 8) != 0,
                      .mechanisms = (data[2] & 16) != 0};
    config::Smtp options;
    options.max_recipients = data[1] & 4 ? 2 : 1000;
    options.max_errors = data[1] & 8 ? 5 : 1000;
    options.strict = (data[1] & 16) == 0;
    options.max_received = data[1] & 32 ? 2 : 100;
    if (rules.login_required) options.auth = config::Smtp::Auth::required;
    if (data[2] & 32) options.auth = config::Smtp::Auth::off;
    const std::string text{reinterpret_cast<const char*>(data) + 4, size - 4};

    const auto start = [&] {
        return smtp::Protocol{options,
                              "mx.example.org",
                              rules.max_message_size,
                              directory,
                              security(rules, rules.implicit_tls),
                              3};
    };
    auto whole = start();
    Host once{whole, rules};
    bool open = once.run();
    for (std::size_t at = 0; open && at < text.size();) {
        // What came in clear behind STARTTLS is thrown away; here it is sent again, under TLS.
        const auto rest = text.substr(at);
        once.unread = 0;
        whole.feed(rest);
        const auto handshakes = once.handshakes;
        open = once.run();
        require(once.handshakes <= handshakes + 1);
        at = text.size() - once.unread;
    }

    auto cut = start();
    Host pieces{cut, rules};
    bool listens = pieces.run();
    for (std::size_t at = 0; listens && at < text.size();) {
        random = random * 1664525 + 1013904223;
        const auto piece = text.substr(at, 1 + (random >> 24) % 40);
        pieces.unread = 0;
        cut.feed(piece);
        listens = pieces.run();
        at += piece.size() - pieces.unread;
    }
    require(listens == open);
    require(pieces.said == once.said);
    require(pieces.stored == once.stored);

    if (listens) {
        const bool stopping = data[3] & 1;
        const bool in_message = cut.state() >= smtp::State::bdat;
        cut.interrupted(stopping ? smtp::Interruption::stopping : smtp::Interruption::idle);
        require(pieces.run() == (stopping && in_message));
        if (stopping && in_message) {
            // A chunk may want more than that; between chunks it is no command.
            cut.feed("\r\n.\r\n");
            if (pieces.run()) return 0;
        }
        require(pieces.said.contains("\r\n421 "));
    }
    return 0;
}
