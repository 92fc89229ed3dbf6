#include "services/http/service.hpp"

#include "net/clock.hpp"
#include "net/connection.hpp"
#include "services/http/body.hpp"
#include "services/http/gzip.hpp"
#include "services/http/listing.hpp"
#include "services/http/welcome.hpp"

#include <chrono>
#include <memory>
#include <utility>

namespace portico::http {

namespace {

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

FileRequest::Channel channel_of(Exchange& exchange)
{
    return exchange.peer().tls() ? FileRequest::Channel::tls : FileRequest::Channel::clear;
}

// What the next answer like this one can begin with.
std::shared_ptr<const Prepared> prepare(const Response& response, std::string content)
{
    const auto time = now();
    Prepared prepared{.head = {}, .content = std::move(content)};
    append_fields(prepared.head, response, Length::known, {.time = time, .date = {}});
    return std::make_shared<const Prepared>(std::move(prepared));
}

// All but what only a file that is not in memory can give.
void respond(Protocol& protocol, const Reply& reply, const SmallFile* file)
{
    if (!reply.why.empty()) protocol.blame(reply.why);
    if (reply.octets.empty() && !reply.content.empty())
        return protocol.respond(reply.response, reply.content);
    protocol.head(reply.response);
    if (reply.octets.empty() || !protocol.wants_content()) return;
    const bool coded = reply.prepared && !reply.prepared->content.empty();
    const std::string_view content = coded ? reply.prepared->content : file->content;
    for (const auto& range : reply.octets) {
        if (reply.parts) protocol.add(reply.parts->before(range));
        protocol.add(content.substr(range.offset, range.length));
    }
    if (reply.parts) protocol.add(reply.parts->end());
}

} // namespace

Service::Service(config::Http options, std::string host_name, std::string authority,
                 const net::Registry& registry, net::Pool& pool, net::Transcript* transcript,
                 const std::vector<config::Site>& sites, AccessLog* access_log)
    : options_{std::move(options)}, host_name_{std::move(host_name)},
      authority_{std::move(authority)}, registry_{registry}, pool_{pool},
      engine_{options_, registry.loops(), transcript, access_log}, sites_{sites}
{
    add(options_);
    for (const auto& site : sites) add(site);
    const auto loops = registry.loops();
    for (std::size_t loop = 0; loop < loops; ++loop)
        caches_.emplace_back(static_cast<std::size_t>(options_.cache_bytes) / loops);
}

void Service::add(config::Site site)
{
    auto& served = served_.emplace_back(std::move(site), std::nullopt);
    if (!served.site.root.empty()) served.root.emplace(served.site.root, served.site.symlinks);
}

// RFC 9112 section 3.2.2: the authority of an absolute-form target goes before Host.
std::size_t Service::site_of(const Request& request) const
{
    if (served_.size() == 1) return Sites::by_default;
    if (!request.target.starts_with('/'))
        if (const auto path = parse_path(request.target)) return sites_.find(path->host);
    return sites_.find(request.field("host").value_or(""));
}

// A body is read and thrown away before the answer, so that one that is malformed is refused. Of a
// method that is not allowed no body is asked for. What is answered from memory is answered here.
bool Service::answer_at_once(Exchange& exchange)
{
    auto& protocol = exchange.protocol();
    const auto& request = exchange.request();
    if (protocol.expecting() && !FileRequest::is_allowed(request.method)) return false;
    if (protocol.discard_content()) return true;
    const auto site = site_of(request);
    auto& cache = caches_[exchange.peer().loop()];
    FileRequest file{request, served_[site].site, exchange.conversation().now().time,
                     channel_of(exchange)};
    const Hot* hot = nullptr;
    auto decision = file.begin();
    while (const auto* open = std::get_if<Open>(&decision)) {
        hot = cache.find({site, open->file}, net::coarse_now());
        if (!hot) return false;
        decision = hot->file ? file.opened(hot->file->file, &hot->prepared)
                             : file.opened(std::unexpected{hot->error});
    }
    const auto* reply = std::get_if<Reply>(&decision);
    if (!reply || reply->gzip) return false;
    // What is kept is kept by answer(), which knows the name.
    if (reply->keep) return false;
    respond(protocol, *reply, hot ? hot->file.get() : nullptr);
    return true;
}

net::Task<void> Service::answer(Exchange& exchange)
{
    Source source{.site = site_of(exchange.request())};
    auto& cache = caches_[exchange.peer().loop()];
    FileRequest file{exchange.request(), served_[source.site].site,
                     exchange.conversation().now().time, channel_of(exchange)};
    auto decision = file.begin();
    while (auto* open = std::get_if<Open>(&decision)) {
        source.name = std::move(open->file);
        const auto found = co_await this->open(cache, source, open->with_content);
        const auto* hot = source.opened.small ? cache.known({source.site, source.name}) : nullptr;
        const bool same = found && hot && hot->file == source.opened.small;
        decision = file.opened(found, same ? &hot->prepared : nullptr);
    }
    if (auto* what = std::get_if<List>(&decision)) {
        auto page = co_await list(source.site, std::move(*what));
        decision = file.listed(std::move(page));
    }
    if (std::get_if<Welcome>(&decision)) decision = welcome(exchange.request());
    auto reply = std::get<Reply>(std::move(decision));
    if (reply.gzip)
        co_await send_compressed(exchange, std::move(reply), std::move(source));
    else
        co_await send(exchange, std::move(reply), std::move(source));
}

net::Task<std::expected<File, FileError>> Service::open(Cache& cache, Source& source,
                                                        bool with_content)
{
    const auto now = net::coarse_now();
    const Cache::Name name{source.site, source.name};
    if (const auto* hot = cache.find(name, now)) {
        source.opened = {};
        if (!hot->file) co_return std::unexpected{hot->error};
        source.opened = {.file = hot->file->file, .small = hot->file, .descriptor = {}};
        co_return source.opened.file;
    }
    const auto most = with_content ? small_file : 0;
    const auto* known = cache.known(name);
    // Named: g++ 12 destroys what a temporary closure in a co_await has captured twice.
    auto look_up = [&root = *served_[source.site].root, &file = source.name, most,
                    then = known ? known->file : nullptr] { return root.open(file, most, then); };
    auto found = co_await pool_.run(std::move(look_up));
    if (!found) {
        cache.learn(name, std::unexpected{found.error()}, now);
        co_return std::unexpected{found.error()};
    }
    if (with_content) cache.learn(name, found->small, now);
    source.opened = std::move(*found);
    co_return source.opened.file;
}

// The page, compressed if that is asked for.
net::Task<std::expected<std::string, FileError>> Service::list(std::size_t site, List what)
{
    auto make = [&root = *served_[site].root, &what]() -> std::expected<std::string, FileError> {
        auto listing = root.list(what.folder, what.most);
        if (!listing) return std::unexpected{listing.error()};
        auto page = listing_page(what.folder, std::move(*listing));
        return what.compressed ? gzip(page, Effort::quick) : page;
    };
    auto page = co_await pool_.run(make);
    co_return page;
}

net::Task<void> Service::send(Exchange& exchange, Reply reply, Source source)
{
    const auto& opened = source.opened;
    if (reply.keep && opened.small)
        caches_[exchange.peer().loop()].prepare({source.site, source.name}, *opened.small,
                                                *reply.keep, prepare(reply.response, ""));
    auto& protocol = exchange.protocol();
    if (opened.small || reply.octets.empty()) {
        respond(protocol, reply, opened.small.get());
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

// A small file once for each version of it, any other anew each time.
net::Task<void> Service::send_compressed(Exchange& exchange, Reply reply, Source source)
{
    const auto& opened = source.opened;
    auto& protocol = exchange.protocol();
    if (!opened.small) {
        protocol.start(reply.response);
        if (!protocol.wants_content()) {
            protocol.end();
            co_return;
        }
        GzipBody body{exchange, pool_, opened, *reply.gzip};
        co_await body.send();
        co_return;
    }
    auto compress = [&content = opened.small->content, effort = *reply.gzip] {
        return gzip(content, effort);
    };
    auto content = co_await pool_.run(compress);
    reply.response.content_length = content.size();
    const auto prepared = prepare(reply.response, std::move(content));
    if (reply.keep)
        caches_[exchange.peer().loop()].prepare({source.site, source.name}, *opened.small,
                                                *reply.keep, prepared);
    protocol.respond(std::move(reply.response), prepared->content);
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
