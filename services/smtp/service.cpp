#include "services/smtp/service.hpp"

#include "net/connection.hpp"
#include "services/mail/trace.hpp"
#include "services/smtp/protocol.hpp"

#include <asio/ip/address.hpp>
#include <fmt/core.h>

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace portico::smtp {

namespace {

/// As RFC 5321 section 4.1.3 writes it; "" for a client without an address.
std::string address_literal(const net::Endpoint& endpoint)
{
    if (endpoint.transport == net::Transport::local) return {};
    if (endpoint.address.is_v4()) return fmt::format("[{}]", endpoint.address.to_string());
    auto address = endpoint.address.to_v6();
    address.scope_id(0); // a zone means nothing to other hosts, and is not in the grammar
    return fmt::format("[IPv6:{}]", address.to_string());
}

/// A message on its way into the store, and what the log will say of it.
struct Incoming {
    std::unique_ptr<mail::Draft> draft; // dropped if we leave early
    std::string reverse_path;
    std::size_t recipients = 0;
    std::uint64_t octets = 0;
    std::expected<void, mail::StoreError> outcome; // after a failure the rest is thrown away

    net::Task<void> append(std::string_view bytes)
    {
        if (!outcome) co_return;
        octets += bytes.size();
        outcome = co_await draft->append(bytes);
    }

    net::Task<void> deliver()
    {
        if (outcome) outcome = co_await draft->deliver();
    }
};

std::string_view why(mail::StoreError error)
{
    if (error == mail::StoreError::full) return "no space is left, or the store's limit is reached";
    if (error == mail::StoreError::mailbox_full) return "the mailbox is full";
    return "the store fails";
}

void log_outcome(const net::Connection& peer, const Incoming& message)
{
    if (message.outcome)
        peer.log(net::Level::info,
                 fmt::format("message {}: {} octets from <{}> for {} recipient{}",
                             message.draft->id(), message.octets, message.reverse_path,
                             message.recipients, message.recipients == 1 ? "" : "s"));
    else
        peer.log(net::Level::error,
                 fmt::format("message {} from <{}> not stored: {}", message.draft->id(),
                             message.reverse_path, why(message.outcome.error())));
}

/// One that has failed is in the log already.
void log_login(const net::Connection& peer, const accounts::AuthTurn& turn)
{
    if (const auto* accepted = std::get_if<accounts::Accepted>(&turn))
        peer.log(net::Level::info, fmt::format("logged in as {}", accepted->mailbox));
}

} // namespace

Service::Service(Settings settings, mail::Store& store, const accounts::Directory& directory,
                 accounts::Authenticator& authenticator, net::Transcript* transcript)
    : settings_{std::move(settings)}, store_{store}, directory_{directory},
      authenticator_{authenticator}, transcript_{transcript}
{
}

std::string Service::refusal() const
{
    return fmt::format("421 4.3.2 {} Too many connections\r\n", settings_.host_name);
}

net::Task<void> Service::serve(net::Connection& peer)
{
    const auto& options = settings_.options;
    Protocol protocol{options,
                      settings_.host_name,
                      settings_.max_message_size,
                      directory_,
                      authenticator_.security(peer, settings_.require_tls),
                      settings_.failures_per_session,
                      net::Trace{transcript_, peer.number()}};
    // Apart, so that an idle session does not keep room for one.
    std::unique_ptr<accounts::Authenticator::Exchange> exchange;
    Incoming message;
    auto activity = protocol.activity();
    peer.doing(protocol.doing());
    for (;;) {
        auto step = protocol.next();
        if (std::holds_alternative<Close>(step)) co_return;
        if (auto* write = std::get_if<Write>(&step)) {
            if (!co_await peer.write(write->bytes, options.write_timeout)) co_return;
        } else if (auto* note = std::get_if<Note>(&step)) {
            peer.log(net::Level::info, note->event);
        } else if (auto* begin = std::get_if<Begin>(&step)) {
            const auto& reverse_path = begin->envelope.reverse_path;
            const auto& recipients = begin->envelope.recipients;
            const auto client = address_literal(peer.tuple().client);
            mail::Trace trace{
                .reverse_path = reverse_path,
                .host_name = settings_.host_name,
                .client_name = protocol.client_name(),
                .client_address = client,
                .transmission_type = protocol.transmission_type(),
                .id = {},
                .recipient = {},
                .time = std::chrono::system_clock::now(),
            };
            // RFC 5321 section 7.2: with more than one, each would learn of the others.
            if (recipients.size() == 1) trace.recipient = recipients.front().address;
            message = {.draft = store_.begin(begin->envelope),
                       .reverse_path = reverse_path,
                       .recipients = recipients.size(),
                       .octets = 0,
                       .outcome = {}};
            trace.id = message.draft->id();
            protocol.began(trace.id, trace.time);
            const auto fields = mail::trace_fields(trace);
            co_await message.append(fields);
        } else if (auto* append = std::get_if<Append>(&step)) {
            co_await message.append(append->bytes);
        } else if (std::holds_alternative<Abandon>(step)) {
            message = {};
        } else if (std::holds_alternative<Deliver>(step)) {
            co_await message.deliver(); // durable when it returns
            log_outcome(peer, message);
            const auto outcome = message.outcome;
            message = {};
            protocol.delivered(outcome);
        } else if (auto* tls = std::get_if<StartTls>(&step)) {
            if (!co_await peer.start_tls(tls->go_ahead, tls->unread)) co_return;
            protocol.secured(authenticator_.security(peer, settings_.require_tls));
        } else if (auto* begins = std::get_if<Authenticate>(&step)) {
            exchange = std::make_unique<accounts::Authenticator::Exchange>(
                authenticator_.begin(begins->mechanism, peer));
            auto turn = co_await exchange->turn(std::move(begins->initial));
            log_login(peer, turn);
            protocol.authenticated(std::move(turn));
        } else if (auto* respond = std::get_if<Respond>(&step)) {
            auto turn = co_await exchange->turn(std::move(respond->response));
            log_login(peer, turn);
            protocol.authenticated(std::move(turn));
        } else if (std::holds_alternative<CancelAuthentication>(step)) {
            exchange.reset();
        } else {
            if (const auto now = protocol.activity(); now != activity) {
                activity = now;
                peer.doing(protocol.doing());
            }
            const auto wait = protocol.receiving() ? options.data_timeout : options.command_timeout;
            auto bytes = co_await peer.read(wait);
            if (bytes)
                protocol.feed(*bytes);
            else if (bytes.error() == net::Ended::left)
                co_return;
            else if (bytes.error() == net::Ended::idle)
                protocol.interrupted(Interruption::idle);
            else if (bytes.error() == net::Ended::stopping)
                protocol.interrupted(Interruption::stopping);
        }
    }
}

} // namespace portico::smtp
