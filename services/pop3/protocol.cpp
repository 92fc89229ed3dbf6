#include "services/pop3/protocol.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

namespace portico::pop3 {

namespace {

enum class Takes : std::uint8_t { nothing, maybe, something };

bool includes(State states, State state)
{
    return (static_cast<unsigned>(states) & static_cast<unsigned>(state)) != 0;
}

} // namespace

struct Protocol::Command {
    std::string_view verb;
    Reply (Protocol::*handler)(std::string_view argument);
    State valid_in;
    Takes argument;
};

Protocol::Protocol(const config::Pop3& options, std::string host_name, net::Trace trace)
    : max_errors_{options.max_errors}, host_name_{std::move(host_name)}, trace_{trace}
{
    // RFC 1939 section 4. Without a timestamp: there is no APOP.
    say(greeting(host_name_));
}

Step Protocol::next()
{
    for (;;) {
        if (output_.size() >= write_octets) return write();
        if (asked_) {
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
    if (trace_.on()) trace_.client(line ? masked(*line) : "(a line that is no command)");
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

Protocol::Reply Protocol::execute(std::string_view line)
{
    using enum State;
    // RFC 1939 sections 4 to 7, CAPA is RFC 2449 section 5. The third column is the states in
    // which a command is valid; in any other the answer is -ERR.
    static constexpr std::array commands{
        Command{"USER", &Protocol::user, authorization, Takes::something},
        Command{"PASS", &Protocol::pass, authorization, Takes::something},
        Command{"STAT", &Protocol::stat, transaction, Takes::nothing},
        Command{"LIST", &Protocol::list, transaction, Takes::maybe},
        Command{"UIDL", &Protocol::uidl, transaction, Takes::maybe},
        Command{"RETR", &Protocol::retr, transaction, Takes::something},
        Command{"TOP", &Protocol::top, transaction, Takes::something},
        Command{"DELE", &Protocol::dele, transaction, Takes::something},
        Command{"RSET", &Protocol::rset, transaction, Takes::nothing},
        Command{"NOOP", &Protocol::noop, transaction, Takes::nothing},
        Command{"CAPA", &Protocol::capa, authorization | transaction, Takes::nothing},
        Command{"QUIT", &Protocol::quit, authorization | transaction, Takes::nothing},
    };
    auto [verb, argument] = parse_command(line);
    auto command = std::ranges::find_if(
        commands, [&](const Command& row) { return same_verb(row.verb, verb); });
    if (command == commands.end()) return Reply{unknown_command};
    if (!includes(command->valid_in, state_))
        return Reply{state_ == authorization ? log_in_first : already_logged_in};
    if (argument && command->argument == Takes::nothing) return Reply{no_argument_expected};
    if (!argument && command->argument == Takes::something) return Reply{argument_missing};
    return (this->*command->handler)(argument.value_or(std::string_view{}));
}

// ---- AUTHORIZATION (RFC 1939 section 4; USER and PASS: section 7)

Protocol::Reply Protocol::user(std::string_view name)
{
    // The same for every name: who exists is not told (section 13 warns of it).
    user_ = name;
    return Reply{send_password};
}

Protocol::Reply Protocol::pass(std::string_view password)
{
    // "Immediately after a successful USER" binds the client. A CAPA in between does no harm.
    if (user_.empty()) return Reply{user_first};
    asked_ = Login{std::exchange(user_, {}), std::string{password}};
    return Reply{later};
}

void Protocol::logged_in(std::expected<std::span<const mail::Message>, LoginError> maildrop)
{
    if (!maildrop) {
        // What is not the client's fault is not counted as its error.
        if (maildrop.error() == LoginError::wrong)
            refuse(reply_to(maildrop.error()));
        else
            say(reply_to(maildrop.error()));
        return;
    }
    messages_ = *maildrop;
    state_ = State::transaction;
    say(rset({}));
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
    return "+OK " + scan_listing(*index + 1, messages_[*index]);
}

Protocol::Reply Protocol::uidl(std::string_view number)
{
    if (number.empty()) {
        listing_ = Listing{.unique_ids = true};
        return Reply{unique_ids_follow};
    }
    auto index = find(number);
    if (!index) return Reply{index.error()};
    return "+OK " + unique_id_listing(*index + 1, messages_[*index]);
}

/// As many lines as one Write may have: a maildrop of any size is listed in bounded memory.
void Protocol::continue_listing()
{
    auto& [next, listed, unique_ids] = *listing_;
    for (; next != messages_.size() && output_.size() < write_octets; ++next) {
        if (deleted_[next]) continue;
        output_ += unique_ids ? unique_id_listing(next + 1, messages_[next])
                              : scan_listing(next + 1, messages_[next]);
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
    sending_ = Sending{.index = *index, .body = Body{Body::all}, .top = false};
    asked_ = Fetch{*index};
    return Reply{later};
}

Protocol::Reply Protocol::top(std::string_view arguments)
{
    auto parsed = parse_top(arguments);
    if (!parsed) return Reply{two_numbers_expected};
    auto index = find(parsed->message);
    if (!index) return Reply{index.error()};
    sending_ = Sending{.index = *index, .body = Body{parsed->lines}, .top = true};
    asked_ = Fetch{*index};
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
        say(top ? top_follows : octets_follow(messages_[index].size));
    if (!top) output_.reserve(output_.size() + piece->size() + piece->size() / 64);
    body.add(*piece, output_);
    if (!piece->empty() && !body.enough()) {
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
    octets_ -= messages_[*index].size;
    return message_deleted(*index + 1);
}

Protocol::Reply Protocol::rset(std::string_view)
{
    deleted_.assign(messages_.size(), false);
    count_ = messages_.size();
    octets_ = 0;
    for (auto& message : messages_) octets_ += message.size;
    return maildrop_has(count_, octets_);
}

Protocol::Reply Protocol::noop(std::string_view)
{
    return Reply{ok};
}

Protocol::Reply Protocol::capa(std::string_view)
{
    say(capabilities_follow);
    for (auto capability : capabilities) say(capability);
    say(".");
    return Reply{later}; // that was it
}

// ---- UPDATE (RFC 1939 section 6)

Protocol::Reply Protocol::quit(std::string_view)
{
    if (state_ == State::authorization) { // section 4: there is nothing to update
        state_ = State::ended;
        return signing_off(host_name_);
    }
    state_ = State::update;
    Update update;
    for (std::size_t index = 0; index != messages_.size(); ++index)
        if (deleted_[index]) update.indices.push_back(index);
    asked_ = std::move(update);
    return Reply{later};
}

void Protocol::updated(std::expected<void, mail::StoreError> outcome)
{
    if (outcome)
        say(signing_off(host_name_, count_));
    else
        say(not_removed);
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
    case State::authorization: return "AUTHORIZATION";
    case State::transaction: return "TRANSACTION";
    case State::update:
    case State::ended: break;
    }
    return "UPDATE";
}

} // namespace portico::pop3
