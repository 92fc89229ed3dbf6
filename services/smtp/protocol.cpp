#include "services/smtp/protocol.hpp"

#include "services/smtp/command.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

namespace portico::smtp {

namespace {

// Replies wait for each other no longer than this, so that pipelining costs no memory.
constexpr std::size_t max_replies = 16 << 10;

constexpr Reply line_too_long{500, "5.5.2", "Line too long"};

std::string_view ordinal_suffix(std::uint64_t n)
{
    if (n % 100 >= 11 && n % 100 <= 13) return "th";
    constexpr std::array<std::string_view, 4> suffixes{"th", "st", "nd", "rd"};
    return n % 10 < suffixes.size() ? suffixes[n % 10] : "th";
}

} // namespace

const Protocol::Command* Protocol::find_command(std::string_view verb)
{
    using enum State;
    static constexpr std::array commands{
        Command{"EHLO", &Protocol::ehlo, greeted, max_command_line, true},
        Command{"HELO", &Protocol::helo, greeted, max_command_line, true},
        Command{"MAIL", &Protocol::mail, ready, max_mail_line},
        Command{"RCPT", &Protocol::rcpt, State::mail, max_rcpt_line},
        Command{"DATA", &Protocol::data, State::rcpt},
        Command{"BDAT", &Protocol::bdat, State::rcpt},
        Command{"RSET", &Protocol::rset, greeted, max_command_line, true},
        Command{"NOOP", &Protocol::noop, greeted, max_command_line, true},
        Command{"VRFY", &Protocol::vrfy, greeted},
        Command{"HELP", &Protocol::help, greeted, max_command_line, true},
        Command{"QUIT", &Protocol::quit, greeted, max_command_line, true},
        Command{"STARTTLS", &Protocol::starttls, ready, max_command_line, true},
        Command{"AUTH", &Protocol::auth, ready},
        // Known, so 502 and not 500 (section 4.2.4)
        Command{"EXPN", &Protocol::not_offered, greeted},
        Command{"TURN", &Protocol::not_offered, greeted},
        Command{"ETRN", &Protocol::not_offered, greeted},
    };
    const auto* found = std::ranges::find_if(
        commands, [&](const Command& command) { return same_word(command.verb, verb); });
    return found == commands.end() ? nullptr : found;
}

Protocol::Protocol(const config::Smtp& options, std::string_view host_name,
                   std::uint64_t max_message_size, const accounts::Directory& directory,
                   Security security, std::uint32_t failures_per_session, net::Trace trace)
    : options_{options}, host_name_{host_name}, max_message_size_{max_message_size},
      directory_{directory}, security_{std::move(security)},
      failures_per_session_{failures_per_session}, trace_{trace}, reception_{options,
                                                                             max_message_size}
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
        const auto heard = hears_;
        if (heard == Hears::refused_chunk) {
            discard_chunk();
        } else if (heard == Hears::mail_data || heard == Hears::chunk) {
            if (auto step = receive()) return std::move(*step);
        } else if (heard == Hears::response) {
            if (auto line = lines_.take(input_, accounts::max_response)) {
                say(respond(*line));
                continue;
            }
        } else if (auto line = lines_.take(input_, max_line)) {
            say(execute(*line));
            continue;
        }
        if (hears_ != heard || outside_) continue;
        if (!replies_.empty()) return write();
        return Read{};
    }
}

std::optional<Step> Protocol::due()
{
    if (!note_.empty()) return Note{std::exchange(note_, {})};
    if (std::exchange(abandon_due_, false)) return Abandon{};
    if (std::exchange(begin_due_, false)) return Begin{envelope_};
    if (replies_.size() > max_replies) return write();
    if (!outside_) return {};
    // That takes its time; what was answered before need not wait for it.
    if (!replies_.empty()) return write();
    return std::exchange(outside_, {});
}

// --- commands ---------------------------------------------------------------------------------

Reply Protocol::execute(const Lines::Line& line)
{
    trace_command(line);
    if (line.octets > max_line) return line_too_long;
    if (line.bare) {
        note_ = fmt::format("bare {} at octet {} of a command", line.bare->name(), line.bare->at);
        text_ = fmt::format("Bare {} at octet {} of the command: lines end in <CR><LF>",
                            line.bare->name(), line.bare->at);
        return {500, "5.5.2", text_};
    }
    const auto [verb, arguments] = parse_command(line.text);
    const auto* command = find_command(verb);
    if (line.octets > (command ? command->max_line : max_command_line)) {
        if (command && command->handler == &Protocol::auth) // RFC 4954 section 6
            return {500, "5.5.6", "Authentication exchange line is too long"};
        return line_too_long;
    }
    if (!command) return {500, "5.5.2", "Command not recognized"};
    if (auto reply = out_of_place(*command))
        return command->handler == &Protocol::bdat ? refuse_chunk(arguments, *reply) : *reply;
    return (this->*command->handler)(arguments);
}

std::optional<Reply> Protocol::out_of_place(const Command& command) const
{
    // RFC 3207 section 4. HELO is let through to where the same is said again, RSET and HELP
    // because they do nothing.
    if (security_.require_tls && !security_.tls && !command.in_clear)
        return Reply{530, "5.7.0", "Must issue a STARTTLS command first"};
    if (state_ < command.from) return Reply{503, "5.5.1", "Bad sequence of commands"};
    return {};
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
    text_ = fmt::format("{}\nPIPELINING\nSIZE {}\n8BITMIME\nSMTPUTF8\nENHANCEDSTATUSCODES\n"
                        "CHUNKING\nBINARYMIME\nDSN",
                        host_name_, max_message_size_);
    if (security_.starttls) text_ += "\nSTARTTLS";
    if (auth_announced()) {
        text_ += "\nAUTH";
        for (const auto mechanism : security_.offer.mechanisms)
            (text_ += ' ') += accounts::name_of(mechanism);
    }
    text_ += fmt::format("\nLIMITS RCPTMAX={}\nHELP", options_.max_recipients); // RFC 9422
    return {250, "", text_};
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
    auto vrfy = parse_vrfy(arguments);
    if (vrfy) return {252, "2.5.0", "Cannot verify the user, send mail to find out"};
    if (vrfy.error() == ParseError::syntax) return {501, "5.5.4", "Syntax: VRFY address"};
    return reply_to(vrfy.error(), PathOf::recipient);
}

Reply Protocol::help(std::string_view)
{
    text_ = fmt::format("EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT{}{}\n"
                        "See RFC 5321 for what they do",
                        security_.starttls ? " STARTTLS" : "", auth_announced() ? " AUTH" : "");
    return {214, "2.0.0", text_};
}

// RFC 5321 section 4.1.1.10
Reply Protocol::quit(std::string_view arguments)
{
    if (!arguments.empty()) return {501, "5.5.4", "Syntax: QUIT"};
    closing_ = true;
    return {221, "2.0.0", "Bye"};
}

// RFC 3207 section 4
Reply Protocol::starttls(std::string_view arguments)
{
    if (security_.tls) return {503, "5.5.1", "TLS is active already"};
    if (!security_.starttls) return not_offered(arguments);
    if (!arguments.empty()) return {501, "5.5.4", "Syntax: STARTTLS"};
    std::string go_ahead;
    append(go_ahead, {220, "2.0.0", "Ready to start TLS"},
           [this](std::string_view line) { trace_.server(line); });
    // Section 4.2: nothing that was said in clear counts any more, and what came behind the
    // command was no part of the TLS conversation, whoever put it there.
    outside_ = StartTls{std::move(go_ahead), input_.size()};
    input_ = {};
    reset();
    state_ = State::greeted;
    client_name_.clear();
    extended_ = false;
    logged_in_ = false;
    username_.clear();
    return later;
}

void Protocol::secured(Security now)
{
    security_ = std::move(now);
}

Reply Protocol::not_offered(std::string_view)
{
    return {502, "5.5.1", "Command not implemented"};
}

// --- the session ------------------------------------------------------------------------------

void Protocol::interrupted(Interruption why)
{
    if (closing_) return;
    if (why == Interruption::idle) {
        text_ = fmt::format("{} Timeout, closing transmission channel{}", host_name_,
                            bare_line_end_seen());
        close({421, "4.4.2", text_});
        return;
    }
    stopping_ = true;
    if (state_ >= State::bdat) return; // say() closes after the reply to the message
    text_ = fmt::format("{} Service shutting down", host_name_);
    close({421, "4.3.2", text_});
}

void Protocol::say(Reply reply)
{
    if (reply.code == later.code) return;
    // A client that errs without end is a program that guesses; its next error is the last.
    if (reply.code >= 500 && ++errors_ > options_.max_errors) {
        text_ = fmt::format("{} Too many errors", host_name_);
        close({421, "4.7.0", text_});
        return;
    }
    append(replies_, reply, [this](std::string_view line) { trace_.server(line); });
    if (stopping_ && !closing_ && state_ < State::bdat) interrupted(Interruption::stopping);
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

void Protocol::trace_command(const Lines::Line& line)
{
    if (!trace_.on()) return;
    if (line.octets > max_line) {
        trace_.client(fmt::format("({} octets, too long)", line.octets));
        return;
    }
    // Passwords are not shown, even where AUTH is refused, nor what a client sends behind it that
    // did not wait for the answer.
    constexpr std::string_view white = " \t\r\n";
    const auto verb = line.text.substr(0, line.text.find_first_of(white));
    if (same_word(verb, "AUTH")) {
        const auto mechanism = line.text.find_first_not_of(white, verb.size());
        const auto secret = line.text.find_first_of(white, mechanism);
        secrets_follow_ = true;
        if (mechanism != line.text.npos && secret != line.text.npos) {
            trace_.client(fmt::format("{} ****", line.text.substr(0, secret)));
            return;
        }
    } else if (find_command(parse_command(line.text).verb)) {
        secrets_follow_ = false;
    } else if (secrets_follow_) {
        trace_.client("****");
        return;
    }
    trace_.client(line.text);
}

std::string_view Protocol::transmission_type() const
{
    if (!extended_ && !envelope_.smtputf8) return "SMTP";
    static constexpr std::array<std::array<std::string_view, 4>, 2> types{{
        {"ESMTP", "ESMTPS", "ESMTPA", "ESMTPSA"},
        {"UTF8SMTP", "UTF8SMTPS", "UTF8SMTPA", "UTF8SMTPSA"},
    }};
    return types[envelope_.smtputf8 ? 1 : 0][(security_.tls ? 1u : 0u) + (logged_in_ ? 2u : 0u)];
}

std::string Protocol::doing() const
{
    constexpr std::array<std::string_view, 6> names{"no EHLO yet", "ready", "MAIL",
                                                    "RCPT",        "BDAT",  "DATA"};
    const auto name = names[static_cast<std::size_t>(state_)];
    if (state_ == State::greeted) return std::string{name};
    if (state_ == State::ready)
        return fmt::format("ready, {} message{}", messages_, messages_ == 1 ? "" : "s");
    const auto message = messages_ + 1;
    return fmt::format("{}, {}{} message", name, message, ordinal_suffix(message));
}

} // namespace portico::smtp
