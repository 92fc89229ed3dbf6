#include "services/control/service.hpp"

#include "net/connection.hpp"
#include "services/host/status.hpp"
#include "services/mail/trace.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace portico::control {

namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr auto wait = 30s;                    // the command line answers at once
constexpr std::size_t most_request = 1 << 20; // a request's line, with all recipients of a mail
constexpr std::size_t most_listed = 100'000;

std::string to_line(const json& answer)
{
    // Names and texts may come from clients, in whatever encoding.
    return answer.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string explain(mail::StoreError error)
{
    switch (error) {
    case mail::StoreError::full: return "the store is full";
    case mail::StoreError::mailbox_full: return "the mailbox is full";
    case mail::StoreError::failing: return "the store is failing; the server's log says why";
    case mail::StoreError::damaged: return "the store is damaged; the server's log says where";
    case mail::StoreError::gone: return "there is no such message";
    case mail::StoreError::in_use: return "a session has the maildrop";
    }
    return "";
}

// What goes into a header field must not end it.
bool is_plain(std::string_view address)
{
    return std::ranges::none_of(address, [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == 127 || c == '<' || c == '>';
    });
}

} // namespace

Service::Service(std::string host_name, std::uint64_t max_message_size, net::Registry& registry,
                 mail::Store& store, const accounts::Directory& directory)
    : host_name_{std::move(host_name)},
      max_message_size_{max_message_size}, registry_{registry}, store_{store}, directory_{directory}
{
}

net::Task<void> Service::serve(net::Connection& peer)
{
    std::string received;
    std::size_t end = std::string::npos;
    while ((end = received.find('\n')) == std::string::npos) {
        auto bytes = co_await peer.read(wait);
        if (!bytes || received.size() + bytes->size() > most_request) co_return;
        received += *bytes;
    }
    const auto request = json::parse(received.substr(0, end), nullptr, false);
    received.erase(0, end + 1);

    Answer answer;
    try {
        const auto command = request.value("command", ""); // throws unless it is an object
        peer.doing(command);
        answer = std::unexpected{fmt::format("unknown command \"{}\"", command)};
        if (command == "mail cat") co_return co_await cat(peer, request);
        if (command == "ports") answer = ports();
        if (command == "health") answer = health();
        if (command == "connections") answer = co_await connections();
        if (command == "mail status") answer = mail_status();
        if (command == "mail ls") answer = co_await list(request);
        if (command == "mail rm") answer = co_await remove(request);
        if (command == "store import") answer = co_await import(peer, request, std::move(received));
        if (command == "send") answer = co_await send(peer, request, std::move(received));
    } catch (const json::exception& error) {
        answer = std::unexpected{std::string{"malformed request: "} + error.what()};
    }
    const auto line = to_line(answer ? *answer : json{{"error", answer.error()}});
    co_await peer.write(line, wait);
}

auto Service::ports() const -> Answer
{
    auto list = json::array();
    for (const auto& port : registry_.ports()) list.push_back(host::to_json(port));
    return json{{"ports", std::move(list)}};
}

auto Service::health() const -> Answer
{
    auto failed = json::array();
    for (const auto& port : registry_.ports())
        if (port.state == net::PortState::failed) failed.push_back(port.why);
    return json{{"failed", std::move(failed)}};
}

auto Service::mail_status() const -> Answer
{
    const auto now = store_.statistics();
    return json{{"messages", now.messages},
                {"bytes", now.bytes},
                {"queue_bytes", now.queue_bytes},
                {"wal_pages", now.wal_pages},
                {"commits", now.commits},
                {"changes", now.changes},
                {"largest_group", now.largest_group},
                {"sync_microseconds", now.sync_microseconds},
                {"checkpoints", now.checkpoints},
                {"refused_by_store_limit", now.refused_by_store_limit},
                {"refused_by_mailbox_limit", now.refused_by_mailbox_limit},
                {"refused_without_space", now.refused_without_space},
                {"refused_failing", now.refused_failing},
                {"removed_messages", now.removed_messages},
                {"expired_messages", now.expired_messages},
                {"expired_bytes", now.expired_bytes}};
}

auto Service::connections() -> net::Task<Answer>
{
    auto list = json::array();
    const auto now = std::chrono::system_clock::now();
    for (const auto& peer : co_await registry_.connections())
        list.push_back(host::to_json(peer, now));
    co_return json{{"connections", std::move(list)}};
}

auto Service::list(json request) -> net::Task<Answer>
{
    auto mailbox = request.value("mailbox", "");
    std::ranges::transform(mailbox, mailbox.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    const auto most = std::min(request.value("most", most_listed), most_listed);
    auto messages = co_await store_.list(std::move(mailbox), most);
    if (!messages) co_return std::unexpected{explain(messages.error())};
    auto list = json::array();
    for (const auto& message : *messages)
        list.push_back({{"id", message.id},
                        {"mailbox", message.mailbox},
                        {"from", message.reverse_path},
                        {"size", message.size},
                        {"received", host::to_text(message.received)}});
    co_return json{{"messages", std::move(list)}};
}

auto Service::remove(json request) -> net::Task<Answer>
{
    auto removed = co_await store_.remove(request.at("id").get<std::string>());
    if (!removed) co_return std::unexpected{explain(removed.error())};
    co_return json::object();
}

auto Service::send(net::Connection& peer, json request, std::string message) -> net::Task<Answer>
{
    const auto size = request.at("size").get<std::uint64_t>();
    if (size > max_message_size_)
        co_return std::unexpected{fmt::format("the message has {} octets, [mail] max_message_size "
                                              "is {}",
                                              size, max_message_size_)};
    mail::Envelope envelope;
    envelope.reverse_path = request.value("from", "");
    if (!is_plain(envelope.reverse_path))
        co_return std::unexpected{std::string{"the sender is no address"}};
    for (const auto& to : request.at("to")) {
        const auto address = to.get<std::string>();
        auto mailbox = directory_.mailbox_for(address);
        if (!mailbox || !is_plain(address))
            co_return std::unexpected{fmt::format("no such recipient: {}", address)};
        envelope.recipients.push_back({address, std::move(*mailbox)});
    }
    if (envelope.recipients.empty()) co_return std::unexpected{std::string{"no recipient"}};

    auto draft = store_.begin(envelope);
    auto taken = co_await draft->append(mail::trace_fields({
        .reverse_path = envelope.reverse_path,
        .host_name = host_name_,
        .client_name = host_name_,
        .client_address = "",
        .transmission_type = "",
        .id = draft->id(),
        .recipient = envelope.recipients.size() == 1
                         ? std::string_view{envelope.recipients[0].address}
                         : std::string_view{},
        .time = std::chrono::system_clock::now(),
    }));
    if (!taken) co_return std::unexpected{explain(taken.error())};
    auto delivered = co_await receive(peer, *draft, size, std::move(message));
    if (!delivered) co_return std::unexpected{std::move(delivered.error())};
    peer.log(net::Level::info,
             fmt::format("accepted {}: {} octets from <{}> for {} recipients", draft->id(), size,
                         envelope.reverse_path, envelope.recipients.size()));
    co_return json{{"id", draft->id()}};
}

/// A message as it was elsewhere: no trace fields, and received when it was received there.
auto Service::import(net::Connection& peer, json request, std::string message) -> net::Task<Answer>
{
    const auto size = request.at("size").get<std::uint64_t>();
    const auto mailbox = request.at("mailbox").get<std::string>();
    const std::chrono::milliseconds received{request.at("received").get<std::int64_t>()};
    mail::Envelope envelope;
    envelope.reverse_path = request.value("from", "");
    if (mailbox.empty()) co_return std::unexpected{std::string{"no mailbox"}};
    envelope.recipients.push_back({mailbox, mailbox});
    envelope.received = std::chrono::system_clock::time_point{received};
    auto draft = store_.begin(std::move(envelope));
    auto delivered = co_await receive(peer, *draft, size, std::move(message));
    if (!delivered) co_return std::unexpected{std::move(delivered.error())};
    peer.log(net::Level::debug,
             fmt::format("imported {}: {} octets for {}", draft->id(), size, mailbox));
    co_return json{{"id", draft->id()}};
}

/// Reads the rest of a message of `size` octets, whose beginning is there, and delivers it.
net::Task<std::expected<void, std::string>>
Service::receive(net::Connection& peer, mail::Draft& draft, std::uint64_t size, std::string message)
{
    std::uint64_t received = 0;
    std::string_view piece = message;
    for (;;) {
        received += piece.size();
        if (received > size) co_return std::unexpected{std::string{"more octets than announced"}};
        auto taken = co_await draft.append(piece);
        if (!taken) co_return std::unexpected{explain(taken.error())};
        if (received == size) break;
        auto bytes = co_await peer.read(wait);
        if (!bytes) co_return std::unexpected{std::string{"the message is not whole"}};
        piece = *bytes;
    }
    auto delivered = co_await draft.deliver();
    if (!delivered) co_return std::unexpected{explain(delivered.error())};
    co_return std::expected<void, std::string>{};
}

net::Task<void> Service::cat(net::Connection& peer, json request)
{
    auto found = co_await store_.find(request.at("id").get<std::string>());
    if (!found) {
        const auto line = to_line(json{{"error", explain(found.error())}});
        co_await peer.write(line, wait);
        co_return;
    }
    const auto head = to_line(json{{"size", found->size}});
    if (!co_await peer.write(head, wait)) co_return;
    auto reading = store_.read(*found);
    for (;;) {
        // The client counts: what ends early is an error there.
        auto piece = co_await reading->next();
        if (!piece || piece->empty()) co_return;
        if (!co_await peer.write(*piece, wait)) co_return;
    }
}

} // namespace portico::control
