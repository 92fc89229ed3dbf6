#include "services/console/pages.hpp"
#include "services/console/v1.hpp"
#include "services/console/v1_pages.hpp"
#include "services/mime/utf8.hpp"

#include <utility>

namespace portico::console {

namespace {

/// Of a search; "": there is none.
std::string searched(const Query& query)
{
    return std::string{mime::trim(http::find(query, "query").value_or(""))};
}

void respond_no_query(http::Exchange& exchange)
{
    respond_text(exchange, http::Status::bad_request, "Error: no search query");
}

/// Entries behind one another, "," before each but the first of all.
std::string entries_text(const std::vector<Entry>& entries, bool first)
{
    std::string text;
    for (const auto& entry : entries) {
        if (!std::exchange(first, false)) text += ',';
        text += to_text(entry_document(entry));
    }
    return text;
}

} // namespace

auto V1::messages(Exchange& exchange) -> Task
{
    const auto query = query_of(exchange);
    const auto clock = co_await zone(query);
    const auto range = range_of(query, Listing::all, clock);
    co_await show(exchange, nullptr, range);
}

auto V1::search(Exchange& exchange) -> Task
{
    const auto query = query_of(exchange);
    const auto text = searched(query);
    if (text.empty()) {
        respond_no_query(exchange);
        co_return;
    }
    const auto clock = co_await zone(query);
    const auto parsed = catalog::parse_query(text, clock);
    const auto range = range_of(query, Listing::matches, clock);
    co_await show(exchange, &parsed, range);
}

auto V1::page(const catalog::Query* query, catalog::Range range) -> Answer<catalog::Page>
{
    return query ? mail_.catalog.search(*query, range) : mail_.catalog.list(range);
}

// One page of the catalog is at once a whole answer, more of them are sent as they come.
auto V1::show(Exchange& exchange, const catalog::Query* query, catalog::Range range) -> Task
{
    auto shown = co_await page(query, range);
    if (!shown) {
        respond_error(exchange, shown.error());
        co_return;
    }
    if (!shown->more || shown->entries.size() >= range.limit) {
        respond_json(exchange, list_document(shown->totals, shown->tags, shown->entries));
        co_return;
    }
    auto head = list_document(shown->totals, shown->tags, {});
    head.erase("messages");
    head.erase("count");
    auto text = to_text(head);
    text.resize(text.rfind('}'));
    exchange.start({.content_type = "application/json"});
    text += ",\"messages\":[" + entries_text(shown->entries, true);
    std::uint64_t count = shown->entries.size();
    bool listens = co_await exchange.write(text);
    while (listens && shown && shown->more && count < range.limit) {
        catalog::Range next = range;
        next.start = 0;
        next.limit = range.limit - count;
        next.below = *shown->more;
        shown = co_await page(query, next);
        if (!shown) co_return; // the connection's end tells the client
        count += shown->entries.size();
        text = entries_text(shown->entries, false);
        if (!text.empty()) listens = co_await exchange.write(text);
    }
    if (!listens) co_return;
    const auto tail = "],\"count\":" + std::to_string(count) + "}\n";
    const bool sent = co_await exchange.write(tail);
    if (sent) exchange.end();
}

auto V1::search_page(Exchange& exchange) -> Task
{
    const auto query = query_of(exchange);
    const auto text = std::string{
        mime::trim(http::find(query, "q").value_or(http::find(query, "query").value_or("")))};
    const auto parsed = co_await parsed_query(text, query);
    const catalog::Range range;
    const auto shown = co_await mail_.catalog.search(parsed, range);
    if (!shown) {
        respond_error(exchange, shown.error());
        co_return;
    }
    exchange.respond({.content_type = "text/html; charset=utf-8", .fields = page_fields()},
                     list_page(text, shown->entries, options_.webroot));
}

auto V1::tags(Exchange& exchange) -> Task
{
    const auto counts = co_await mail_.catalog.tags();
    if (!counts) {
        respond_error(exchange, counts.error());
        co_return;
    }
    auto names = Json::array();
    for (const auto& [tag, count] : *counts) names.push_back(tag);
    respond_json(exchange, names);
}

} // namespace portico::console
