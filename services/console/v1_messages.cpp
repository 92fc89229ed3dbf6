#include "services/console/pages.hpp"
#include "services/console/v1.hpp"
#include "services/console/v1_pages.hpp"
#include "services/console/v1_view.hpp"
#include "services/mail/id.hpp"

namespace portico::console {

namespace {

constexpr std::size_t most_header = 1 << 20; // octets in which a message's header is looked for

} // namespace

auto V1::mark_read(Exchange& exchange, const catalog::Entry& entry) -> Task
{
    if (entry.arrival.read) co_return;
    std::vector<std::string> ids{entry.arrival.id};
    const auto marked = co_await mail_.store.mark(ids, true, std::nullopt);
    // It is shown all the same.
    if (!marked) exchange.peer().log(net::Level::error, "a message could not be marked as read");
}

auto V1::message(Exchange& exchange) -> Task
{
    std::string name{exchange.parameter("id")};
    const auto id = co_await named(exchange, name);
    if (id.empty()) co_return;
    const auto known = co_await entry(exchange, id);
    if (!known) co_return;
    const auto octets = co_await source(exchange, id);
    if (!octets) co_return;
    auto tell = [&] {
        return to_text(message_document(*known, mime::parse(octets->octets, mime::Detail::whole)));
    };
    const auto text = co_await pool_.run(tell);
    co_await mark_read(exchange, *known);
    exchange.respond({.content_type = "application/json"}, text);
}

auto V1::headers(Exchange& exchange) -> Task
{
    std::string name{exchange.parameter("id")};
    const auto id = co_await named(exchange, name);
    if (id.empty()) co_return;
    const auto found = co_await mail_.store.find(id);
    if (!found) {
        respond_error(exchange, found.error());
        co_return;
    }
    const auto reading = mail_.store.read(*found);
    std::string head;
    while (head.size() < most_header && head.find("\r\n\r\n") == head.npos) {
        const auto piece = co_await reading->next();
        if (!piece) {
            respond_error(exchange, piece.error());
            co_return;
        }
        if (piece->empty()) break;
        head += *piece;
    }
    auto tell = [&head] {
        mime::Message message;
        message.fields = mime::parse_header(head).fields;
        return to_text(headers_document(message));
    };
    const auto text = co_await pool_.run(tell);
    exchange.respond({.content_type = "application/json"}, text);
}

auto V1::part(Exchange& exchange) -> Task
{
    std::string name{exchange.parameter("id")};
    const auto id = co_await named(exchange, name);
    if (id.empty()) co_return;
    const auto octets = co_await source(exchange, id);
    if (!octets) co_return;
    const auto wanted = exchange.parameter("part");
    auto take = [&] { return mime::part(octets->octets, wanted); };
    const auto content = co_await pool_.run(take);
    if (!content) {
        respond_text(exchange, http::Status::not_found, "Part not found");
        co_return;
    }
    const auto type = part_type(content->content_type);
    exchange.respond({.content_type = type, .fields = part_fields(type, content->file_name)},
                     content->octets);
}

// Straight from the store, piece by piece.
auto V1::raw(Exchange& exchange) -> Task
{
    std::string name{exchange.parameter("id")};
    const auto id = co_await named(exchange, name);
    if (id.empty()) co_return;
    const auto found = co_await mail_.store.find(id);
    if (!found) {
        respond_error(exchange, found.error());
        co_return;
    }
    const auto reading = mail_.store.read(*found);
    auto piece = co_await reading->next();
    if (!piece) {
        respond_error(exchange, piece.error());
        co_return;
    }
    std::string fields = "X-Content-Type-Options: nosniff\r\n";
    const auto query = query_of(exchange);
    if (http::find(query, "dl") == "1")
        fields += "Content-Disposition: attachment; filename=\"" + id + ".eml\"\r\n";
    constexpr std::string_view type = "text/plain; charset=utf-8";
    if (piece->size() == found->size) {
        exchange.respond({.content_type = type, .fields = std::move(fields)}, *piece);
        co_return;
    }
    exchange.start({.content_type = type, .fields = std::move(fields)});
    while (piece && !piece->empty()) {
        const bool listens = co_await exchange.write(*piece);
        if (!listens) co_return;
        piece = co_await reading->next();
    }
    if (piece) exchange.end(); // else the connection's end tells the client
}

auto V1::view(Exchange& exchange) -> Task
{
    std::string name{exchange.parameter("file")};
    const auto dot = name.rfind('.');
    const auto kind = dot == name.npos ? "" : name.substr(dot);
    if (kind == ".html" || kind == ".txt") name.resize(dot);
    const auto id = co_await named(exchange, name);
    if (id.empty()) co_return;
    if (kind == ".html")
        co_await view_html(exchange, id);
    else if (kind == ".txt")
        co_await view_text(exchange, id);
    else
        co_await view_page(exchange, id);
}

auto V1::view_html(Exchange& exchange, std::string id) -> Task
{
    const auto known = co_await entry(exchange, id);
    if (!known) co_return;
    const auto message = co_await parsed(exchange, id, mime::Detail::outline);
    if (!message) co_return;
    if (!message->has_html) {
        respond_text(exchange, http::Status::not_found, "This message has no HTML");
        co_return;
    }
    const auto query = query_of(exchange);
    const auto nonce = http::find(query, "embed") == "1" ? mail::new_id() : "";
    const auto folder = options_.webroot + "/api/v1/message/" + id + "/part/";
    auto write = [&] {
        auto html = with_parts(*message, folder);
        return nonce.empty() ? html : for_frame(html, nonce);
    };
    const auto html = co_await pool_.run(write);
    co_await mark_read(exchange, *known);
    exchange.respond({.content_type = "text/html; charset=utf-8", .fields = view_fields(nonce)},
                     html);
}

auto V1::view_text(Exchange& exchange, std::string id) -> Task
{
    const auto known = co_await entry(exchange, id);
    if (!known) co_return;
    const auto message = co_await parsed(exchange, id, mime::Detail::outline);
    if (!message) co_return;
    co_await mark_read(exchange, *known);
    respond_text(exchange, http::Status::ok, message->text);
}

auto V1::view_page(Exchange& exchange, std::string id) -> Task
{
    const auto known = co_await entry(exchange, id);
    if (!known) co_return;
    const auto message = co_await parsed(exchange, id, mime::Detail::outline);
    if (!message) co_return;
    co_await mark_read(exchange, *known);
    exchange.respond({.content_type = "text/html; charset=utf-8", .fields = page_fields()},
                     message_page(*known, *message, options_.webroot));
}

auto V1::to_latest(Exchange& exchange) -> Task
{
    const auto query = query_of(exchange);
    const auto text = std::string{http::find(query, "query").value_or("")};
    const auto parsed = co_await parsed_query(text, query);
    const auto latest = co_await mail_.catalog.latest(text.empty() ? nullptr : &parsed);
    const auto place = options_.webroot + (latest ? "/view/" + *latest : "/");
    exchange.respond(http::Status::found, "Location: " + place + "\r\n");
}

} // namespace portico::console
