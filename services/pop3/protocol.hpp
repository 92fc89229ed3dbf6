#pragma once

#include "config/config.hpp"
#include "net/transcript.hpp"
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

// What is to be done next, and the answer it wants before next() is asked again.
struct Read {}; // feed() or interrupted()
struct Write {
    std::string bytes;
};
struct Login { // logged_in()
    std::string user, password;
};
struct Fetch { // content(): the first piece of a message
    std::size_t index;
};
struct More {}; // content(): its next piece
struct Update { // updated(); the indices of what is to be removed, perhaps none
    std::vector<std::size_t> indices;
};
struct Close {};
using Step = std::variant<Read, Write, Login, Fetch, More, Update, Close>;

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

/// One POP3 session (RFC 1939, RFC 2449). Knows no socket, no clock, no thread and no store.
/// Ask next(), do the step, and if it wants an answer give that before asking again.
///
/// What it asks to remove, it asks once, after QUIT: a session that ends in any other way
/// removes nothing. It never holds more than what was fed at once, a piece of a message and
/// 64 KiB of replies.
class Protocol {
public:
    /// Where a client that sends many commands at once gets the replies so far.
    static constexpr std::size_t write_octets = 64 << 10;

    Protocol(const config::Pop3& options, std::string host_name, net::Trace trace);

    Step next();

    void feed(std::string_view bytes); // what the client said, cut anywhere
    void interrupted(Interruption why);

    /// The maildrop as it is now, which must stay where it is up to Update or the last step.
    void logged_in(std::expected<std::span<const mail::Message>, LoginError> maildrop);

    /// The next piece of the message that was asked for; empty at its end.
    void content(std::expected<std::string_view, mail::StoreError> piece);

    /// All of them are removed, or none. The maildrop is not needed any more.
    void updated(std::expected<void, mail::StoreError> outcome);

    /// As an operator may see it: "TRANSACTION, RETR 3".
    std::string doing() const;

private:
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

    Reply user(std::string_view name);
    Reply pass(std::string_view password);
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

    Reply execute(std::string_view line);
    void carry_out(std::expected<std::string_view, LineError> line);
    std::expected<std::size_t, std::string_view> find(std::uint64_t number) const;
    std::expected<std::size_t, std::string_view> find(std::string_view number) const;
    void send_message();
    void continue_listing();
    void say(std::string_view line);
    void refuse(std::string_view line);
    Write write();

    std::uint32_t max_errors_;
    std::string host_name_;
    net::Trace trace_;

    State state_ = State::authorization;
    Lines lines_;
    std::string output_;
    std::string user_;
    std::uint32_t errors_ = 0;
    std::optional<Step> asked_; // what the outside is to do next
    std::optional<Sending> sending_;
    std::optional<Listing> listing_;

    std::span<const mail::Message> messages_;
    std::vector<bool> deleted_; // marked, by index
    std::size_t count_ = 0;     // of the messages not marked
    std::uint64_t octets_ = 0;  // of them
};

} // namespace portico::pop3
