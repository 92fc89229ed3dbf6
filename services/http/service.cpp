#include "services/http/service.hpp"

#include "net/connection.hpp"
#include "services/http/body.hpp"
#include "services/http/welcome.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace portico::http {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t small_file = 64 << 10; // sent together with its head
constexpr std::string_view authority_file = "ca.pem";

std::chrono::sys_seconds now()
{
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

PortRow to_row(const net::PortStatus& status)
{
    return {.transport = std::string{net::to_string(status.endpoint.transport)},
            .address = status.endpoint.address.to_string(),
            .port = status.endpoint.port,
            .well_known = std::string{status.well_known},
            .service = status.service,
            .state = std::string{net::to_string(status.state)},
            .why = status.why,
            .open = status.open,
            .accepted = status.accepted,
            .tls = std::string{net::to_string(status.encryption)}};
}

} // namespace

Service::Service(config::Http options, std::string host_name, std::string authority,
                 const net::Registry& registry, net::Pool& pool, net::Transcript* transcript)
    : options_{std::move(options)}, host_name_{std::move(host_name)},
      authority_{std::move(authority)}, registry_{registry}, pool_{pool}, engine_{options_,
                                                                                  registry.loops(),
                                                                                  transcript}
{
    if (options_.root.empty()) return;
    root_.emplace(options_.root);
    const auto loops = registry.loops();
    for (std::size_t loop = 0; loop < loops; ++loop)
        caches_.emplace_back(static_cast<std::size_t>(options_.cache_bytes) / loops);
}

// A body is read and thrown away before the answer, so that one that is malformed is refused. Of a
// method that is not allowed no body is asked for.
bool Service::answer_at_once(Exchange& exchange)
{
    auto& protocol = exchange.protocol();
    if (protocol.expecting() && !FileRequest::is_allowed(exchange.request().method)) return false;
    return protocol.discard_content();
}

net::Task<void> Service::answer(Exchange& exchange)
{
    FileRequest request{exchange.request(), options_, now()};
    Opened opened;
    auto decision = request.begin();
    while (auto* open = std::get_if<Open>(&decision)) {
        auto& cache = caches_[exchange.peer().loop()];
        auto found = co_await this->open(cache, std::move(*open));
        if (found) opened = std::move(*found);
        decision = request.opened(found ? std::expected<File, FileError>{opened.file}
                                        : std::unexpected{found.error()});
    }
    if (std::get_if<Welcome>(&decision)) decision = welcome(exchange.request());
    auto reply = std::get<Reply>(std::move(decision));
    co_await send(exchange, std::move(reply), std::move(opened));
}

net::Task<std::expected<Opened, FileError>> Service::open(Cache& cache, Open file)
{
    const auto now = Clock::now();
    if (auto hot = cache.find(file.file, now))
        co_return Opened{.file = hot->file, .small = hot, .descriptor = {}};
    const auto most = file.with_content ? small_file : 0;
    // Named: g++ 12 destroys what a temporary closure in a co_await has captured twice.
    auto look_up = [this, &name = file.file, most, known = cache.known(file.file)] {
        return root_->open(name, most, known);
    };
    auto found = co_await pool_.run(std::move(look_up));
    if (file.with_content) cache.learn(file.file, found ? found->small : nullptr, now);
    co_return found;
}

net::Task<void> Service::send(Exchange& exchange, Reply reply, Opened opened)
{
    auto& protocol = exchange.protocol();
    if (!reply.why.empty()) protocol.blame(reply.why);
    if (reply.octets.empty()) {
        if (reply.content.empty())
            protocol.head(reply.response);
        else
            protocol.respond(std::move(reply.response), reply.content);
        co_return;
    }
    protocol.head(reply.response);
    if (!protocol.wants_content()) co_return;
    FileBody body{exchange, pool_, opened};
    for (const auto& range : reply.octets) {
        if (reply.parts) body.add(reply.parts->before(range));
        if (!co_await body.send(range)) co_return;
    }
    if (reply.parts) body.add(reply.parts->end());
}

// What stands at "/" while there is no root.
Reply Service::welcome(const Request& request) const
{
    const auto path = parse_path(request.target);
    if (path->file == authority_file && !authority_.empty())
        return {.response = {.content_type = "application/x-pem-file"}, .content = authority_};
    if (!path->file.empty()) return short_reply(Status::not_found);
    auto authority = path->host;
    if (authority.empty()) authority = request.field("host").value_or("");
    std::vector<PortRow> rows;
    for (const auto& status : registry_.ports()) rows.push_back(to_row(status));
    return {.response = {.content_type = "text/html; charset=utf-8",
                         .fields = "Cache-Control: no-store\r\n"},
            .content = welcome_page({.host_name = host_name_,
                                     .authority = authority,
                                     .ports = rows,
                                     .test_authority = !authority_.empty()})};
}

} // namespace portico::http
