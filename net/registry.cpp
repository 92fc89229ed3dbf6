#include "net/registry.hpp"

#include "net/connection.hpp"
#include "net/holder.hpp"
#include "net/reactor.hpp"
#include "net/run_on.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace portico::net {

struct Lease::Entry {
    Entry(const Endpoint& endpoint_, const Owner& owner_, Encryption encryption_, std::size_t loops)
        : endpoint{endpoint_}, owner{owner_}, encryption{encryption_}, counters(loops)
    {
    }

    Endpoint endpoint;
    Owner owner;
    Encryption encryption;
    std::string why;              // of a failure; written once, before the entry is published
    bool no_such_address = false; // likewise
    std::atomic<PortState> state{PortState::bound};
    std::atomic<bool> ended{false};
    std::vector<PortCounters> counters; // one a loop
};

namespace {

bool overlap(const Endpoint& one, const Endpoint& other)
{
    return one.transport == other.transport && one.port == other.port && one.port != 0 &&
           one.address.is_v4() == other.address.is_v4() &&
           (one.address == other.address || one.address.is_unspecified() ||
            other.address.is_unspecified());
}

std::string held_elsewhere(const Endpoint& endpoint)
{
    const auto holder = holder_of(endpoint);
    if (!holder) return "another process holds it";
    if (holder->pid == 0) return "another user's process holds it";
    return fmt::format("process {} ({}) holds it", holder->pid, holder->name);
}

ClaimError explain(const std::error_code& error, const Endpoint& wanted)
{
    const auto name = to_string(wanted);
    if (error == std::errc::address_in_use)
        return {ClaimFailure::taken, fmt::format("{}: {}", name, held_elsewhere(wanted))};
    if (error == std::errc::permission_denied)
        return {ClaimFailure::denied,
                fmt::format("{}: not permitted; a port below net.ipv4.ip_unprivileged_port_start "
                            "needs CAP_NET_BIND_SERVICE (in a container: --cap-add "
                            "net_bind_service or --sysctl net.ipv4.ip_unprivileged_port_start=0)",
                            name)};
    if (error == std::errc::address_not_available ||
        error == std::errc::address_family_not_supported)
        return {ClaimFailure::no_such_address,
                fmt::format("{}: this machine has no such address", name)};
    return {ClaimFailure::other, fmt::format("{}: {}", name, error.message())};
}

} // namespace

std::string_view to_string(PortState state)
{
    switch (state) {
    case PortState::bound: return "bound";
    case PortState::draining: return "draining";
    case PortState::failed: return "failed";
    case PortState::absent: return "absent";
    }
    return "";
}

Lease::Lease(std::shared_ptr<Entry> entry, FileDescriptor socket)
    : entry_{std::move(entry)}, socket_{std::move(socket)}
{
}

Lease::~Lease()
{
    if (entry_) entry_->ended = true;
}

const Endpoint& Lease::endpoint() const
{
    return entry_->endpoint;
}
const Owner& Lease::owner() const
{
    return entry_->owner;
}
PortCounters& Lease::counters(std::size_t loop) const
{
    return entry_->counters[loop];
}
FileDescriptor Lease::take_socket()
{
    return std::move(socket_);
}

std::expected<FileDescriptor, std::error_code> Lease::share() const
{
    return bind_socket(entry_->endpoint, Sharing::with_other_loops);
}

void Lease::drain()
{
    socket_.reset();
    entry_->state = PortState::draining;
}

std::expected<FileDescriptor, ClaimError> Registry::bind(const Endpoint& wanted)
{
    for (const auto& entry : entries_) {
        if (entry->state == PortState::bound && overlap(entry->endpoint, wanted))
            return std::unexpected{ClaimError{
                ClaimFailure::taken,
                fmt::format("{}: {} has it as {} ({})", to_string(wanted), entry->owner.service,
                            to_string(entry->endpoint), entry->owner.origin)}};
    }
    auto socket = bind_socket(wanted, Sharing::alone);
    if (!socket) return std::unexpected{explain(socket.error(), wanted)};
    if (auto error = allow_sharing(socket->get())) return std::unexpected{explain(error, wanted)};
    return std::move(*socket);
}

std::expected<Lease, ClaimError> Registry::claim(const Endpoint& wanted, const Owner& owner,
                                                 Encryption encryption)
{
    const std::scoped_lock lock{mutex_};
    std::erase_if(entries_, [](const auto& entry) { return entry->ended.load(); });
    auto entry = std::make_shared<Lease::Entry>(wanted, owner, encryption, reactor_.size());
    auto socket = bind(wanted);
    if (!socket) {
        entry->state = PortState::failed;
        entry->why = socket.error().why;
        entry->no_such_address = socket.error().kind == ClaimFailure::no_such_address;
        entries_.push_back(std::move(entry));
        return std::unexpected{socket.error()};
    }
    entry->endpoint = local_endpoint(socket->get(), wanted.transport);
    entries_.push_back(entry);
    return Lease{std::move(entry), std::move(*socket)};
}

std::vector<PortStatus> Registry::ports() const
{
    const std::scoped_lock lock{mutex_};
    auto bound_elsewhere = [this](const Lease::Entry& absent) {
        return std::ranges::any_of(entries_, [&](const auto& entry) {
            return !entry->ended && entry->state == PortState::bound &&
                   entry->owner == absent.owner;
        });
    };
    std::vector<PortStatus> ports;
    for (const auto& entry : entries_) {
        if (entry->ended) continue;
        auto sum = [&](auto counter) {
            std::uint64_t total = 0;
            for (const auto& counters : entry->counters)
                total += (counters.*counter).load(std::memory_order_relaxed);
            return total;
        };
        const auto& endpoint = entry->endpoint;
        ports.push_back({.endpoint = endpoint,
                         .well_known = well_known_name(endpoint.transport, endpoint.port),
                         .service = entry->owner.service,
                         .origin = entry->owner.origin,
                         .encryption = entry->encryption,
                         .state = entry->no_such_address && bound_elsewhere(*entry)
                                      ? PortState::absent
                                      : entry->state.load(),
                         .why = entry->why,
                         .open = sum(&PortCounters::open),
                         .accepted = sum(&PortCounters::accepted),
                         .refused = sum(&PortCounters::refused),
                         .bytes_in = sum(&PortCounters::bytes_in),
                         .bytes_out = sum(&PortCounters::bytes_out)});
    }
    return ports;
}

std::size_t Registry::loops() const
{
    return reactor_.size();
}

Task<std::vector<ConnectionStatus>> Registry::connections()
{
    std::vector<ConnectionStatus> all;
    for (std::size_t index = 0; index < reactor_.size(); ++index) {
        auto& loop = reactor_.loop(index);
        co_await run_on(loop.executor(), [&loop, &all] {
            for (const auto* peer : loop.connections()) {
                const auto* tls = peer->tls();
                all.push_back({.number = peer->number_,
                               .tuple = peer->tuple_,
                               .service = std::string{peer->port_.service},
                               .tls = tls != nullptr,
                               .tls_version = tls ? tls->version : "",
                               .bytes_in = peer->bytes_in_,
                               .bytes_out = peer->bytes_out_,
                               .since = peer->since_,
                               .doing = peer->doing_});
            }
            return all.size();
        });
    }
    std::ranges::sort(all, {}, &ConnectionStatus::number);
    co_return all;
}

Task<bool> Registry::close(std::uint64_t number)
{
    for (std::size_t index = 0; index < reactor_.size(); ++index) {
        auto& loop = reactor_.loop(index);
        auto find = [&loop, number] {
            const auto& all = loop.connections();
            const auto found = std::ranges::find(all, number, &Connection::number_);
            if (found == all.end()) return false;
            (*found)->abort();
            return true;
        };
        if (co_await run_on(loop.executor(), find)) co_return true;
    }
    co_return false;
}

} // namespace portico::net
