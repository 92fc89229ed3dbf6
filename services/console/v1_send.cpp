#include "services/console/access.hpp"
#include "services/console/v1.hpp"
#include "services/console/v1_compose.hpp"
#include "services/mail/id.hpp"
#include "services/mail/trace.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace portico::console {

namespace {

using http::Status;

// Base64 needs four octets for three, and the rest is text.
constexpr std::uint64_t most_request(std::uint64_t message)
{
    return message / 2 * 3 + (1 << 20);
}

void refuse(http::Exchange& exchange, Status status, std::string_view why)
{
    exchange.respond({.status = status, .content_type = "application/json"},
                     to_text({{"Error", why}}));
}

std::string_view explain(mail::StoreError error)
{
    switch (error) {
    case mail::StoreError::full:
    case mail::StoreError::mailbox_full: return "the store is full";
    case mail::StoreError::failing:
    case mail::StoreError::damaged:
    case mail::StoreError::gone:
    case mail::StoreError::in_use: return "the store is failing";
    }
    return "";
}

/// Who has proved it, in the scheme that has a name.
std::string user_of(const http::Request& request, const config::Console& options)
{
    const auto brought = credentials(request);
    const auto* password = std::get_if<Password>(&brought);
    return options.asks() && password ? password->user : "";
}

std::string literal(const asio::ip::address& address)
{
    return (address.is_v6() ? "[IPv6:" : "[") + address.to_string() + "]";
}

bool is_ascii(std::string_view text)
{
    return std::ranges::all_of(text, [](unsigned char c) { return c < 128; });
}

} // namespace

auto V1::send(Exchange& exchange) -> Task
{
    const auto body = co_await content(exchange, most_request(mail_.max_message_size));
    if (!body) co_return;
    const Stamp stamp{.date = mail::date_time(std::chrono::system_clock::now()),
                      .message_id = fmt::format("{}@{}", mail::new_id(), host_name_)};
    mail::Envelope envelope;
    using Composed = std::expected<std::string, std::string>;
    auto make = [&]() -> Composed {
        const auto json = parse_json(body->octets);
        if (!json) return std::unexpected{std::string{"the request's content is no JSON"}};
        const auto mail = to_send(*json);
        if (!mail) return std::unexpected{mail.error()};
        envelope.reverse_path = mail->from.address;
        envelope.smtputf8 = !is_ascii(mail->from.address);
        for (auto& address : recipients_of(*mail)) {
            auto mailbox = mail_.directory.mailbox_for(address);
            if (!mailbox) return std::unexpected{"no such recipient: " + address};
            envelope.smtputf8 = envelope.smtputf8 || !is_ascii(address);
            envelope.recipients.push_back({std::move(address), std::move(*mailbox)});
        }
        return compose(*mail, stamp);
    };
    const auto message = co_await pool_.run(make);
    if (!message) {
        refuse(exchange, Status::bad_request, message.error());
        co_return;
    }
    if (message->size() > mail_.max_message_size) {
        refuse(exchange, Status::content_too_large, "the message is over max_message_size");
        co_return;
    }
    envelope.username = user_of(exchange.request(), options_);
    auto client = literal(exchange.peer().tuple().client.address);
    const auto id = co_await deliver(std::move(envelope), *message, std::move(client));
    if (id)
        respond_json(exchange, {{"ID", *id}});
    else
        refuse(exchange, Status::service_unavailable, explain(id.error()));
}

auto V1::deliver(mail::Envelope envelope, const std::string& message, std::string client)
    -> net::Task<std::expected<std::string, mail::StoreError>>
{
    const auto only = envelope.recipients.size() == 1 ? envelope.recipients.front().address : "";
    const auto reverse_path = envelope.reverse_path;
    const auto draft = mail_.store.begin(std::move(envelope));
    const auto trace = mail::trace_fields({
        .reverse_path = reverse_path,
        .host_name = host_name_,
        .client_name = client,
        .client_address = client,
        .transmission_type = "", // IANA has none for HTTP
        .id = draft->id(),
        .recipient = only,
        .time = std::chrono::system_clock::now(),
    });
    const auto begun = co_await draft->append(trace);
    if (!begun) co_return std::unexpected{begun.error()};
    const auto appended = co_await draft->append(message);
    if (!appended) co_return std::unexpected{appended.error()};
    const auto delivered = co_await draft->deliver();
    if (!delivered) co_return std::unexpected{delivered.error()};
    co_return draft->id();
}

} // namespace portico::console
