#include "services/pop3/service.hpp"

#include "net/connection.hpp"
#include "services/mail/id.hpp"

#include <fmt/core.h>

#include <chrono>
#include <utility>
#include <variant>

namespace portico::pop3 {

Service::Service(config::Pop3 options, LoginRules rules, std::string host_name, mail::Store& store,
                 accounts::Authenticator& authenticator, net::Transcript* transcript)
    : options_{options}, rules_{rules}, host_name_{std::move(host_name)}, store_{store},
      authenticator_{authenticator}, transcript_{transcript}
{
}

std::string Service::refusal() const
{
    return std::string{too_many_connections} + "\r\n";
}

namespace {

using Mailbox = accounts::Authenticator::Login;
using Opened = std::expected<std::unique_ptr<mail::Maildrop>, LoginError>;
using Piece = std::expected<std::string, mail::StoreError>;
using Removed = std::expected<void, mail::StoreError>;

std::string_view name_of(mail::StoreError error)
{
    switch (error) {
    case mail::StoreError::full: return "full";
    case mail::StoreError::mailbox_full: return "mailbox full";
    case mail::StoreError::failing: return "failing";
    case mail::StoreError::damaged: return "damaged";
    case mail::StoreError::gone: return "message gone";
    case mail::StoreError::in_use: return "in use";
    }
    return "failing";
}

/// RFC 1939 section 7: another one for each greeting, in the form of a message-id.
std::string make_timestamp(std::string_view host)
{
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return fmt::format("<{}.{}@{}>", mail::new_id(),
                       std::chrono::duration_cast<std::chrono::seconds>(now).count(), host);
}

LoginError login_error(accounts::AuthError error)
{
    switch (error) {
    case accounts::AuthError::wrong: return LoginError::wrong;
    case accounts::AuthError::malformed: return LoginError::malformed;
    case accounts::AuthError::failing: break;
    }
    return LoginError::failing;
}

// The store and the authenticator outlive every session; the connection outlives its coroutine.

net::Task<Opened> open(Mailbox mailbox, mail::Store& store, net::Connection& peer)
{
    if (!mailbox) co_return std::unexpected{login_error(mailbox.error())};
    auto maildrop = co_await store.open(*mailbox);
    if (!maildrop && maildrop.error() == mail::StoreError::in_use) {
        peer.log(net::Level::info, fmt::format("maildrop {} is in use", *mailbox));
        co_return std::unexpected{LoginError::in_use};
    }
    if (!maildrop) {
        peer.log(net::Level::error, fmt::format("maildrop {} cannot be opened: store {}", *mailbox,
                                                name_of(maildrop.error())));
        const auto damaged = maildrop.error() == mail::StoreError::damaged;
        co_return std::unexpected{damaged ? LoginError::damaged : LoginError::failing};
    }
    peer.log(net::Level::info, fmt::format("logged in to {}, messages: {}", *mailbox,
                                           (*maildrop)->messages().size()));
    co_return std::move(*maildrop);
}

void log_unreadable(mail::StoreError why, net::Connection& peer)
{
    if (why == mail::StoreError::gone)
        peer.log(net::Level::info, "a message was removed while the session went on");
    else
        peer.log(net::Level::error,
                 fmt::format("a message cannot be read: store {}", name_of(why)));
}

net::Task<Piece> next_piece(mail::Reading& reading, net::Connection& peer)
{
    auto piece = co_await reading.next();
    if (!piece) log_unreadable(piece.error(), peer);
    co_return piece;
}

/// The message that was asked for and is not at hand, or its first piece, for `protocol`. What is
/// left to be read is in `reading`.
net::Task<void> fetch(std::size_t index, mail::Maildrop& maildrop,
                      std::unique_ptr<mail::Reading>& reading, Protocol& protocol,
                      net::Connection& peer)
{
    peer.doing(protocol.doing());
    auto fetched = co_await maildrop.fetch(index);
    if (!fetched) {
        log_unreadable(fetched.error(), peer);
        protocol.content(std::unexpected{fetched.error()});
    } else if (auto whole = maildrop.at_hand(index)) {
        protocol.content(*whole);
    } else {
        reading = maildrop.read(maildrop.messages()[index]);
        protocol.content(co_await next_piece(*reading, peer));
    }
}

net::Task<Removed> remove(std::vector<std::size_t> indices, mail::Maildrop& maildrop,
                          net::Connection& peer)
{
    auto count = indices.size();
    if (count == 0) co_return Removed{};
    auto removed = co_await maildrop.remove(std::move(indices));
    if (removed)
        peer.log(net::Level::info, fmt::format("messages removed: {}", count));
    else
        peer.log(net::Level::error, fmt::format("messages not removed: {}: store {}", count,
                                                name_of(removed.error())));
    co_return removed;
}

/// Who an exchange of AUTH has proved to be there, or why nobody; nothing while it goes on.
std::optional<Mailbox> after(accounts::AuthTurn turn, Protocol& protocol)
{
    if (auto* challenge = std::get_if<accounts::Challenge>(&turn)) {
        protocol.challenge(challenge->data);
        return std::nullopt;
    }
    if (auto* accepted = std::get_if<accounts::Accepted>(&turn))
        return std::move(accepted->mailbox);
    return std::unexpected{std::get<accounts::AuthError>(turn)};
}

} // namespace

net::Task<void> Service::serve(net::Connection& peer)
{
    auto security = authenticator_.security(peer, rules_.require_tls);
    const auto timestamp = security.offer.apop ? make_timestamp(host_name_) : std::string{};
    Protocol protocol{options_,
                      {host_name_, timestamp},
                      std::move(security),
                      rules_.failures_per_session,
                      net::Trace{transcript_, peer.number()}};
    // Of AUTH, while it goes on; apart, so that an idle session does not keep room for one.
    std::unique_ptr<accounts::Authenticator::Exchange> exchange;
    std::unique_ptr<mail::Maildrop> maildrop; // the exclusive lock, from the login to QUIT
    std::unique_ptr<mail::Reading> reading;   // of the message on its way out
    for (;;) {
        auto step = protocol.next();
        std::optional<Mailbox> mailbox; // whose a login has opened, or why none
        if (std::holds_alternative<Close>(step)) co_return;
        if (auto* write = std::get_if<Write>(&step)) {
            if (!co_await peer.write(write->bytes, options_.write_timeout)) co_return;
        } else if (auto* start = std::get_if<StartTls>(&step)) {
            peer.doing(protocol.doing());
            if (!co_await peer.start_tls(start->go_ahead, start->unread)) co_return;
            protocol.secured(authenticator_.security(peer, rules_.require_tls));
        } else if (auto* login = std::get_if<Login>(&step)) {
            mailbox = co_await authenticator_.login(std::move(login->user),
                                                    std::move(login->password), peer);
        } else if (auto* apop = std::get_if<Apop>(&step)) {
            auto made_with = timestamp;
            mailbox = co_await authenticator_.apop(std::move(apop->user), std::move(made_with),
                                                   std::move(apop->digest), peer);
        } else if (auto* begin = std::get_if<Authenticate>(&step)) {
            exchange = std::make_unique<accounts::Authenticator::Exchange>(
                authenticator_.begin(begin->mechanism, peer));
            auto turn = co_await exchange->turn(std::move(begin->initial_response));
            mailbox = after(std::move(turn), protocol);
        } else if (auto* respond = std::get_if<Respond>(&step)) {
            std::optional<std::string> response{std::move(respond->response)};
            auto turn = co_await exchange->turn(std::move(response));
            mailbox = after(std::move(turn), protocol);
        } else if (std::holds_alternative<CancelAuthentication>(step)) {
            exchange.reset();
        } else if (auto* wanted = std::get_if<Fetch>(&step)) {
            if (auto whole = maildrop->at_hand(wanted->index))
                protocol.content(*whole);
            else
                co_await fetch(wanted->index, *maildrop, reading, protocol, peer);
        } else if (std::holds_alternative<More>(step)) {
            protocol.content(co_await next_piece(*reading, peer));
        } else if (auto* update = std::get_if<Update>(&step)) {
            peer.doing(protocol.doing());
            reading.reset();
            auto removed = co_await remove(std::move(update->indices), *maildrop, peer);
            // Before the reply: who reads it may log in again at once (RFC 1939 section 6).
            maildrop.reset();
            protocol.updated(removed);
        } else {
            reading.reset();
            peer.doing(protocol.doing());
            auto bytes = co_await peer.read(options_.idle_timeout);
            if (bytes)
                protocol.feed(*bytes);
            else if (bytes.error() == net::Ended::left)
                co_return;
            else if (bytes.error() == net::Ended::idle)
                protocol.interrupted(Interruption::idle);
            else if (bytes.error() == net::Ended::stopping)
                protocol.interrupted(Interruption::stopping);
        }
        if (!mailbox) continue;
        exchange.reset();
        auto opened = co_await open(std::move(*mailbox), store_, peer);
        if (opened) maildrop = std::move(*opened);
        if (opened)
            protocol.logged_in(maildrop->messages());
        else
            protocol.logged_in(std::unexpected{opened.error()});
    }
}

} // namespace portico::pop3
