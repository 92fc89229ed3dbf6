#pragma once

#include "net/task.hpp"
#include "services/http/exchange.hpp"
#include "services/http/routes.hpp"

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace portico::http {

/// Answers a request; returns when the answer is over. No lambda with captures can be a coroutine,
/// but one may call a member function that is.
using Handler = std::function<net::Task<void>(Exchange&)>;

/// What a service of handlers is made of: each request goes to the handler that is registered for
/// its method and path (see RouteTable for patterns), with Exchange::target() and parameter() set.
/// What no handler is there for is answered here: 400, 404, 405 and OPTIONS. Filled at startup,
/// then called from every loop at once.
class Router final : public Answerer {
public:
    enum class Body : std::uint8_t {
        ignored, // is read and thrown away before the handler is called, or refused
        taken,   // is the handler's to read()
    };

    enum class Slashes : std::uint8_t {
        count,    // "//a" has a segment without a name in front
        collapse, // "//a" is "/a": clients join paths so
    };
    explicit Router(Slashes slashes = Slashes::count) : slashes_{slashes} {}

    void add(std::string_view method, std::string_view pattern, Handler handler,
             Body body = Body::ignored);

    net::Task<void> answer(Exchange& exchange) override;

private:
    struct Route {
        Handler handler;
        Body body;
    };

    static void answer_without(Exchange& exchange, const RouteMatch& match);

    Slashes slashes_;
    RouteTable table_;
    std::vector<Route> routes_; // by their number in the table
};

} // namespace portico::http
