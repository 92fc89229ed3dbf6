// The AUTHORIZATION state (RFC 1939 section 4): who the client is, and what may be heard of it.

#include "services/accounts/saslprep.hpp"
#include "services/pop3/protocol.hpp"

#include <utility>

namespace portico::pop3 {

// ---- USER, PASS and APOP (RFC 1939 section 7)

/// RFC 2595 section 2.3: a password is not to cross the network in clear, unless somebody said so.
Protocol::Reply Protocol::no_password() const
{
    return Reply{security_.starttls ? password_needs_tls : password_not_taken};
}

Protocol::Reply Protocol::user(std::string_view name)
{
    // At once, before the password is on its way.
    if (!security_.offer.password) return no_password();
    // RFC 6856 section 2.2: UTF-8 in a name needs no UTF8 before it, but it has to be UTF-8.
    if (!accounts::is_utf8(name)) return Reply{not_utf8};
    // The same for every name: who exists is not told (section 13 warns of it).
    user_ = name;
    return Reply{send_password};
}

Protocol::Reply Protocol::pass(std::string_view password)
{
    if (!security_.offer.password) return no_password();
    // "Immediately after a successful USER" binds the client. A CAPA in between does no harm.
    if (user_.empty()) return Reply{user_first};
    auto user = std::exchange(user_, {});
    if (!accounts::is_utf8(password)) return Reply{not_utf8};
    asked_ = Login{std::move(user), std::string{password}};
    return Reply{later};
}

Protocol::Reply Protocol::apop(std::string_view arguments)
{
    if (!security_.offer.apop || host_.timestamp.empty()) return Reply{apop_not_offered};
    auto parsed = parse_apop(arguments);
    if (!parsed) return Reply{name_and_digest_expected};
    if (!accounts::is_utf8(parsed->name)) return Reply{not_utf8};
    user_.clear();
    asked_ = Apop{std::string{parsed->name}, std::string{parsed->digest}};
    return Reply{later};
}

// ---- AUTH (RFC 5034 section 4)

Protocol::Reply Protocol::auth(std::string_view arguments)
{
    auth_seen_ = true;
    if (arguments.empty()) return list_mechanisms();
    auto parsed = parse_auth(arguments);
    if (!parsed) return Reply{mechanism_expected};
    auto mechanism = accounts::mechanism_named(parsed->mechanism);
    if (!mechanism) return Reply{mechanism_not_offered};
    if (!security_.offer.has(*mechanism)) {
        auto plain =
            *mechanism == accounts::Mechanism::plain || *mechanism == accounts::Mechanism::login;
        return plain && !security_.tls ? no_password() : Reply{mechanism_not_offered};
    }
    std::optional<std::string> initial_response;
    if (parsed->initial_response) {
        // "=" is an empty response, for none at all means to wait for the server.
        initial_response = parsed->initial_response == "="
                               ? std::string{}
                               : accounts::from_base64(*parsed->initial_response);
        if (!initial_response) return Reply{not_base64};
    }
    user_.clear();
    exchanging_ = mechanism;
    asked_ = Authenticate{*mechanism, std::move(initial_response)};
    return Reply{later};
}

/// What no RFC says any more, but clients that are older than CAPA ask.
Protocol::Reply Protocol::list_mechanisms()
{
    if (security_.offer.mechanisms.empty()) return Reply{no_mechanism};
    say(mechanisms_follow);
    for (auto mechanism : security_.offer.mechanisms) say(accounts::name_of(mechanism));
    say(".");
    return Reply{later};
}

void Protocol::challenge(std::string_view octets)
{
    // RFC 5034 section 4: the space is there even if nothing follows. A challenge of SCRAM and
    // its response are enough to guess at the password, so none is shown.
    trace_.server(octets.empty() ? "+ " : "+ ****");
    output_.append("+ ").append(accounts::base64(octets)).append("\r\n");
    lines_.limit(accounts::max_response + 2);
}

/// The client's answer to a challenge.
void Protocol::respond(std::expected<std::string_view, LineError> line)
{
    if (!line) {
        auto too_long = line.error() == LineError::too_long;
        return cancel_exchange(too_long ? response_too_long : reply_to(line.error()));
    }
    if (*line == "*") return cancel_exchange(authentication_cancelled);
    auto response = accounts::from_base64(*line);
    if (!response) return cancel_exchange(not_base64);
    asked_ = Respond{std::move(*response)};
}

void Protocol::cancel_exchange(std::string_view reply)
{
    exchanging_.reset();
    lines_.limit(Lines::command_limit);
    asked_ = CancelAuthentication{};
    refuse(reply);
}

// ---- the end of all of these

void Protocol::logged_in(std::expected<std::span<const mail::Message>, LoginError> maildrop)
{
    exchanging_.reset();
    lines_.limit(Lines::command_limit);
    if (maildrop) {
        messages_ = *maildrop;
        state_ = State::transaction;
        return say(rset({}));
    }
    auto reply = reply_to(maildrop.error());
    switch (maildrop.error()) {
    case LoginError::wrong:
        if (++failures_ < max_failures_) return refuse(reply);
        say(too_many_failures);
        state_ = State::ended;
        return;
    case LoginError::malformed: return refuse(reply);
    case LoginError::in_use:
    case LoginError::damaged:
    case LoginError::failing: return say(reply); // not the client's fault: no error of its
    }
}

// ---- STLS (RFC 2595 section 4), UTF8 (RFC 6856 section 2.1)

Protocol::Reply Protocol::stls(std::string_view)
{
    if (security_.tls) return Reply{tls_active};
    if (!security_.starttls) return Reply{tls_not_offered};
    // What the client said in clear is forgotten; so is UTF8, behind which it must not send STLS.
    user_.clear();
    utf8_ = false;
    auth_seen_ = false;
    securing_ = true;
    trace_.server(begin_tls);
    asked_ = StartTls{std::string{begin_tls} + "\r\n", 0};
    return Reply{later};
}

void Protocol::secured(Security security)
{
    securing_ = false;
    security_ = std::move(security);
}

Protocol::Reply Protocol::utf8(std::string_view)
{
    utf8_ = true;
    return Reply{utf8_enabled};
}

} // namespace portico::pop3
