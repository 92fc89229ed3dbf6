#include "services/console/v1.hpp"

#include "services/mail/id.hpp"
#include "services/mime/utf8.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace portico::console {

namespace {

constexpr std::uintmax_t most_zone = 1 << 20; // octets of a file of the zone data

/// UTC, if there is no such zone.
catalog::Zone read_zone(std::string_view name)
{
    const auto path = std::filesystem::path{"/usr/share/zoneinfo"} / name;
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error) ||
        std::filesystem::file_size(path, error) > most_zone)
        return {};
    std::ifstream file{path, std::ios::binary};
    const std::string data{std::istreambuf_iterator{file}, {}};
    return catalog::parse_zone(data).value_or(catalog::Zone{});
}

} // namespace

V1::V1(const config::Console& options, std::string_view host_name, Mail mail, net::Pool& pool)
    : options_{options}, host_name_{host_name}, mail_{mail}, pool_{pool}, room_{options.work_bytes},
      feed_{mail.catalog}
{
}

void V1::add_routes(http::Router& router)
{
    using Body = http::Router::Body;
    const auto route = [&](std::string_view method, std::string_view pattern,
                           Task (V1::*handler)(Exchange&), Body body = Body::ignored) {
        router.add(
            method, options_.webroot + std::string{pattern},
            [this, handler](Exchange& exchange) { return (this->*handler)(exchange); }, body);
    };
    route("GET", "/api/v1/messages", &V1::messages);
    route("DELETE", "/api/v1/messages", &V1::delete_messages, Body::taken);
    route("PUT", "/api/v1/messages", &V1::set_read, Body::taken);
    route("GET", "/api/v1/search", &V1::search);
    route("DELETE", "/api/v1/search", &V1::delete_search);
    route("GET", "/api/v1/tags", &V1::tags);
    route("PUT", "/api/v1/tags", &V1::set_tags, Body::taken);
    route("PUT", "/api/v1/tags/{tag}", &V1::rename_tag, Body::taken);
    route("DELETE", "/api/v1/tags/{tag}", &V1::remove_tag);

    route("GET", "/api/v1/message/{id}", &V1::message);
    route("GET", "/api/v1/message/{id}/headers", &V1::headers);
    route("GET", "/api/v1/message/{id}/part/{part}", &V1::part);
    route("GET", "/api/v1/message/{id}/part/{part}/thumb", &V1::thumb);
    route("GET", "/api/v1/message/{id}/raw", &V1::raw);
    route("GET", "/api/v1/message/{id}/html-check", &V1::check);
    route("GET", "/api/v1/message/{id}/link-check", &V1::check);
    route("GET", "/api/v1/message/{id}/sa-check", &V1::no_spam_check);
    route("POST", "/api/v1/message/{id}/release", &V1::release);
    route("POST", "/api/v1/send", &V1::send, Body::taken);

    route("GET", "/api/v1/info", &V1::info);
    route("GET", "/api/v1/webui", &V1::webui);
    route("GET", "/api/v1/chaos", &V1::chaos);
    route("PUT", "/api/v1/chaos", &V1::chaos);
    route("GET", "/api/v1/swagger.json", &V1::swagger_file);
    route("GET", "/api/events", &V1::events);

    route("GET", "/view/latest", &V1::to_latest);
    route("GET", "/view/{file}", &V1::view);
    route("GET", "/search", &V1::search_page);
}

Query query_of(const http::Exchange& exchange)
{
    return http::parse_urlencoded(exchange.target().query).value_or(Query{});
}

void respond_json(http::Exchange& exchange, const Json& json)
{
    exchange.respond({.content_type = "application/json"}, to_text(json));
}

void respond_text(http::Exchange& exchange, http::Status status, std::string_view text)
{
    exchange.respond({.status = status,
                      .content_type = "text/plain; charset=utf-8",
                      .fields = "X-Content-Type-Options: nosniff\r\n"},
                     text);
}

void respond_ok(http::Exchange& exchange)
{
    exchange.respond({.content_type = "text/plain"}, "ok");
}

void respond_error(http::Exchange& exchange, mail::StoreError error)
{
    using enum http::Status;
    using enum mail::StoreError;
    switch (error) {
    case gone: return respond_text(exchange, not_found, "Message not found");
    case full:
    case mailbox_full: return respond_text(exchange, service_unavailable, "The store is full");
    case in_use:
    case failing: return respond_text(exchange, service_unavailable, "The store is failing");
    case damaged: return respond_text(exchange, internal_server_error, "The message is damaged");
    }
}

net::Task<catalog::Zone> V1::zone(const Query& query)
{
    const auto name = http::find(query, "tz").value_or("");
    if (name.empty() || name.size() > 100 || !catalog::is_zone_name(name))
        co_return catalog::Zone{};
    auto read = [name] { return read_zone(name); };
    co_return co_await pool_.run(read);
}

net::Task<catalog::Query> V1::parsed_query(std::string text, const Query& query)
{
    const auto clock = co_await zone(query);
    co_return catalog::parse_query(text, clock);
}

net::Task<std::string> V1::named(Exchange& exchange, std::string name)
{
    if (mail::is_id(name)) co_return name;
    std::expected<std::string, mail::StoreError> found = std::unexpected{mail::StoreError::gone};
    if (name == "latest") {
        const auto query = query_of(exchange);
        const auto text = mime::trim(http::find(query, "query").value_or(""));
        if (text.empty()) {
            found = co_await mail_.catalog.latest(nullptr);
        } else {
            std::string wanted{text};
            const auto parsed = co_await parsed_query(wanted, query);
            found = co_await mail_.catalog.latest(&parsed);
        }
    }
    if (!found) {
        respond_error(exchange, found.error());
        co_return std::string{};
    }
    co_return std::move(*found);
}

auto V1::entry(Exchange& exchange, std::string id) -> net::Task<std::optional<catalog::Entry>>
{
    auto found = co_await mail_.catalog.entry(id);
    if (!found) {
        respond_error(exchange, found.error());
        co_return std::nullopt;
    }
    co_return std::move(*found);
}

auto V1::source(Exchange& exchange, std::string id) -> net::Task<std::optional<Source>>
{
    const auto message = co_await mail_.store.find(id);
    if (!message) {
        respond_error(exchange, message.error());
        co_return std::nullopt;
    }
    Source source;
    if (!source.share.grow(room_, message->size)) {
        respond_text(exchange, http::Status::service_unavailable,
                     "Too much is being read at once: [console] work_bytes");
        co_return std::nullopt;
    }
    source.octets.reserve(message->size);
    const auto reading = mail_.store.read(*message);
    for (;;) {
        const auto piece = co_await reading->next();
        if (!piece) {
            respond_error(exchange, piece.error());
            co_return std::nullopt;
        }
        if (piece->empty()) co_return std::move(source);
        source.octets += *piece;
    }
}

auto V1::parsed(Exchange& exchange, std::string id, mime::Detail detail)
    -> net::Task<std::optional<mime::Message>>
{
    const auto octets = co_await source(exchange, id);
    if (!octets) co_return std::nullopt;
    auto parse = [&octets, detail] { return mime::parse(octets->octets, detail); };
    co_return co_await pool_.run(parse);
}

auto V1::content(Exchange& exchange, std::uint64_t most) -> net::Task<std::optional<Content>>
{
    Content content;
    for (;;) {
        const auto piece = co_await exchange.read();
        if (!piece) co_return std::nullopt; // answered by the engine
        if (piece->empty()) co_return std::move(content);
        if (content.octets.size() + piece->size() > most) {
            exchange.protocol().blame("the content is too large");
            exchange.respond(http::Status::content_too_large);
            co_return std::nullopt;
        }
        if (!content.share.grow(room_, piece->size())) {
            exchange.protocol().blame("there is no room for the content");
            exchange.respond(http::Status::service_unavailable);
            co_return std::nullopt;
        }
        content.octets += *piece;
    }
}

} // namespace portico::console
