// The AUTH command (RFC 4954). What the mechanisms say is not known here.

#include "services/smtp/protocol.hpp"

#include <fmt/core.h>

#include <utility>
#include <variant>

namespace portico::smtp {

namespace {

constexpr Reply not_base64{501, "5.5.2", "Cannot decode the response: it is not base64"};

/// Those that tell the password to whoever listens.
bool is_plaintext(accounts::Mechanism mechanism)
{
    return mechanism == accounts::Mechanism::plain || mechanism == accounts::Mechanism::login;
}

/// Those where the server speaks first (RFC 4422 section 5).
bool is_server_first(accounts::Mechanism mechanism)
{
    return mechanism == accounts::Mechanism::cram_md5;
}

} // namespace

bool Protocol::auth_announced() const
{
    if (security_.require_tls && !security_.tls) return false; // it would be 530
    return options_.auth != config::Smtp::Auth::off && !security_.offer.mechanisms.empty();
}

// Section 4
Reply Protocol::auth(std::string_view arguments)
{
    if (options_.auth == config::Smtp::Auth::off) return not_offered(arguments);
    if (logged_in_) return {503, "5.5.1", "Already authenticated"};
    if (state_ >= State::mail) return {503, "5.5.1", "Not during a mail transaction"};
    const auto auth = parse_auth(arguments);
    if (!auth) return {501, "5.5.4", "Syntax: AUTH mechanism [initial response]"};
    const auto mechanism = accounts::mechanism_named(auth->mechanism);
    if (!mechanism) return {504, "5.5.4", "Unrecognized authentication mechanism"};
    if (!security_.offer.has(*mechanism)) return not_in_offer(*mechanism);
    return begin_exchange(*mechanism, auth->initial);
}

Reply Protocol::begin_exchange(accounts::Mechanism mechanism,
                               std::optional<std::string_view> initial)
{
    Authenticate step{.mechanism = mechanism, .initial = {}};
    if (initial) {
        if (is_server_first(mechanism))
            return {501, "5.7.0", "This mechanism has no initial response"};
        step.initial = *initial == "=" ? std::string{} : accounts::from_base64(*initial);
        if (!step.initial) return not_base64;
    }
    outside_ = std::move(step);
    return later;
}

// Section 6, and what is known but cannot be had here and now
Reply Protocol::not_in_offer(accounts::Mechanism mechanism) const
{
    if (is_plaintext(mechanism))
        return security_.tls ? Reply{534, "5.7.9", "Authentication mechanism is too weak"}
                             : Reply{538, "5.7.11", "Encryption required for this mechanism"};
    return {504, "5.5.4", "Authentication mechanism not available"};
}

// The client's answer to a 334. White space is no part of base64.
Reply Protocol::respond(const Lines::Line& line)
{
    const bool cancelled = line.octets == 3 && line.text == "*";
    trace_.client(cancelled ? "*" : "****");
    hears_ = Hears::commands;
    if (line.octets > accounts::max_response)
        return cancel({500, "5.5.6", "Authentication exchange line is too long"});
    if (cancelled) return cancel({501, "5.7.0", "Authentication cancelled"});
    auto response = accounts::from_base64(line.text);
    if (!response) return cancel(not_base64);
    outside_ = Respond{std::move(*response)};
    return later;
}

Reply Protocol::cancel(Reply reply)
{
    outside_ = CancelAuthentication{};
    return reply;
}

void Protocol::authenticated(accounts::AuthTurn turn)
{
    if (const auto* challenge = std::get_if<accounts::Challenge>(&turn)) {
        text_ = accounts::base64(challenge->data);
        hears_ = Hears::response;
        say({334, "", text_});
        return;
    }
    if (auto* accepted = std::get_if<accounts::Accepted>(&turn)) {
        logged_in_ = true;
        username_ = std::move(accepted->mailbox);
        secrets_follow_ = false;
        say({235, "2.7.0", "Authentication succeeded"});
        return;
    }
    switch (std::get<accounts::AuthError>(turn)) {
    case accounts::AuthError::wrong:
        // Section 9 would have us wait for the third, as long as nobody wants it stricter.
        if (++failures_ >= failures_per_session_) {
            text_ = fmt::format("{} Too many failed logins", host_name_);
            close({421, "4.7.0", text_});
            return;
        }
        say({535, "5.7.8", "Authentication credentials invalid"});
        return;
    case accounts::AuthError::malformed:
        say({501, "5.5.2", "The response is not of this mechanism's form"});
        return;
    case accounts::AuthError::failing:
        say({454, "4.7.0", "Temporary authentication failure"});
        return;
    }
}

} // namespace portico::smtp
