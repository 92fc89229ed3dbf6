#pragma once

#include "config/config.hpp"
#include "net/transcript.hpp"
#include "services/accounts/directory.hpp"
#include "services/accounts/sasl.hpp"
#include "services/mail/envelope.hpp"
#include "services/mail/error.hpp"
#include "services/smtp/lines.hpp"
#include "services/smtp/parse.hpp"
#include "services/smtp/reception.hpp"
#include "services/smtp/reply.hpp"
#include "services/smtp/step.hpp"

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace portico::smtp {

/// Why there was nothing to feed.
enum class Interruption : std::uint8_t { idle, stopping };

using accounts::Security;

/// How far the session is, in the order of RFC 5321 section 4.1.4.
enum class State : std::uint8_t {
    greeted, // no EHLO or HELO yet
    ready,   // no mail transaction
    mail,    // MAIL was accepted
    rcpt,    // and a recipient
    bdat,    // and a chunk of the message, but not the last (RFC 3030)
    data,    // until the reply to the mail data
};

/// One SMTP conversation (RFC 5321), the server's side. Knows no socket, no clock and no thread.
/// Options, host name and directory outlive it. Replies to what arrived together go out together
/// (RFC 2920). Its commands are in three files: the session's in protocol.cpp, those of a message
/// in transaction.cpp, AUTH in authentication.cpp.
class Protocol {
public:
    Protocol(const config::Smtp& options, std::string_view host_name,
             std::uint64_t max_message_size, const accounts::Directory& directory,
             Security security = {}, std::uint32_t failures_per_session = 10,
             net::Trace trace = {});

    /// What to do now. Carry it out and, where the step wants it, answer before asking again.
    Step next();

    /// What the client said, cut anywhere; needs to stay valid until the next Read.
    void feed(std::string_view bytes);
    /// The message's identity, for the reply to its end, and the time, for its header.
    void began(std::string_view id, std::chrono::system_clock::time_point now);
    void delivered(std::expected<void, mail::StoreError> outcome);
    void secured(Security now);
    void authenticated(accounts::AuthTurn turn);
    /// The wait is over, or the server stops: a message that is arriving is let finish in the
    /// latter case, everything else ends here (RFC 5321 section 3.8).
    void interrupted(Interruption why);

    State state() const { return state_; }
    /// The next octets are part of a message (RFC 5321 section 4.5.3.2.5), and no line.
    bool receiving() const { return hears_ != Hears::commands && hears_ != Hears::response; }
    /// As the client named itself; passed the grammar of a domain or an address literal.
    std::string_view client_name() const { return client_name_; }
    /// "SMTP" after HELO, "ESMTP" after EHLO, and what RFC 3848 and RFC 6531 make of it: the WITH
    /// clause of RFC 5321 section 4.4.
    std::string_view transmission_type() const;

    /// What `doing()` is made from; compare it to know whether that changed.
    struct Activity {
        State state;
        std::uint64_t message; // the one under way or next, from 1
        bool operator==(const Activity&) const = default;
    };
    Activity activity() const { return {state_, messages_ + 1}; }
    /// One line for people: "DATA, 3rd message".
    std::string doing() const;

private:
    /// What the next octets are.
    enum class Hears : std::uint8_t {
        commands,
        mail_data,     // after DATA
        chunk,         // after BDAT
        refused_chunk, // the same, but thrown away
        response,      // a line of an AUTH exchange
    };

    struct Command;
    static const Command* find_command(std::string_view verb);

    Reply ehlo(std::string_view arguments);
    Reply helo(std::string_view arguments);
    Reply rset(std::string_view arguments);
    Reply noop(std::string_view arguments);
    Reply vrfy(std::string_view arguments);
    Reply help(std::string_view arguments);
    Reply quit(std::string_view arguments);
    Reply starttls(std::string_view arguments);
    Reply not_offered(std::string_view arguments);
    Reply execute(const Lines::Line& line);
    std::optional<Reply> out_of_place(const Command& command) const;
    Reply greet(std::string_view arguments, bool extended);

    // transaction.cpp
    Reply mail(std::string_view arguments);
    Reply rcpt(std::string_view arguments);
    Reply data(std::string_view arguments);
    Reply bdat(std::string_view arguments);
    Reply refuse_chunk(std::string_view arguments, Reply reply);
    void discard_chunk();
    std::optional<Step> receive();
    void end_of_reception();
    Reply refusal();
    void reset();
    std::string bare_line_end_seen() const;

    // authentication.cpp
    Reply auth(std::string_view arguments);
    Reply begin_exchange(accounts::Mechanism mechanism, std::optional<std::string_view> initial);
    Reply not_in_offer(accounts::Mechanism mechanism) const;
    Reply respond(const Lines::Line& line);
    Reply cancel(Reply reply);
    bool auth_announced() const;

    std::optional<Step> due();
    void say(Reply reply);
    void close(Reply reply);
    void trace_command(const Lines::Line& line);
    Write write();

    const config::Smtp& options_;
    std::string_view host_name_;
    std::uint64_t max_message_size_;
    const accounts::Directory& directory_;
    Security security_;
    std::uint32_t failures_per_session_;
    net::Trace trace_;

    State state_ = State::greeted;
    Hears hears_ = Hears::commands;
    std::string client_name_;
    bool extended_ = false;
    bool logged_in_ = false;
    std::string username_; // whoever that is
    mail::Envelope envelope_;
    std::uint64_t messages_ = 0; // answered to the end, accepted or not
    std::uint32_t errors_ = 0;
    std::uint32_t failures_ = 0; // of logins

    Lines lines_;
    std::string_view input_; // fed and not yet understood
    std::string replies_;    // said and not yet written
    std::string text_;       // of the reply that is being made, where it is not a constant

    Reception reception_;
    std::string id_;
    std::uint64_t refused_octets_ = 0; // of a chunk, yet to come
    Reply refused_reply_ = later;      // to it

    std::string note_;            // "": none
    std::optional<Step> outside_; // what others have to do before anything goes on
    bool begun_ = false;          // the store has begun with the message
    bool begin_due_ = false;
    bool abandon_due_ = false;
    bool closing_ = false;
    bool stopping_ = false;
    bool secrets_follow_ = false; // an AUTH failed: what comes may be meant for it
};

} // namespace portico::smtp
