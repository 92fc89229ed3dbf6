#include "services/console/process.hpp"
#include "services/console/v1.hpp"
#include "services/console/v1_view.hpp"

namespace portico::console {

using http::Status;

Told V1::told() const
{
    const auto up = std::chrono::steady_clock::now() - since_;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(up).count();
    return {.store = mail_.store.statistics(),
            .intake = feed_.intake(),
            .uptime = static_cast<std::uint64_t>(seconds),
            .memory = this_process().resident_bytes};
}

net::Task<std::string> V1::metrics()
{
    const auto counts = co_await mail_.catalog.tags();
    co_return mailpit_metrics(told(), counts.value_or(catalog::TagCounts{}));
}

auto V1::info(Exchange& exchange) -> Task
{
    const auto counts = co_await mail_.catalog.tags();
    if (counts)
        respond_json(exchange, info_document(told(), *counts));
    else
        respond_error(exchange, counts.error());
}

auto V1::webui(Exchange& exchange) -> Task
{
    respond_json(exchange, webui_document(options_.label));
    co_return;
}

auto V1::swagger_file(Exchange& exchange) -> Task
{
    exchange.respond({.content_type = "application/json"}, swagger());
    co_return;
}

auto V1::chaos(Exchange& exchange) -> Task
{
    respond_text(exchange, Status::bad_request, "Chaos is not enabled");
    co_return;
}

auto V1::release(Exchange& exchange) -> Task
{
    std::string name{exchange.parameter("id")};
    const auto id = co_await named(exchange, name);
    if (id.empty()) co_return;
    const auto known = co_await entry(exchange, id);
    if (known) respond_text(exchange, Status::bad_request, "There is no relay to release it to");
}

auto V1::check(Exchange& exchange) -> Task
{
    std::string name{exchange.parameter("id")};
    const auto id = co_await named(exchange, name);
    if (id.empty()) co_return;
    const auto known = co_await entry(exchange, id);
    if (known) respond_text(exchange, Status::bad_request, "This check is not enabled");
}

auto V1::no_spam_check(Exchange& exchange) -> Task
{
    respond_text(exchange, Status::not_found, "SpamAssassin is not enabled");
    co_return;
}

// Always the white picture of what is no image: pictures are not looked into.
auto V1::thumb(Exchange& exchange) -> Task
{
    std::string name{exchange.parameter("id")};
    const auto id = co_await named(exchange, name);
    if (id.empty()) co_return;
    const auto octets = co_await source(exchange, id);
    if (!octets) co_return;
    const auto wanted = exchange.parameter("part");
    auto take = [&] { return mime::part(octets->octets, wanted).has_value(); };
    const bool is_there = co_await pool_.run(take);
    if (is_there)
        exchange.respond({.content_type = "image/jpeg"}, blank_picture());
    else
        respond_text(exchange, Status::bad_request, "There is no such part");
}

} // namespace portico::console
