#include "services/smtp/protocol.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

namespace portico::smtp {

namespace {

// RFC 5321 section 4.5.3.1.4, with CR LF. An extension may allow more for MAIL: RFC 1870
// section 3 adds 26 octets for SIZE, RFC 6152 section 2 adds 17 for BODY.
constexpr std::size_t max_command_line = 512;
constexpr std::size_t max_mail_line = max_command_line + 26 + 17;

// Replies wait for each other no longer than this, so that pipelining costs no memory.
constexpr std::size_t max_replies = 16 << 10;

std::string_view ordinal_suffix(std::uint64_t n)
{
    if (n % 100 >= 11 && n % 100 <= 13) return "th";
    constexpr std::array<std::string_view, 4> suffixes{"th", "st", "nd", "rd"};
    return n % 10 < suffixes.size() ? suffixes[n % 10] : "th";
}

} // namespace

struct Protocol::Command {
    std::string_view verb;
    Reply (Protocol::*handler)(std::string_view);
    State from;
    std::size_t max_line = max_command_line;
    bool offered = true;
};

// RFC 5321 section 4.1.1. The third column is section 4.1.4, the order of commands: before that
// state the answer is 503.
const Protocol::Command* Protocol::find_command(std::string_view verb)
{
    static constexpr std::array commands{
        Command{"EHLO", &Protocol::ehlo, State::greeted},
        Command{"HELO", &Protocol::helo, State::greeted},
        Command{"MAIL", &Protocol::mail, State::ready, max_mail_line},
        Command{"RCPT", &Protocol::rcpt, State::mail},
        Command{"DATA", &Protocol::data, State::rcpt},
        Command{"RSET", &Protocol::rset, State::greeted},
        Command{"NOOP", &Protocol::noop, State::greeted},
        Command{"VRFY", &Protocol::vrfy, State::greeted},
        Command{"HELP", &Protocol::help, State::greeted},
        Command{"QUIT", &Protocol::quit, State::greeted},
        // Known, so 502 and not 500 (section 4.2.4)
        Command{"EXPN", &Protocol::not_offered, State::greeted},
        Command{"TURN", &Protocol::not_offered, State::greeted},
        Command{"ETRN", &Protocol::not_offered, State::greeted},
        Command{"AUTH", &Protocol::not_offered, State::greeted},
        Command{"BDAT", &Protocol::not_offered, State::greeted},
        Command{"STARTTLS", &Protocol::not_offered, State::greeted},
    };
    const auto* found = std::ranges::find_if(
        commands, [&](const Command& command) { return same_word(command.verb, verb); });
    return found == commands.end() ? nullptr : found;
}

Protocol::Protocol(const config::Smtp& options, std::string_view host_name,
                   std::uint64_t max_message_size, const accounts::Directory& directory,
                   net::Trace trace)
    : options_{options}, host_name_{host_name}, max_message_size_{max_message_size},
      directory_{directory}, trace_{trace}, lines_{max_mail_line}
{
    text_ = fmt::format("{} ESMTP portico", host_name_);
    say({220, "", text_});
}

void Protocol::feed(std::string_view bytes)
{
    input_ = bytes;
}

Step Protocol::next()
{
    for (;;) {
        if (auto step = due()) return std::move(*step);
        if (closing_) {
            if (!replies_.empty()) return write();
            return Close{};
        }
        if (state_ == State::data) {
            if (auto step = receive()) return std::move(*step);
            if (state_ != State::data || deliver_due_) continue;
        } else if (auto line = lines_.take(input_)) {
            say(execute(*line));
            continue;
        }
        if (!replies_.empty()) return write();
        return Read{};
    }
}

std::optional<Step> Protocol::due()
{
    if (!note_.empty()) return Note{std::exchange(note_, {})};
    if (std::exchange(begin_due_, false)) return Begin{envelope_};
    if (replies_.size() > max_replies) return write();
    if (deliver_due_) {
        // A delivery waits for the disk; what was answered before need not.
        if (!replies_.empty()) return write();
        deliver_due_ = false;
        return Deliver{};
    }
    return {};
}

// --- commands ---------------------------------------------------------------------------------

Reply Protocol::execute(const Lines::Line& line)
{
    trace_command(line);
    // The longest line any command may have; what is longer was not even kept whole.
    if (line.octets > max_mail_line) return {500, "5.5.2", "Line too long"};
    auto parsed = parse_command(line.text);
    if (!parsed) return reply_to(parsed.error(), PathOf::sender);
    const auto* command = find_command(parsed->verb);
    if (line.octets > (command ? command->max_line : max_command_line))
        return {500, "5.5.2", "Line too long"};
    if (!command) return {500, "5.5.2", "Command not recognized"};
    if (state_ < command->from) return {503, "5.5.1", "Bad sequence of commands"};
    return (this->*command->handler)(parsed->arguments);
}

Reply Protocol::ehlo(std::string_view arguments)
{
    return greet(arguments, true);
}

Reply Protocol::helo(std::string_view arguments)
{
    return greet(arguments, false);
}

// RFC 5321 section 4.1.1.1. RFC 2034 leaves these replies without enhanced codes.
Reply Protocol::greet(std::string_view arguments, bool extended)
{
    auto name = parse_client_name(arguments);
    if (!name)
        return {501, "",
                extended ? "Syntax: EHLO domain or address literal"
                         : "Syntax: HELO domain or address literal"};
    reset(); // section 4.1.4: EHLO in a transaction acts as RSET
    state_ = State::ready;
    client_name_ = *name;
    extended_ = extended;
    if (!extended) return {250, "", host_name_};
    text_ = fmt::format("{}\nPIPELINING\nSIZE {}\n8BITMIME\nENHANCEDSTATUSCODES\nHELP", host_name_,
                        max_message_size_);
    return {250, "", text_};
}

// RFC 5321 section 4.1.1.2
Reply Protocol::mail(std::string_view arguments)
{
    if (state_ >= State::mail) return {503, "5.5.1", "Nested MAIL command"};
    auto mail = parse_mail(arguments);
    if (!mail) return reply_to(mail.error(), PathOf::sender);
    // RFC 1870 section 6.1: said before the client sends it all in vain
    if (mail->size.value_or(0) > max_message_size_) {
        note_ = fmt::format("message from <{}> refused: announced as {} octets, the limit is {}",
                            mail->reverse_path, *mail->size, max_message_size_);
        return {552, "5.3.4", "Message size exceeds the limit"};
    }
    envelope_.reverse_path = mail->reverse_path;
    state_ = State::mail;
    return {250, "2.1.0", "Sender OK"};
}

// RFC 5321 section 4.1.1.3
Reply Protocol::rcpt(std::string_view arguments)
{
    auto forward_path = parse_rcpt(arguments);
    if (!forward_path) return reply_to(forward_path.error(), PathOf::recipient);
    // RFC 5321 section 4.5.3.1.10: past the limit the code is 452, so that the client tries the
    // rest in a later transaction instead of giving up on them.
    if (envelope_.recipients.size() >= options_.max_recipients)
        return {452, "4.5.3", "Too many recipients"};
    auto mailbox = directory_.mailbox_for(*forward_path);
    if (!mailbox) {
        note_ = fmt::format("recipient <{}> refused: no such mailbox", *forward_path);
        return {550, "5.1.1", "No such mailbox here"};
    }
    envelope_.recipients.push_back({std::string{*forward_path}, std::move(*mailbox)});
    state_ = State::rcpt;
    return {250, "2.1.5", "Recipient OK"};
}

// RFC 5321 section 4.1.1.4
Reply Protocol::data(std::string_view arguments)
{
    if (!arguments.empty()) return {501, "5.5.4", "Syntax: DATA"};
    state_ = State::data;
    begin_due_ = true;
    return {354, "", "End data with <CR><LF>.<CR><LF>"};
}

Reply Protocol::rset(std::string_view arguments)
{
    if (!arguments.empty()) return {501, "5.5.4", "Syntax: RSET"};
    reset();
    return {250, "2.0.0", "OK"};
}

// RFC 5321 section 4.1.1.9: an argument is ignored.
Reply Protocol::noop(std::string_view)
{
    return {250, "2.0.0", "OK"};
}

// RFC 5321 section 7.3: who has a mailbox is told to nobody, and 252 says just that.
Reply Protocol::vrfy(std::string_view arguments)
{
    if (arguments.empty()) return {501, "5.5.4", "Syntax: VRFY address"};
    return {252, "2.5.0", "Cannot verify the user, send mail to find out"};
}

Reply Protocol::help(std::string_view)
{
    return {214, "2.0.0",
            "EHLO HELO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT\nSee RFC 5321 for what they do"};
}

// RFC 5321 section 4.1.1.10
Reply Protocol::quit(std::string_view arguments)
{
    if (!arguments.empty()) return {501, "5.5.4", "Syntax: QUIT"};
    closing_ = true;
    return {221, "2.0.0", "Bye"};
}

Reply Protocol::not_offered(std::string_view)
{
    return {502, "5.5.1", "Command not implemented"};
}

// --- mail data --------------------------------------------------------------------------------

std::optional<Step> Protocol::receive()
{
    while (!input_.empty() && !mail_data_.ended()) {
        const auto piece = mail_data_.take(input_);
        octets_ += piece.size();
        if (octets_ > max_message_size_) {
            if (!std::exchange(too_large_, true)) return Abandon{};
        } else if (!piece.empty()) {
            return Append{piece};
        }
    }
    if (!mail_data_.ended()) return {};
    if (trace_.on()) trace_.client(fmt::format("({} octets of message)", octets_));
    if (too_large_)
        say(end_of_data());
    else
        deliver_due_ = true;
    return {};
}

// The message was read to its end all the same: a client listens only then.
Reply Protocol::end_of_data()
{
    note_ = fmt::format("message from <{}> refused: {} octets, the limit is {}",
                        envelope_.reverse_path, octets_, max_message_size_);
    reset();
    ++messages_;
    return {552, "5.3.4", "Message size exceeds the limit"};
}

void Protocol::began(std::string_view id)
{
    id_ = id;
}

void Protocol::delivered(std::expected<void, mail::StoreError> outcome)
{
    text_ = fmt::format("Ok: queued as {}", id_);
    reset(); // RFC 5321 section 4.1.1.4: the buffers are cleared, whatever the outcome
    ++messages_;
    say(outcome ? Reply{250, "2.0.0", text_} : reply_to(outcome.error()));
}

// --- the session ------------------------------------------------------------------------------

void Protocol::interrupted(Interruption why)
{
    if (closing_) return;
    if (why == Interruption::idle) {
        text_ = fmt::format("{} Timeout, closing transmission channel", host_name_);
        close({421, "4.4.2", text_});
        return;
    }
    stopping_ = true;
    if (state_ == State::data) return; // say() closes after the reply to the message
    text_ = fmt::format("{} Service shutting down", host_name_);
    close({421, "4.3.2", text_});
}

void Protocol::reset()
{
    if (state_ > State::ready) state_ = State::ready;
    envelope_ = {};
    mail_data_ = {};
    octets_ = 0;
    id_.clear();
    too_large_ = false;
}

void Protocol::say(Reply reply)
{
    // A client that errs without end is a program that guesses; its next error is the last.
    if (reply.code >= 500 && ++errors_ > options_.max_errors) {
        text_ = fmt::format("{} Too many errors", host_name_);
        close({421, "4.7.0", text_});
        return;
    }
    append(replies_, reply, [this](std::string_view line) { trace_.server(line); });
    if (stopping_ && !closing_ && state_ != State::data) interrupted(Interruption::stopping);
}

void Protocol::close(Reply reply)
{
    closing_ = true;
    append(replies_, reply, [this](std::string_view line) { trace_.server(line); });
}

Write Protocol::write()
{
    return {std::exchange(replies_, {})};
}

void Protocol::trace_command(const Lines::Line& line) const
{
    if (!trace_.on()) return;
    if (line.octets > max_mail_line) {
        trace_.client(fmt::format("({} octets, too long)", line.octets));
        return;
    }
    // Passwords are not shown, even where AUTH is refused.
    const auto verb = line.text.substr(0, line.text.find(' '));
    const auto mechanism = line.text.find_first_not_of(' ', verb.size());
    if (same_word(verb, "AUTH") && mechanism != line.text.npos) {
        const auto secret = line.text.find(' ', mechanism);
        if (secret != line.text.npos) {
            trace_.client(fmt::format("{} ****", line.text.substr(0, secret)));
            return;
        }
    }
    trace_.client(line.text);
}

std::string Protocol::doing() const
{
    constexpr std::array<std::string_view, 5> names{"no EHLO yet", "ready", "MAIL", "RCPT", "DATA"};
    const auto name = names[static_cast<std::size_t>(state_)];
    if (state_ == State::greeted) return std::string{name};
    if (state_ == State::ready)
        return fmt::format("ready, {} message{}", messages_, messages_ == 1 ? "" : "s");
    const auto message = messages_ + 1;
    return fmt::format("{}, {}{} message", name, message, ordinal_suffix(message));
}

} // namespace portico::smtp
