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

// RFC 9112 section 3.2.2: the host of an absolute-form counts, not Host.
std::string_view authority(const http::Request& request, const http::Target& target,
                           std::string_view otherwise)
{
    if (!target.host.empty()) return target.host;
    const auto host = request.field("Host").value_or("");
    return host.empty() ? otherwise : host;
}

} // namespace

Service::Service(config::Inspect options, std::string host_name, std::size_t loops,
                 net::Transcript* transcript)
    : options_{std::move(options)}, host_name_{std::move(host_name)}, engine_{options_, loops,
                                                                              transcript, nullptr}
{
    table_.add("GET", "/");
    routes_.emplace_back();
    std::vector<Listed> all;
    const auto add = [&](const auto& row) {
        table_.add(row.listed.method, row.listed.pattern);
        routes_.push_back(&row);
        all.push_back(row.listed);
    };
    for (const auto& row : streamed()) add(row);
    for (const auto& row : rows()) add(row);
    page_ = index_page(all);
}

net::Task<void> Service::answer(http::Exchange& exchange)
{
    const auto& request = exchange.request();
    // RFC 9110 section 9.3.6: what succeeds would be a tunnel from there on, even to "*" here.
    if (request.method == "CONNECT") {
        exchange.respond(http::Status::not_implemented);
        co_return;
    }
    if (request.method == "OPTIONS" && request.target == "*") { // section 9.3.7: the server itself
        exchange.respond(http::Status::no_content);
        co_return;
    }
    const auto target = http::parse_target(request.target);
    if (!target) {
        exchange.respond(http::Status::bad_request);
        co_return;
    }
    auto match = table_.match(request.method, *target);
    if (auto* found = std::get_if<http::Found>(&match)) {
        co_await answer(exchange, *target, std::move(*found));
    } else if (auto* other = std::get_if<http::MethodNotAllowed>(&match)) {
        const auto status = request.method == "OPTIONS" ? http::Status::no_content
                                                        : http::Status::method_not_allowed;
        exchange.respond(status, "Allow: " + other->allow + "\r\n");
    } else {
        exchange.respond(http::Status::not_found);
    }
}

net::Task<void> Service::answer(http::Exchange& exchange, const http::Target& target,
                                http::Found found)
{
    const auto& request = exchange.request();
    const auto route = routes_[found.index];
    if (std::holds_alternative<std::monostate>(route)) {
        exchange.respond({.content_type = "text/html; charset=utf-8"}, page_);
        co_return;
    }
    auto query = http::parse_urlencoded(target.query);
    if (!query) {
        respond(exchange, mistake("the query has more than 1000 names"));
        co_return;
    }
    const auto origin = exchange.peer().tuple().client.address.to_string();
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    Asked asked{.head = request,
                .target = target,
                .query = std::move(*query),
                .parameters = std::move(found.parameters),
                .authority = authority(request, target, host_name_),
                .origin = origin,
                .tls = exchange.peer().tls() != nullptr,
                .random = random_number(),
                .now = now,
                .limits = options_};
    if (auto* stream = std::get_if<const Streamed*>(&route)) {
        co_await (*stream)->handle(exchange, asked);
        co_return;
    }
    const auto* row = std::get<const Row*>(route);
    // Thrown away before the answer, so that what is malformed is refused all the same.
    if (!row->content && exchange.protocol().discard_content()) co_return; // and called again
    std::string content;
    if (row->content) {
        auto all = co_await exchange.read_all();
        if (!all) co_return;
        content = std::move(*all);
        asked.content = content;
    }
    respond(exchange, row->answer(asked));
}

} // namespace portico::inspect
