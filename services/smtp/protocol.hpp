#pragma once

#include "config/config.hpp"
#include "net/transcript.hpp"
#include "services/accounts/directory.hpp"
#include "services/mail/envelope.hpp"
#include "services/mail/error.hpp"
#include "services/smtp/lines.hpp"
#include "services/smtp/mail_data.hpp"
#include "services/smtp/reply.hpp"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace portico::smtp {

struct Read {}; // wants feed() or interrupted()
struct Write {
    std::string bytes;
};
struct Note {
    std::string event;
}; // worth a line in the log
struct Begin {
    mail::Envelope envelope;
}; // a message starts: wants began()
struct Append {
    std::string_view bytes;
};                 // a piece of it, valid until the next feed()
struct Abandon {}; // it is refused: nothing of it is to be kept
struct Deliver {}; // it is whole: wants delivered()
struct Close {};
using Step = std::variant<Read, Write, Note, Begin, Append, Abandon, Deliver, Close>;

/// Why there was nothing to feed.
enum class Interruption : std::uint8_t { idle, stopping };

/// How far the session is, in the order of RFC 5321 section 4.1.4.
enum class State : std::uint8_t {
    greeted, // no EHLO or HELO yet
    ready,   // no mail transaction
    mail,    // MAIL was accepted
    rcpt,    // and a recipient
    data,    // until the reply to the mail data
};

/// One SMTP conversation (RFC 5321), the server's side. Knows no socket, no clock and no thread.
/// Options, host name and directory outlive it. Replies to what arrived together go out together
/// (RFC 2920).
class Protocol {
public:
    Protocol(const config::Smtp& options, std::string_view host_name,
             std::uint64_t max_message_size, const accounts::Directory& directory,
             net::Trace trace = {});

    /// What to do now. Carry it out and, where the step wants it, answer before asking again.
    Step next();

    /// What the client said, cut anywhere; needs to stay valid until the next Read.
    void feed(std::string_view bytes);
    /// The message's identity, for the reply to its end.
    void began(std::string_view id);
    void delivered(std::expected<void, mail::StoreError> outcome);
    /// The wait is over, or the server stops: a message that is arriving is let finish in the
    /// latter case, everything else ends here (RFC 5321 section 3.8).
    void interrupted(Interruption why);

    State state() const { return state_; }
    /// As the client named itself; passed the grammar of a domain or an address literal.
    std::string_view client_name() const { return client_name_; }
    /// "SMTP" after HELO, "ESMTP" after EHLO: the WITH clause of RFC 5321 section 4.4.
    std::string_view transmission_type() const { return extended_ ? "ESMTP" : "SMTP"; }

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
    struct Command;
    static const Command* find_command(std::string_view verb);

    Reply ehlo(std::string_view arguments);
    Reply helo(std::string_view arguments);
    Reply mail(std::string_view arguments);
    Reply rcpt(std::string_view arguments);
    Reply data(std::string_view arguments);
    Reply rset(std::string_view arguments);
    Reply noop(std::string_view arguments);
    Reply vrfy(std::string_view arguments);
    Reply help(std::string_view arguments);
    Reply quit(std::string_view arguments);
    Reply not_offered(std::string_view arguments);

    Reply execute(const Lines::Line& line);
    Reply greet(std::string_view arguments, bool extended);
    Reply end_of_data();
    std::optional<Step> receive();
    std::optional<Step> due();
    void reset();
    void say(Reply reply);
    void close(Reply reply);
    void trace_command(const Lines::Line& line) const;
    Write write();

    const config::Smtp& options_;
    std::string_view host_name_;
    std::uint64_t max_message_size_;
    const accounts::Directory& directory_;
    net::Trace trace_;

    State state_ = State::greeted;
    std::string client_name_;
    bool extended_ = false;
    mail::Envelope envelope_;
    std::uint64_t messages_ = 0; // answered to the end, accepted or not
    std::uint32_t errors_ = 0;

    Lines lines_;
    std::string_view input_; // fed and not yet understood
    std::string replies_;    // said and not yet written
    std::string text_;       // of the reply that is being made, where it is not a constant

    MailData mail_data_;
    std::uint64_t octets_ = 0; // of mail data, after transparency
    std::string id_;
    bool too_large_ = false;

    std::string note_; // "": none
    bool begin_due_ = false;
    bool deliver_due_ = false;
    bool closing_ = false;
    bool stopping_ = false;
};

} // namespace portico::smtp
