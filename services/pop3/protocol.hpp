#pragma once

#include "config/config.hpp"
#include "net/transcript.hpp"
#include "services/accounts/sasl.hpp"
#include "services/mail/error.hpp"
#include "services/mail/message.hpp"
#include "services/pop3/error.hpp"
#include "services/pop3/parse.hpp"
#include "services/pop3/reply.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace portico::pop3 {

using accounts::Security;

// What is to be done next, and the answer it wants before next() is asked again.
struct Read {}; // feed() or interrupted()
struct Write {
    std::string bytes;
};
struct StartTls { // secured(), once the handshake is done; if it fails the session is over
    std::string go_ahead;
    std::size_t unread; // octets that came too early and are not looked at
};
struct Login { // logged_in()
    std::string user, password;
};
struct Apop { // logged_in()
    std::string user, digest;
};
struct Authenticate { // challenge() or logged_in()
    accounts::Mechanism mechanism;
    std::optional<std::string> initial_response;
};
struct Respond { // to the challenge: challenge() or logged_in()
    std::string response;
};
struct CancelAuthentication {}; // the exchange is over
struct Fetch {                  // content(): the first piece of a message
    std::size_t index;
};
struct More {}; // content(): its next piece
struct Update { // updated(); the indices of what is to be removed, perhaps none
    std::vector<std::size_t> indices;
};
struct Close {};
using Step = std::variant<Read, Write, StartTls, Login, Apop, Authenticate, Respond,
                          CancelAuthentication, Fetch, More, Update, Close>;

/// RFC 1939 section 3. Bits, so that a command can name all states in which it is valid.
enum class State : std::uint8_t {
    authorization = 1, // section 4
    transaction = 2,   // section 5
    update = 4,        // section 6, after QUIT
    ended = 8,
};

constexpr State operator|(State left, State right)
{
    return static_cast<State>(static_cast<unsigned>(left) | static_cast<unsigned>(right));
}

enum class Interruption : std::uint8_t {
    idle,     // time is up
    stopping, // the server stops
};

/// One POP3 session (RFC 1939, 2449, 2595, 5034, 6856). Knows no socket, no clock, no thread, no
/// store and no password. Ask next(), do the step, and if it wants an answer give that before
/// asking again.
///
/// What it asks to remove, it asks once, after QUIT: a session that ends in any other way
/// removes nothing. It never holds more than what was fed at once, a piece of a message and
/// 64 KiB of replies.
class Protocol {
public:
    /// Where a client that sends many commands at once gets the replies so far.
    static constexpr std::size_t write_octets = 64 << 10;

    struct Host {
        std::string name;
        std::string timestamp; // for APOP, another one for each session: "<1896.697@host>"
    };

    /// `max_failures`: after so many failed logins the session ends.
    Protocol(const config::Pop3& options, Host host, Security security, std::uint32_t max_failures,
             net::Trace trace);

    Step next();

    void feed(std::string_view bytes); // what the client said, cut anywhere
    void interrupted(Interruption why);

    void secured(Security security);         // the handshake is done
    void challenge(std::string_view octets); // the exchange goes on

    /// The maildrop as it is now, which must stay where it is up to Update or the last step.
    void logged_in(std::expected<std::span<const mail::Message>, LoginError> maildrop);

    /// The next piece of the message that was asked for; empty if it ends before its size says.
    void content(std::expected<std::string_view, mail::StoreError> piece);

    /// All of them are removed, or none. The maildrop is not needed any more.
    void updated(std::expected<void, mail::StoreError> outcome);

    /// As an operator may see it: "TRANSACTION, RETR 3".
    std::string doing() const;

private:
    enum class Takes : std::uint8_t;
    struct Command;

    /// A status line; an empty one means that it is said elsewhere, mostly once a step is done.
    using Reply = std::string;
    static constexpr std::string_view later{};

    struct Sending { // a message, RETR or TOP
        std::size_t index;
        Body body;
        bool top;
        bool started = false;
    };
    struct Listing { // LIST or UIDL without argument
        std::size_t next = 0;
        std::size_t listed = 0;
        bool unique_ids;
    };

    // authorization.cpp
    Reply user(std::string_view name);
    Reply pass(std::string_view password);
    Reply apop(std::string_view arguments);
    Reply auth(std::string_view arguments);
    Reply stls(std::string_view none);
    Reply utf8(std::string_view none);
    Reply list_mechanisms();
    Reply no_password() const;
    void respond(std::expected<std::string_view, LineError> line);
    void cancel_exchange(std::string_view reply);

    // protocol.cpp
    Reply stat(std::string_view none);
    Reply list(std::string_view number);
    Reply uidl(std::string_view number);
    Reply retr(std::string_view number);
    Reply top(std::string_view arguments);
    Reply dele(std::string_view number);
    Reply rset(std::string_view none);
    Reply noop(std::string_view none);
    Reply capa(std::string_view none);
    Reply quit(std::string_view none);

    static const Command* find_command(std::string_view verb);
    Reply execute(std::string_view line);
    void carry_out(std::expected<std::string_view, LineError> line);
    std::string shown(std::string_view line) const;
    std::expected<std::size_t, std::string_view> find(std::uint64_t number) const;
    std::expected<std::size_t, std::string_view> find(std::string_view number) const;
    Reply send(std::size_t index, Body body, bool top);
    void continue_listing();
    void say(std::string_view line);
    void refuse(std::string_view line);
    Write write();

    std::uint32_t max_errors_;
    std::uint32_t max_failures_;
    Host host_;
    Security security_;
    net::Trace trace_;

    State state_ = State::authorization;
    Lines lines_;
    std::string output_;
    std::string user_;
    bool utf8_ = false;                             // RFC 6856: the mode
    bool securing_ = false;                         // a handshake goes on
    bool auth_seen_ = false;                        // so a line may be a stray response
    std::optional<accounts::Mechanism> exchanging_; // the client is to respond
    std::uint32_t errors_ = 0;
    std::uint32_t failures_ = 0; // of logins
    std::optional<Step> asked_;  // what the outside is to do next
    std::optional<Sending> sending_;
    std::optional<Listing> listing_;

    std::span<const mail::Message> messages_;
    std::vector<bool> deleted_; // marked, by index
    std::size_t count_ = 0;     // of the messages not marked
    std::uint64_t octets_ = 0;  // of them
};

} // namespace portico::pop3
