#include "services/console/v1.hpp"
#include "services/mime/utf8.hpp"

namespace portico::console {

namespace {

using http::Status;

constexpr std::size_t at_once = 1000; // messages of one change

void respond(http::Exchange& exchange, const std::expected<void, mail::StoreError>& changed)
{
    if (changed)
        respond_ok(exchange);
    else
        respond_error(exchange, changed.error());
}

} // namespace

auto V1::delete_messages(Exchange& exchange) -> Task
{
    const auto body = co_await content(exchange, most_content);
    if (!body) co_return;
    auto wanted = to_delete(body->octets);
    if (!wanted) {
        respond_text(exchange, Status::bad_request, wanted.error());
        co_return;
    }
    std::expected<void, mail::StoreError> deleted;
    if (*wanted)
        deleted = co_await mail_.store.remove_each(std::move(**wanted));
    else
        deleted = co_await mail_.store.remove_all();
    respond(exchange, deleted);
}

auto V1::delete_search(Exchange& exchange) -> Task
{
    const auto query = query_of(exchange);
    const auto text = std::string{mime::trim(http::find(query, "query").value_or(""))};
    if (text.empty()) {
        respond_text(exchange, Status::bad_request, "Error: no search query");
        co_return;
    }
    const auto parsed = co_await parsed_query(text, query);
    const auto deleted = co_await remove_matches(parsed);
    respond(exchange, deleted);
}

auto V1::remove_matches(const catalog::Query& query) -> Answer<void>
{
    std::int64_t below = std::numeric_limits<std::int64_t>::max();
    for (;;) {
        auto found = co_await mail_.catalog.matching(query, at_once, below);
        if (!found) co_return std::unexpected{found.error()};
        if (!found->ids.empty()) {
            const auto removed = co_await mail_.store.remove_each(std::move(found->ids));
            if (!removed) co_return std::unexpected{removed.error()};
        }
        if (!found->more) co_return std::expected<void, mail::StoreError>{};
        below = *found->more;
    }
}

auto V1::mark_matches(const catalog::Query& query, bool read) -> Answer<void>
{
    std::int64_t below = std::numeric_limits<std::int64_t>::max();
    for (;;) {
        auto found = co_await mail_.catalog.matching(query, at_once, below);
        if (!found) co_return std::unexpected{found.error()};
        if (!found->ids.empty()) {
            const auto marked =
                co_await mail_.store.mark(std::move(found->ids), read, std::nullopt);
            if (!marked) co_return std::unexpected{marked.error()};
        }
        if (!found->more) co_return std::expected<void, mail::StoreError>{};
        below = *found->more;
    }
}

auto V1::set_read(Exchange& exchange) -> Task
{
    const auto body = co_await content(exchange, most_content);
    if (!body) co_return;
    auto wanted = to_read(body->octets);
    if (!wanted) {
        respond_text(exchange, Status::bad_request, wanted.error());
        co_return;
    }
    std::expected<void, mail::StoreError> marked;
    if (!wanted->search.empty()) {
        const auto query = query_of(exchange);
        const auto parsed = co_await parsed_query(wanted->search, query);
        marked = co_await mark_matches(parsed, wanted->read);
    } else if (!wanted->ids.empty()) {
        marked = co_await mail_.store.mark(std::move(wanted->ids), wanted->read, std::nullopt);
    } else {
        marked = co_await mail_.store.mark_all(wanted->read);
    }
    respond(exchange, marked);
}

auto V1::set_tags(Exchange& exchange) -> Task
{
    const auto body = co_await content(exchange, most_content);
    if (!body) co_return;
    auto wanted = to_tag(body->octets);
    if (!wanted) {
        respond_text(exchange, Status::bad_request, wanted.error());
        co_return;
    }
    std::expected<void, mail::StoreError> tagged;
    if (!wanted->ids.empty())
        tagged = co_await mail_.store.mark(std::move(wanted->ids), std::nullopt,
                                           std::move(wanted->tags));
    respond(exchange, tagged);
}

auto V1::rename_tag(Exchange& exchange) -> Task
{
    const auto body = co_await content(exchange, most_content);
    if (!body) co_return;
    auto name = to_rename(body->octets);
    if (!name) {
        respond_text(exchange, Status::bad_request, name.error());
        co_return;
    }
    const std::string tag{exchange.parameter("tag")};
    const auto counts = co_await mail_.catalog.tags();
    if (!counts) {
        respond_error(exchange, counts.error());
        co_return;
    }
    bool taken = false;
    for (const auto& [other, count] : *counts)
        taken = taken || (mime::equals_ignoring_case(other, *name) &&
                          !mime::equals_ignoring_case(other, tag));
    if (taken) {
        respond_text(exchange, Status::bad_request, "There is a tag of this name already");
        co_return;
    }
    const auto renamed = co_await mail_.catalog.rename_tag(tag, *name);
    if (!renamed && renamed.error() == mail::StoreError::gone)
        respond_text(exchange, Status::bad_request, "There is no such tag");
    else
        respond(exchange, renamed);
}

auto V1::remove_tag(Exchange& exchange) -> Task
{
    std::string tag{exchange.parameter("tag")};
    const auto removed = co_await mail_.catalog.remove_tag(tag);
    if (!removed && removed.error() == mail::StoreError::gone)
        respond_text(exchange, Status::bad_request, "There is no such tag");
    else
        respond(exchange, removed);
}

} // namespace portico::console
