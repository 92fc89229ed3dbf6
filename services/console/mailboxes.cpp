#include "services/console/mailboxes.hpp"

#include "services/console/json.hpp"
#include "services/console/wish.hpp"
#include "services/http/target.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

namespace portico::console {

namespace {

using http::Exchange;
using net::Task;

constexpr std::size_t most_listed = 1000;
constexpr std::size_t usually_listed = 50;

using Parameters = std::vector<http::NameValue>;

void refuse(Exchange& exchange, http::Status status, std::string_view why)
{
    const Json json{{"error", why}};
    exchange.respond({.status = status, .content_type = "application/json"}, to_text(json));
}

void refuse(Exchange& exchange, mail::StoreError)
{
    refuse(exchange, http::Status::internal_server_error,
           "the store is failing; the server's log says why");
}

/// Nothing: one is wrong, and the client has been told.
std::optional<Parameters> parameters(Exchange& exchange,
                                     std::initializer_list<std::string_view> known)
{
    auto found = http::parse_urlencoded(exchange.target().query);
    if (!found) {
        refuse(exchange, http::Status::bad_request, "too many parameters");
        return {};
    }
    for (const auto& [name, value] : *found)
        if (std::ranges::find(known, name) == known.end()) {
            refuse(exchange, http::Status::bad_request, "unknown parameter \"" + name + "\"");
            return {};
        }
    return found;
}

std::optional<std::size_t> limit(Exchange& exchange, const Parameters& parameters)
{
    const auto text = http::find(parameters, "limit");
    if (!text) return usually_listed;
    std::size_t number = 0;
    const auto* end = text->data() + text->size();
    const auto parsed = std::from_chars(text->data(), end, number);
    if (parsed.ec == std::errc{} && parsed.ptr == end && number > 0 && number <= most_listed)
        return number;
    refuse(exchange, http::Status::bad_request, "limit is not a number from 1 to 1000");
    return {};
}

Json document(const std::vector<mail::MailboxSummary>& mailboxes)
{
    auto list = Json::array();
    for (const auto& mailbox : mailboxes)
        list.push_back(
            {{"name", mailbox.name}, {"messages", mailbox.messages}, {"bytes", mailbox.bytes}});
    auto json = Json::object();
    json["mailboxes"] = std::move(list);
    return json;
}

Json document(const std::vector<mail::Arrival>& messages)
{
    auto list = Json::array();
    for (const auto& message : messages) list.push_back(arrival_document(message));
    auto json = Json::object();
    json["messages"] = std::move(list);
    return json;
}

void respond(Exchange& exchange, const Json& json)
{
    exchange.respond({.content_type = "application/json"}, to_text(json));
}

} // namespace

Task<void> Mailboxes::list(Exchange& exchange)
{
    const auto given = parameters(exchange, {"after", "limit"});
    if (!given) co_return;
    const auto most = limit(exchange, *given);
    if (!most) co_return;
    std::string after{http::find(*given, "after").value_or("")};
    const auto found = co_await store_.mailboxes(std::move(after), *most);
    if (!found) co_return refuse(exchange, found.error());
    respond(exchange, document(*found));
}

Task<void> Mailboxes::messages(Exchange& exchange)
{
    const auto given = parameters(exchange, {"before", "limit"});
    if (!given) co_return;
    const auto most = limit(exchange, *given);
    if (!most) co_return;
    std::optional<std::int64_t> before = INT64_MAX;
    if (const auto id = http::find(*given, "before")) before = store_.key_of(*id);
    if (!before)
        co_return refuse(exchange, http::Status::bad_request, "before is not the ID of a message");
    auto name = lower(exchange.parameter("name"));
    const auto found = co_await store_.newest(std::move(name), *before, *most);
    if (!found) co_return refuse(exchange, found.error());
    respond(exchange, document(*found));
}

Task<void> Mailboxes::remove(Exchange& exchange)
{
    const auto given = parameters(exchange, {"id"});
    if (!given) co_return;
    std::vector<std::string> ids;
    for (const auto& [name, value] : *given) ids.push_back(value);
    auto name = lower(exchange.parameter("name"));
    std::expected<void, mail::StoreError> removed;
    if (ids.empty())
        removed = co_await store_.empty(std::move(name));
    else
        removed = co_await store_.remove_from(std::move(name), std::move(ids));
    if (!removed) co_return refuse(exchange, removed.error());
    exchange.respond({.status = http::Status::no_content});
}

} // namespace portico::console
