#include "services/pop3/service.hpp"

#include "net/connection.hpp"
#include "services/pop3/protocol.hpp"

#include <fmt/core.h>

#include <utility>
#include <variant>

namespace portico::pop3 {

Service::Service(config::Pop3 options, std::string host_name, mail::Store& store,
                 accounts::Authenticator& authenticator, net::Transcript* transcript)
    : options_{options}, host_name_{std::move(host_name)}, store_{store},
      authenticator_{authenticator}, transcript_{transcript}
{
}

std::string Service::refusal() const
{
    return std::string{too_many_connections} + "\r\n";
}

namespace {

using Opened = std::expected<std::unique_ptr<mail::Maildrop>, LoginError>;
using Piece = std::expected<std::string, mail::StoreError>;
using Removed = std::expected<void, mail::StoreError>;

std::string_view name_of(mail::StoreError error)
{
    switch (error) {
    case mail::StoreError::full: return "full";
    case mail::StoreError::failing: return "failing";
    case mail::StoreError::gone: return "message gone";
    case mail::StoreError::in_use: return "in use";
    }
    return "failing";
}

// The store and the authenticator outlive every session; the connection outlives its coroutine.

net::Task<Opened> open(Login login, accounts::Authenticator& authenticator, mail::Store& store,
                       net::Connection& peer)
{
    auto mailbox =
        co_await authenticator.login(std::move(login.user), std::move(login.password), peer);
    if (!mailbox)
        co_return std::unexpected{mailbox.error() == accounts::AuthError::failing
                                      ? LoginError::failing
                                      : LoginError::wrong};
    auto maildrop = co_await store.open(*mailbox);
    if (!maildrop && maildrop.error() == mail::StoreError::in_use) {
        peer.log(net::Level::info, fmt::format("maildrop {} is in use", *mailbox));
        co_return std::unexpected{LoginError::in_use};
    }
    if (!maildrop) {
        peer.log(net::Level::error, fmt::format("maildrop {} cannot be opened: store {}", *mailbox,
                                                name_of(maildrop.error())));
        co_return std::unexpected{LoginError::failing};
    }
    peer.log(net::Level::info, fmt::format("logged in to {}, messages: {}", *mailbox,
                                           (*maildrop)->messages().size()));
    co_return std::move(*maildrop);
}

net::Task<Piece> next_piece(mail::Reading& reading, net::Connection& peer)
{
    auto piece = co_await reading.next();
    if (!piece && piece.error() == mail::StoreError::gone)
        peer.log(net::Level::info, "a message was removed while the session went on");
    else if (!piece)
        peer.log(net::Level::error,
                 fmt::format("a message cannot be read: store {}", name_of(piece.error())));
    co_return piece;
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

} // namespace

net::Task<void> Service::serve(net::Connection& peer)
{
    Protocol protocol{options_, host_name_, net::Trace{transcript_, peer.number()}};
    std::unique_ptr<mail::Maildrop> maildrop; // the exclusive lock, from PASS to QUIT
    std::unique_ptr<mail::Reading> reading;   // of the message on its way out
    for (;;) {
        auto step = protocol.next();
        if (std::holds_alternative<Close>(step)) co_return;
        if (auto* write = std::get_if<Write>(&step)) {
            if (!co_await peer.write(write->bytes, options_.write_timeout)) co_return;
        } else if (auto* login = std::get_if<Login>(&step)) {
            auto opened = co_await open(std::move(*login), authenticator_, store_, peer);
            if (opened) maildrop = std::move(*opened);
            if (opened)
                protocol.logged_in(maildrop->messages());
            else
                protocol.logged_in(std::unexpected{opened.error()});
        } else if (auto* fetch = std::get_if<Fetch>(&step)) {
            peer.doing(protocol.doing());
            reading = maildrop->read(maildrop->messages()[fetch->index]);
            protocol.content(co_await next_piece(*reading, peer));
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
            else
                protocol.interrupted(Interruption::stopping);
        }
    }
}

} // namespace portico::pop3
