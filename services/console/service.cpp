#include "services/console/service.hpp"

#include "net/connection.hpp"
#include "services/accounts/password.hpp"
#include "services/console/access.hpp"
#include "services/console/metrics.hpp"
#include "services/console/pages.hpp"
#include "services/console/process.hpp"
#include "services/console/scrape.hpp"
#include "services/host/status.hpp"

#include <nlohmann/json.hpp>

#include <charconv>
#include <utility>

namespace portico::console {

namespace {

using http::Exchange;
using net::Task;
using Json = nlohmann::json;

void respond(Exchange& exchange, const Json& json, http::Status status = http::Status::ok)
{
    // Names and texts may come from clients, in whatever encoding.
    exchange.respond({.status = status, .content_type = "application/json"},
                     json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

void respond(Exchange& exchange, http::Status status, std::string_view text,
             std::string fields = {})
{
    exchange.respond({.status = status,
                      .content_type = "text/plain; charset=utf-8",
                      .fields = std::move(fields)},
                     text);
}

Json told(const std::vector<net::PortStatus>& ports)
{
    auto list = Json::array();
    for (const auto& port : ports) list.push_back(host::to_json(port));
    return {{"ports", std::move(list)}};
}

Json told(const std::vector<net::ConnectionStatus>& connections)
{
    auto list = Json::array();
    const auto now = std::chrono::system_clock::now();
    for (const auto& connection : connections) list.push_back(host::to_json(connection, now));
    return {{"connections", std::move(list)}};
}

// Whether the server lives and can work is nobody's secret.
bool is_probe(std::string_view path)
{
    return path == "/livez" || path == "/readyz";
}

} // namespace

Service::Service(config::Console options, std::string host_name, net::Registry& registry, Mail mail,
                 net::Pool& pool, net::Transcript* transcript, http::AccessLog* access_log)
    : options_{std::move(options)}, host_name_{std::move(host_name)}, registry_{registry},
      pool_{pool}, engine_{options_, registry.loops(), transcript, access_log},
      v1_{options_, host_name_, mail, pool}, waits_{options_, mail.store, pool}, mailboxes_{
                                                                                     mail.store}
{
    auto route = [this](std::string_view method, std::string_view pattern,
                        Task<void> (Service::*handler)(Exchange&)) {
        router_.add(method, options_.webroot + std::string{pattern},
                    [this, handler](Exchange& exchange) { return (this->*handler)(exchange); });
    };
    if (!options_.webroot.empty()) route("GET", "", &Service::to_webroot);
    route("GET", "/", &Service::page);
    route("GET", "/livez", &Service::probe);
    route("GET", "/readyz", &Service::probe);
    v1_.add_routes(router_);
    route("GET", "/metrics", &Service::metrics);
    auto add = [this](std::string_view method, std::string_view pattern, auto& handlers,
                      auto handler) {
        router_.add(
            method, options_.webroot + std::string{pattern},
            [&handlers, handler](Exchange& exchange) { return (handlers.*handler)(exchange); });
    };
    add("GET", "/api/v2/mail/wait", waits_, &Waits::wait);
    add("GET", "/api/v2/mail/events", waits_, &Waits::events);
    add("GET", "/api/v2/mailboxes", mailboxes_, &Mailboxes::list);
    add("GET", "/api/v2/mailboxes/{name}/messages", mailboxes_, &Mailboxes::messages);
    add("DELETE", "/api/v2/mailboxes/{name}/messages", mailboxes_, &Mailboxes::remove);
    route("GET", "/api/v2/host", &Service::host);
    route("GET", "/api/v2/ports", &Service::ports);
    route("GET", "/api/v2/connections", &Service::connections);
    route("DELETE", "/api/v2/connections/{number}", &Service::close_connection);
}

Task<void> Service::answer(Exchange& exchange)
{
    const bool allowed = co_await may(exchange);
    if (allowed) co_await router_.answer(exchange);
}

Task<bool> Service::may(Exchange& exchange)
{
    const auto& request = exchange.request();
    const auto target = http::parse_target(request.target);
    if (!target) co_return true; // the router refuses it
    const auto authority = http::authority(request, *target);
    const auto clean = collapsed(target->path);
    const auto path = without_webroot(clean, options_.webroot).value_or("");
    const auto what = foreign(request, authority, options_, host_name_);
    if (what && !(what == Foreign::origin && is_picture_of_view(request, path))) {
        respond(exchange, http::Status::forbidden, describe(*what));
        co_return false;
    }
    if (auto fields = cors_fields(request, path, options_); !fields.empty()) {
        exchange.protocol().also(std::move(fields));
        if (is_preflight(request)) {
            respond(exchange, http::Status::ok, "");
            co_return false;
        }
    }
    if (options_.asks() && !is_probe(path)) {
        const bool known = co_await is_known(credentials(request));
        if (!known) {
            respond(exchange, http::Status::unauthorized, "Unauthorized.\n",
                    "WWW-Authenticate: Basic realm=\"Login\"\r\n");
            co_return false;
        }
    }
    // Mailpit answers it to everything, its clients want 200.
    const bool is_options = request.method == "OPTIONS" && path.starts_with("/api/v1/");
    if (is_options) respond(exchange, http::Status::ok, "");
    co_return !is_options;
}

Task<bool> Service::is_known(Credentials brought)
{
    if (const auto* token = std::get_if<Token>(&brought))
        co_return console::is_known(*token, options_);
    const auto* password = std::get_if<Password>(&brought);
    if (!password) co_return false;
    if (console::is_known(*password, options_)) co_return true;
    const auto hashes = hashes_for(*password, options_);
    for (const auto& hash : hashes) {
        auto compare = [&hash, password] { return accounts::matches(hash, password->text); };
        const auto right = co_await pool_.run(compare);
        if (right.value_or(false)) co_return true;
    }
    co_return false;
}

nlohmann::json Service::told_of_host() const
{
    const auto process = this_process();
    return {{"name", host_name_},
            {"version", PORTICO_VERSION},
            {"since", host::to_text(since_)},
            {"loops", registry_.loops()},
            {"cpu_seconds", process.cpu_seconds},
            {"resident_bytes", process.resident_bytes},
            {"open_files", process.open_files},
            {"max_open_files", process.most_open_files}};
}

Task<void> Service::to_webroot(Exchange& exchange)
{
    exchange.respond(http::Status::found, "Location: " + options_.webroot + "/\r\n");
    co_return;
}

Task<void> Service::page(Exchange& exchange)
{
    exchange.respond(
        {.content_type = "text/html; charset=utf-8", .fields = page_fields()},
        index_page(options_.label.empty() ? host_name_ : options_.label, options_.webroot));
    co_return;
}

Task<void> Service::probe(Exchange& exchange)
{
    exchange.respond({.content_type = "text/plain; charset=utf-8"});
    co_return;
}

Task<void> Service::metrics(Exchange& exchange)
{
    const Measured measured{PORTICO_VERSION, since_, this_process(), registry_.ports()};
    const auto mail = co_await v1_.metrics();
    exchange.respond({.content_type = Metrics::content_type},
                     scrape(measured) + waits_.metrics() + mail);
}

Task<void> Service::host(Exchange& exchange)
{
    respond(exchange, told_of_host());
    co_return;
}

Task<void> Service::ports(Exchange& exchange)
{
    respond(exchange, told(registry_.ports()));
    co_return;
}

Task<void> Service::connections(Exchange& exchange)
{
    const auto all = co_await registry_.connections();
    respond(exchange, told(all));
}

Task<void> Service::close_connection(Exchange& exchange)
{
    const auto text = exchange.parameter("number");
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_number = error == std::errc{} && end == text.data() + text.size();
    bool closed = false;
    if (is_number) closed = co_await registry_.close(number);
    if (closed)
        exchange.respond({.status = http::Status::no_content});
    else
        respond(exchange, http::Status::not_found, "There is no such connection.\n");
}

} // namespace portico::console
