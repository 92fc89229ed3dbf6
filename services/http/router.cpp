#include "services/http/router.hpp"

#include <utility>
#include <variant>

namespace portico::http {

namespace {

/// Only the last may be without a name: the path ends in "/".
void collapse(std::vector<std::string>& segments)
{
    if (segments.empty()) return;
    auto last = std::move(segments.back());
    segments.pop_back();
    std::erase(segments, "");
    segments.push_back(std::move(last));
}

} // namespace

void Router::add(std::string_view method, std::string_view pattern, Handler handler, Body body)
{
    table_.add(method, pattern);
    routes_.push_back({std::move(handler), body});
}

net::Task<void> Router::answer(Exchange& exchange)
{
    const auto& request = exchange.request();
    auto& protocol = exchange.protocol();
    if (request.method == "OPTIONS" && request.target == "*") { // RFC 9110 section 9.3.7
        if (!protocol.discard_content()) exchange.respond(Status::no_content);
        co_return;
    }
    auto target = parse_target(request.target);
    if (!target) {
        protocol.blame("the request target is malformed");
        exchange.respond(Status::bad_request);
        co_return;
    }
    // Section 9.3.6: what CONNECT is answered with success is a tunnel, also where a route takes
    // every method.
    if (request.method == "CONNECT") {
        exchange.respond(Status::not_implemented);
        co_return;
    }
    if (slashes_ == Slashes::collapse) collapse(target->segments);
    auto match = table_.match(request.method, *target);
    auto* found = std::get_if<Found>(&match);
    if (!found) {
        answer_without(exchange, match);
        co_return;
    }
    const auto& route = routes_[found->index];
    // What is wrong with it is refused all the same. Afterwards this is called again.
    if (route.body == Body::ignored && protocol.discard_content()) co_return;
    exchange.goes_to(*target, std::move(found->parameters));
    co_await route.handler(exchange);
}

// A client that waits for 100 is told without its content.
void Router::answer_without(Exchange& exchange, const RouteMatch& match)
{
    auto& protocol = exchange.protocol();
    if (!protocol.expecting() && protocol.discard_content()) return;
    const auto* other = std::get_if<MethodNotAllowed>(&match);
    if (!other) return exchange.respond(Status::not_found);
    const bool options = exchange.request().method == "OPTIONS";
    exchange.respond(options ? Status::no_content : Status::method_not_allowed,
                     "Allow: " + other->allow + "\r\n");
}

} // namespace portico::http
