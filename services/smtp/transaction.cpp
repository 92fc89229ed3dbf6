// Mail transactions (RFC 5321 section 3.3): from MAIL to the reply to the message.

#include "services/smtp/protocol.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace portico::smtp {

namespace {

constexpr Reply too_large{552, "5.3.4", "Message size exceeds the limit"};
constexpr Reply bad_sequence{503, "5.5.1", "Bad sequence of commands"};

} // namespace

// RFC 5321 section 4.1.1.2
Reply Protocol::mail(std::string_view arguments)
{
    if (state_ >= State::mail) return {503, "5.5.1", "Nested MAIL command"};
    // RFC 4954 section 6
    if (options_.auth == config::Smtp::Auth::required && !logged_in_)
        return {530, "5.7.0", "Authentication required"};
    auto mail = parse_mail(arguments);
    if (!mail) return reply_to(mail.error(), PathOf::sender);
    // RFC 4954 section 5: checked, and ignored as of a client that is not trusted to say it.
    if (mail->submitter && !auth_announced())
        return reply_to(ParseError::parameter_unknown, PathOf::sender);
    // RFC 1870 section 6.1: said before the client sends it all in vain
    if (mail->size.value_or(0) > max_message_size_) {
        note_ = fmt::format("message from <{}> refused: announced as {} octets, the limit is {}",
                            mail->reverse_path, *mail->size, max_message_size_);
        return too_large;
    }
    envelope_.reverse_path = mail->reverse_path;
    envelope_.body = mail->body;
    envelope_.smtputf8 = mail->smtputf8;
    envelope_.ret = mail->ret;
    envelope_.envid = mail->envid;
    envelope_.username = username_;
    state_ = State::mail;
    return {250, "2.1.0", "Sender OK"};
}

// RFC 5321 section 4.1.1.3
Reply Protocol::rcpt(std::string_view arguments)
{
    if (state_ == State::bdat) return bad_sequence; // the message has begun
    auto rcpt = parse_rcpt(arguments, envelope_.smtputf8);
    if (!rcpt) return reply_to(rcpt.error(), PathOf::recipient);
    // RFC 5321 section 4.5.3.1.10: past the limit the code is 452, so that the client tries the
    // rest in a later transaction instead of giving up on them.
    if (envelope_.recipients.size() >= options_.max_recipients)
        return {452, "4.5.3", "Too many recipients"};
    auto mailbox = directory_.mailbox_for(rcpt->forward_path);
    if (!mailbox) {
        note_ = fmt::format("recipient <{}> refused: no such mailbox", rcpt->forward_path);
        return {550, "5.1.1", "No such mailbox here"};
    }
    envelope_.recipients.push_back({.address = std::string{rcpt->forward_path},
                                    .mailbox = std::move(*mailbox),
                                    .notify = std::string{rcpt->notify},
                                    .orcpt = std::string{rcpt->orcpt}});
    state_ = State::rcpt;
    return {250, "2.1.5", "Recipient OK"};
}

// RFC 5321 section 4.1.1.4
Reply Protocol::data(std::string_view arguments)
{
    if (!arguments.empty()) return {501, "5.5.4", "Syntax: DATA"};
    if (state_ == State::bdat) return bad_sequence; // RFC 3030 section 2
    if (envelope_.body == mail::BodyType::binary)   // section 3
        return {503, "5.5.1", "BODY=BINARYMIME needs BDAT"};
    state_ = State::data;
    hears_ = Hears::mail_data;
    begin_due_ = true;
    reception_.open_data();
    return {354, "", "End data with <CR><LF>.<CR><LF>"};
}

// RFC 3030 section 2. The chunk comes right behind the command, whatever is said to that.
Reply Protocol::bdat(std::string_view arguments)
{
    const auto bdat = parse_bdat(arguments);
    if (!bdat || !bdat->well_formed)
        return refuse_chunk(arguments, {501, "5.5.4", "Syntax: BDAT size [LAST]"});
    if (!reception_.fits(bdat->size)) {
        note_ =
            fmt::format("message from <{}> refused: {} octets and a chunk of {}, the limit is "
                        "{}",
                        envelope_.reverse_path, reception_.octets(), bdat->size, max_message_size_);
        return refuse_chunk(arguments, too_large);
    }
    if (state_ == State::rcpt) begin_due_ = true;
    state_ = bdat->last ? State::data : State::bdat;
    hears_ = Hears::chunk;
    reception_.open_chunk(bdat->size, bdat->last);
    return later;
}

/// RFC 3030 section 2: what belongs to a failed BDAT is read and thrown away before the reply, and
/// the transaction has failed; chunks that are on their way behind it find none.
Reply Protocol::refuse_chunk(std::string_view arguments, Reply reply)
{
    reset();
    const auto bdat = parse_bdat(arguments);
    if (!bdat) return reply; // nobody knows how much would follow
    hears_ = Hears::refused_chunk;
    refused_octets_ = bdat->size;
    refused_reply_ = reply;
    return later;
}

void Protocol::discard_chunk()
{
    const auto octets = std::min<std::uint64_t>(refused_octets_, input_.size());
    input_.remove_prefix(octets);
    refused_octets_ -= octets;
    if (refused_octets_ > 0) return;
    hears_ = Hears::commands;
    say(refused_reply_);
}

// --- the message ------------------------------------------------------------------------------

std::optional<Step> Protocol::receive()
{
    for (;;) {
        if (const auto piece = reception_.next(); !piece.empty()) return Append{piece};
        if (reception_.ended()) break;
        if (input_.empty()) return {};
        if (reception_.read(input_)) {
            begun_ = false;
            return Abandon{};
        }
    }
    end_of_reception();
    return {};
}

void Protocol::end_of_reception()
{
    if (trace_.on())
        trace_.client(fmt::format("({} octets of message)", hears_ == Hears::chunk
                                                                ? reception_.chunk()
                                                                : reception_.octets()));
    hears_ = Hears::commands;
    if (reception_.refusal()) {
        const auto reply = refusal();
        reset();
        ++messages_;
        say(reply);
    } else if (reception_.whole()) {
        outside_ = Deliver{};
    } else {
        text_ = fmt::format("{} octets received", reception_.chunk());
        say({250, "2.0.0", text_});
    }
}

Reply Protocol::refusal()
{
    const auto refused = fmt::format("message from <{}> refused: ", envelope_.reverse_path);
    switch (*reception_.refusal()) {
    case Refusal::too_large:
        note_ = fmt::format("{}{} octets, the limit is {}", refused, reception_.octets(),
                            max_message_size_);
        return too_large;
    case Refusal::bare_line_end:
        text_ = fmt::format("Bare {} at octet {} of the message", reception_.bare()->name(),
                            reception_.bare()->at);
        note_ = refused + text_;
        text_ += ": lines end in <CR><LF>";
        return {550, "5.6.0", text_};
    case Refusal::long_line:
        text_ = fmt::format("Line {} of the message is too long ({} octets at most)",
                            *reception_.long_line(), options_.max_text_line);
        note_ = refused + text_;
        return {500, "5.6.0", text_}; // RFC 5321 section 4.5.3.1.9
    case Refusal::mail_loop:
        note_ = fmt::format("{}more than {} Received fields", refused, options_.max_received);
        return {554, "5.4.6", "Too many Received fields: this mail goes in a circle"};
    }
    std::unreachable();
}

void Protocol::began(std::string_view id, std::chrono::system_clock::time_point now)
{
    id_ = id;
    begun_ = true;
    reception_.began(id, host_name_, now);
}

void Protocol::delivered(std::expected<void, mail::StoreError> outcome)
{
    text_ = fmt::format("Ok: queued as {}", id_);
    begun_ = false;
    reset(); // RFC 5321 section 4.1.1.4: the buffers are cleared, whatever the outcome
    ++messages_;
    say(outcome ? Reply{250, "2.0.0", text_} : reply_to(outcome.error()));
}

void Protocol::reset()
{
    if (state_ > State::ready) state_ = State::ready;
    if (std::exchange(begun_, false)) abandon_due_ = true;
    begin_due_ = false;
    hears_ = Hears::commands;
    envelope_ = {};
    reception_ = Reception{options_, max_message_size_};
    id_.clear();
}

/// A client that ends its message with line ends of its own waits for us as we do for it.
std::string Protocol::bare_line_end_seen() const
{
    const auto& bare = reception_.bare();
    if (hears_ != Hears::mail_data || !bare) return {};
    return fmt::format(" (bare {} at octet {} of the message: only <CR><LF>.<CR><LF> ends it)",
                       bare->name(), bare->at);
}

} // namespace portico::smtp
