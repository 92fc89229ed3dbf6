#include "services/pop3/protocol.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

namespace portico::pop3 {

using namespace std::string_literals;

namespace {

bool includes(State states, State state)
{
    return (static_cast<unsigned>(states) & static_cast<unsigned>(state)) != 0;
}

} // namespace

enum class Protocol::Takes : std::uint8_t { nothing, maybe, something };

struct Protocol::Command {
    std::string_view verb;
    Reply (Protocol::*handler)(std::string_view argument);
    State valid_in;
    Takes argument;
    bool in_clear = false;
};

Protocol::Protocol(const config::Pop3& options, Host host, Security security,
                   std::uint32_t max_failures, net::Trace trace)
    : max_errors_{options.max_errors}, max_failures_{max_failures}, host_{std::move(host)},
      security_{std::move(security)}, trace_{trace}
{
    say(greeting(host_.name, host_.timestamp)); // RFC 1939 section 4
}

Step Protocol::next()
{
    for (;;) {
        if (output_.size() >= write_octets) return write();
        if (asked_) {
            if (auto* start = std::get_if<StartTls>(&*asked_)) {
                // RFC 2595 section 4: the handshake begins right behind the +OK. What came before
                // the client could know of that is a stranger's as likely as his.
                if (!output_.empty()) return write();
                start->unread = lines_.drop();
            }
            auto step = std::move(*asked_);
            asked_.reset();
            return step;
        }
        if (listing_) {
            continue_listing();
        } else if (state_ == State::ended) {
            if (!output_.empty()) return write();
            return Close{};
        } else if (auto line = lines_.next()) {
            carry_out(*line);
        } else {
            // RFC 2449 section 6.6: all that came together is answered together.
            if (!output_.empty()) return write();
            return Read{};
        }
    }
}

void Protocol::feed(std::string_view bytes)
{
    lines_.feed(bytes);
}

void Protocol::interrupted(Interruption why)
{
    // RFC 1939 section 3: when the time is up, the session ends without UPDATE and without a
    // word. A stop may be explained, but removes nothing either.
    if (why == Interruption::stopping && state_ != State::ended) say(shutting_down);
    state_ = State::ended;
}

void Protocol::carry_out(std::expected<std::string_view, LineError> line)
{
    if (trace_.on()) trace_.client(line ? shown(*line) : "(a line that is no command)");
    if (exchanging_) return respond(line);
    auto reply = line ? execute(*line) : Reply{reply_to(line.error())};
    if (reply.starts_with('-'))
        refuse(reply);
    else if (!reply.empty())
        say(reply);
}

/// Who errs without end, or guesses passwords, is sent away.
void Protocol::refuse(std::string_view line)
{
    if (++errors_ < max_errors_) return say(line);
    say(too_many_errors);
    state_ = State::ended;
}

auto Protocol::find_command(std::string_view verb) -> const Command*
{
    using enum State;
    constexpr bool in_clear = true; // also where TLS is required and not there yet
    // RFC 1939 sections 4 to 7; CAPA: RFC 2449 section 5, STLS: RFC 2595 section 4, AUTH: RFC 5034
    // section 4, UTF8: RFC 6856 section 2.1. The third column is the states in which a command is
    // valid; in any other the answer is -ERR.
    static constexpr std::array commands{
        Command{"USER", &Protocol::user, authorization, Takes::something},
        Command{"PASS", &Protocol::pass, authorization, Takes::something},
        Command{"APOP", &Protocol::apop, authorization, Takes::something},
        Command{"AUTH", &Protocol::auth, authorization, Takes::maybe},
        Command{"STLS", &Protocol::stls, authorization, Takes::nothing, in_clear},
        Command{"UTF8", &Protocol::utf8, authorization, Takes::nothing},
        Command{"STAT", &Protocol::stat, transaction, Takes::nothing},
        Command{"LIST", &Protocol::list, transaction, Takes::maybe},
        Command{"UIDL", &Protocol::uidl, transaction, Takes::maybe},
        Command{"RETR", &Protocol::retr, transaction, Takes::something},
        Command{"TOP", &Protocol::top, transaction, Takes::something},
        Command{"DELE", &Protocol::dele, transaction, Takes::something},
        Command{"RSET", &Protocol::rset, transaction, Takes::nothing},
        Command{"NOOP", &Protocol::noop, transaction, Takes::nothing},
        Command{"CAPA", &Protocol::capa, authorization | transaction, Takes::nothing, in_clear},
        Command{"QUIT", &Protocol::quit, authorization | transaction, Takes::nothing, in_clear},
    };
    const auto* command = std::ranges::find_if(
        commands, [&](const Command& row) { return same_verb(row.verb, verb); });
    return command == commands.end() ? nullptr : command;
}

Protocol::Reply Protocol::execute(std::string_view line)
{
    auto [verb, argument] = parse_command(line);
    const auto* command = find_command(verb);
    if (!command) return Reply{unknown_command};
    if (security_.require_tls && !security_.tls && !command->in_clear) return Reply{stls_first};
    if (!includes(command->valid_in, state_))
        return Reply{state_ == State::authorization ? log_in_first : already_logged_in};
    if (argument && command->argument == Takes::nothing) return Reply{no_argument_expected};
    if (!argument && command->argument == Takes::something) return Reply{argument_missing};
    return (this->*command->handler)(argument.value_or(std::string_view{}));
}

/// The client's line as the transcript may have it.
std::string Protocol::shown(std::string_view line) const
{
    static constexpr std::string_view hidden = "****";
    if (exchanging_) return std::string{line == "*" ? line : hidden};
    // Behind an AUTH that failed early may come the responses the client had ready.
    auto stray = auth_seen_ && state_ == State::authorization;
    if (stray && !find_command(parse_command(line).verb)) return std::string{hidden};
    return masked(line);
}

// What the client can do, in both states: AUTHORIZATION and TRANSACTION

/// RFC 2449 section 6: what works on this connection, in this state. Section 5 would have what is
/// announced before the login announced after it too; USER, SASL and STLS are not, for nobody can
/// use them any more.
Protocol::Reply Protocol::capa(std::string_view)
{
    auto before_login = state_ == State::authorization;
    auto log_in = before_login && (security_.tls || !security_.require_tls);
    say(capabilities_follow);
    say("TOP");                                          // section 6.1
    if (log_in && security_.offer.password) say("USER"); // section 6.2
    if (log_in && !security_.offer.mechanisms.empty()) { // section 6.3, RFC 5034 section 3
        std::string sasl = "SASL";
        for (auto mechanism : security_.offer.mechanisms)
            sasl.append(" ").append(accounts::name_of(mechanism));
        say(sasl);
    }
    say("RESP-CODES");             // section 6.4
    say("AUTH-RESP-CODE");         // RFC 3206 section 6
    say("PIPELINING");             // section 6.6
    say("EXPIRE NEVER");           // section 6.7: nothing is removed but by DELE
    say("UIDL");                   // section 6.8
    say("IMPLEMENTATION portico"); // section 6.9
    if (before_login && security_.starttls) say("STLS"); // RFC 2595 section 4
    if (log_in || !before_login) say("UTF8 USER");       // RFC 6856 section 2: in both states
    say(".");
    return Reply{later}; // that was it
}

// ---- TRANSACTION (RFC 1939 section 5; TOP and UIDL: section 7)

/// Messages are counted from 1; what is marked as deleted is not there (RFC 1939 section 5).
std::expected<std::size_t, std::string_view> Protocol::find(std::uint64_t number) const
{
    if (number == 0 || number > messages_.size()) return std::unexpected{no_such_message};
    auto index = static_cast<std::size_t>(number - 1);
    if (deleted_[index]) return std::unexpected{no_such_message};
    return index;
}

std::expected<std::size_t, std::string_view> Protocol::find(std::string_view number) const
{
    auto parsed = parse_number(number);
    if (!parsed) return std::unexpected{number_expected};
    return find(*parsed);
}

Protocol::Reply Protocol::stat(std::string_view)
{
    return drop_listing(count_, octets_);
}

Protocol::Reply Protocol::list(std::string_view number)
{
    if (number.empty()) {
        listing_ = Listing{.unique_ids = false};
        return scan_listings_follow(count_, octets_);
    }
    auto index = find(number);
    if (!index) return Reply{index.error()};
    auto reply = "+OK "s;
    add_scan_listing(*index + 1, messages_[*index], reply);
    return reply;
}

Protocol::Reply Protocol::uidl(std::string_view number)
{
    if (number.empty()) {
        listing_ = Listing{.unique_ids = true};
        return Reply{unique_ids_follow};
    }
    auto index = find(number);
    if (!index) return Reply{index.error()};
    auto reply = "+OK "s;
    add_unique_id_listing(*index + 1, messages_[*index], reply);
    return reply;
}

/// As many lines as one Write may have: a maildrop of any size is listed in bounded memory.
void Protocol::continue_listing()
{
    auto& [next, listed, unique_ids] = *listing_;
    for (; next != messages_.size() && output_.size() < write_octets; ++next) {
        if (deleted_[next]) continue;
        if (unique_ids)
            add_unique_id_listing(next + 1, messages_[next], output_);
        else
            add_scan_listing(next + 1, messages_[next], output_);
        output_ += "\r\n";
        ++listed;
    }
    if (next != messages_.size()) return;
    if (trace_.on()) trace_.server(fmt::format("({} lines)", listed));
    say(".");
    listing_.reset();
}

Protocol::Reply Protocol::retr(std::string_view number)
{
    auto index = find(number);
    if (!index) return Reply{index.error()};
    return send(*index, Body{Body::all}, false);
}

Protocol::Reply Protocol::top(std::string_view arguments)
{
    auto parsed = parse_top(arguments);
    if (!parsed) return Reply{two_numbers_expected};
    auto index = find(parsed->message);
    if (!index) return Reply{index.error()};
    return send(*index, Body{parsed->lines}, true);
}

Protocol::Reply Protocol::send(std::size_t index, Body body, bool top)
{
    // RFC 6856 sections 2.1 and 5: outside the mode UTF-8 must not be sent as it is. That the
    // message needs it is not the client's error.
    if (messages_[index].utf8 && !utf8_) {
        say(needs_utf8);
        return Reply{later};
    }
    sending_ = Sending{.index = index, .body = body, .top = top};
    asked_ = Fetch{index};
    return Reply{later};
}

void Protocol::content(std::expected<std::string_view, mail::StoreError> piece)
{
    auto& [index, body, top, started] = *sending_;
    if (!piece) {
        // Once a part is out, no reply could be told from the message, and a final dot would
        // say that this was all of it.
        if (started)
            state_ = State::ended;
        else
            say(reply_to(piece.error()));
        sending_.reset();
        return;
    }
    if (!std::exchange(started, true))
        say(top ? top_follows : octets_follow(messages_[index].octets_on_the_wire()));
    if (!top) output_.reserve(output_.size() + piece->size() + piece->size() / 64);
    body.add(*piece, output_);
    const bool all = piece->empty() || body.octets() == messages_[index].size;
    if (!all && !body.enough()) {
        asked_ = More{};
        return;
    }
    if (trace_.on()) {
        trace_.server(fmt::format("({} octets)", body.octets()));
        trace_.server(".");
    }
    body.end(output_);
    sending_.reset();
}

Protocol::Reply Protocol::dele(std::string_view number)
{
    auto index = find(number);
    if (!index) return Reply{index.error()};
    deleted_[*index] = true;
    --count_;
    octets_ -= messages_[*index].octets_on_the_wire();
    return message_deleted(*index + 1);
}

Protocol::Reply Protocol::rset(std::string_view)
{
    deleted_.assign(messages_.size(), false);
    count_ = messages_.size();
    octets_ = 0;
    for (auto& message : messages_) octets_ += message.octets_on_the_wire();
    return maildrop_has(count_, octets_);
}

Protocol::Reply Protocol::noop(std::string_view)
{
    return Reply{ok};
}

// ---- UPDATE (RFC 1939 section 6)

Protocol::Reply Protocol::quit(std::string_view)
{
    if (state_ == State::authorization) { // section 4: there is nothing to update
        state_ = State::ended;
        return signing_off(host_.name);
    }
    state_ = State::update;
    Update update;
    update.indices.reserve(messages_.size() - count_);
    for (std::size_t index = 0; index != messages_.size(); ++index)
        if (deleted_[index]) update.indices.push_back(index);
    asked_ = std::move(update);
    return Reply{later};
}

void Protocol::updated(std::expected<void, mail::StoreError> outcome)
{
    if (outcome)
        say(signing_off(host_.name, count_));
    else // RFC 1939 section 6: some or none of them were removed
        say(outcome.error() == mail::StoreError::damaged ? not_removed_for_good : not_removed);
    messages_ = {};
    state_ = State::ended;
}

// ----

void Protocol::say(std::string_view line)
{
    trace_.server(line);
    output_ += line;
    output_ += "\r\n";
}

Write Protocol::write()
{
    return Write{std::exchange(output_, {})};
}

std::string Protocol::doing() const
{
    if (sending_) {
        return fmt::format("TRANSACTION, {} {}", sending_->top ? "TOP" : "RETR",
                           sending_->index + 1);
    }
    switch (state_) {
    case State::authorization:
        if (securing_) return "AUTHORIZATION, STLS";
        if (exchanging_)
            return fmt::format("AUTHORIZATION, AUTH {}", accounts::name_of(*exchanging_));
        return "AUTHORIZATION";
    case State::transaction: return "TRANSACTION";
    case State::update:
    case State::ended: break;
    }
    return "UPDATE";
}

} // namespace portico::pop3
