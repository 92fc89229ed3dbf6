#include "services/inspect/service.hpp"

#include <chrono>
#include <random>

namespace portico::inspect {

namespace {

std::uint64_t random_number()
{
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
}

} // namespace

Service::Service(config::Inspect options, std::string host_name, std::size_t loops,
                 net::Transcript* transcript, http::AccessLog* access_log)
    : options_{std::move(options)}, host_name_{std::move(host_name)}, engine_{options_, loops,
                                                                              transcript,
                                                                              access_log}
{
    using enum http::Router::Body;
    std::vector<Listed> all;
    for (const auto& row : streamed()) {
        all.push_back(row.listed);
        router_.add(
            row.listed.method, row.listed.pattern,
            [this, &row](http::Exchange& exchange) { return stream(row, exchange); },
            row.content ? taken : ignored);
    }
    for (const auto& row : rows()) {
        all.push_back(row.listed);
        router_.add(
            row.listed.method, row.listed.pattern,
            [this, &row](http::Exchange& exchange) { return answer(row, exchange); },
            row.content ? taken : ignored);
    }
    page_ = index_page(all);
    router_.add("GET", "/", [this](http::Exchange& exchange) { return page(exchange); });
}

net::Task<void> Service::page(http::Exchange& exchange) const
{
    exchange.respond({.content_type = "text/html; charset=utf-8"}, page_);
    co_return;
}

// Nothing: it has been answered already.
std::optional<Asked> Service::asked(http::Exchange& exchange, std::string_view origin) const
{
    const auto& target = exchange.target();
    auto query = http::parse_urlencoded(target.query);
    if (!query) {
        respond(exchange, mistake("the query has more than 1000 names"));
        return std::nullopt;
    }
    const auto authority = http::authority(exchange.request(), target);
    return Asked{.head = exchange.request(),
                 .target = target,
                 .query = std::move(*query),
                 .parameters = exchange.parameters(),
                 .authority = authority.empty() ? host_name_ : authority,
                 .origin = origin,
                 .tls = exchange.peer().tls() != nullptr,
                 .random = random_number(),
                 .now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()),
                 .limits = options_};
}

net::Task<void> Service::stream(const Streamed& row, http::Exchange& exchange) const
{
    const auto origin = exchange.peer().tuple().client.address.to_string();
    const auto asked = this->asked(exchange, origin);
    if (asked) co_await row.handle(exchange, *asked);
}

net::Task<void> Service::answer(const Row& row, http::Exchange& exchange) const
{
    const auto origin = exchange.peer().tuple().client.address.to_string();
    auto asked = this->asked(exchange, origin);
    if (!asked) co_return;
    std::string content;
    if (row.content) {
        auto all = co_await exchange.read_all();
        if (!all) co_return; // answered by the engine
        content = std::move(*all);
        asked->content = content;
    }
    respond(exchange, row.answer(*asked));
}

} // namespace portico::inspect
