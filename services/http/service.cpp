#include "services/http/service.hpp"

#include "net/connection.hpp"
#include "services/http/protocol.hpp"
#include "services/http/root.hpp"
#include "services/http/welcome.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace portico::http {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t small_file = 64 << 10; // sent together with its head
constexpr std::size_t piece = 256 << 10;     // of a larger one: all a slow reader costs
constexpr std::size_t enough = 64 << 10;     // waiting octets that are not gathered any longer
constexpr std::size_t shown = 80;            // of a request, in the list of connections

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

// How long a Read may wait. The wait for a head has one end, however many pieces it comes in.
class Waits {
public:
    explicit Waits(const config::Http& options) : options_{options} {}

    std::chrono::milliseconds of(Awaited awaited)
    {
        if (awaited != Awaited::head) head_end_ = {};
        if (awaited == Awaited::request) return options_.keep_alive_timeout;
        if (awaited == Awaited::body) return options_.header_timeout;
        if (!head_end_) head_end_ = Clock::now() + options_.header_timeout;
        return std::chrono::ceil<std::chrono::milliseconds>(*head_end_ - Clock::now());
    }

    void answered() { head_end_ = {}; }

private:
    const config::Http& options_;
    std::optional<Clock::time_point> head_end_;
};

// What waits to be sent: answers to pipelined requests go out together.
class Outbox {
public:
    Outbox(net::Connection& peer, std::chrono::milliseconds wait) : peer_{peer}, wait_{wait} {}

    void add(std::string_view bytes) { waiting_ += bytes; }
    void add(std::string&& bytes)
    {
        if (waiting_.empty())
            waiting_ = std::move(bytes);
        else
            waiting_ += bytes;
    }
    std::size_t size() const { return waiting_.size(); }

    /// False: nobody takes it any more.
    net::Task<bool> flush()
    {
        if (waiting_.empty()) co_return true;
        auto bytes = std::exchange(waiting_, {}); // nothing is held while the peer is idle
        co_return (co_await peer_.write(bytes, wait_)).has_value();
    }

private:
    net::Connection& peer_;
    std::chrono::milliseconds wait_;
    std::string waiting_;
};

// An opened file as far as the kernel can send it by itself; what is left to be read and written.
// Nothing: the peer is gone.
net::Task<std::optional<Send>> send_unread(net::Connection& peer, net::Pool& pool,
                                           const net::FileDescriptor& file, Send send,
                                           std::chrono::milliseconds wait)
{
    while (send.length > 0) {
        auto length = static_cast<std::size_t>(std::min<std::uint64_t>(send.length, piece));
        if (!in_memory(file, send.offset, length)) {
            auto fetch = [&file, offset = send.offset, length] {
                return read_at(file, offset, length).size();
            };
            co_await pool.run(fetch);
        }
        auto sent = co_await peer.send_file(file.get(), send.offset, length, wait);
        if (!sent) co_return std::nullopt;
        send.offset += *sent;
        send.length -= *sent;
        if (*sent < length) break;
    }
    co_return send;
}

// The rest of an opened file, piece by piece. False: the peer is gone, or the file got shorter
// than its Content-Length has said, and only the end of the connection can tell that.
net::Task<bool> stream(net::Connection& peer, net::Pool& pool, const net::FileDescriptor& file,
                       Send send, Outbox& outbox, std::chrono::milliseconds wait)
{
    if (!peer.tls()) {
        if (!co_await outbox.flush()) co_return false; // the head goes before
        auto left = co_await send_unread(peer, pool, file, send, wait);
        if (!left) co_return false;
        send = *left;
    }
    while (send.length > 0) {
        auto length = static_cast<std::size_t>(std::min<std::uint64_t>(send.length, piece));
        auto read = [&file, offset = send.offset, length] { return read_at(file, offset, length); };
        auto bytes = co_await pool.run(read);
        bool cut = bytes.size() < length;
        send.offset += length;
        send.length -= length;
        outbox.add(std::move(bytes));
        if (!co_await outbox.flush() || cut) co_return false;
    }
    co_return true;
}

} // namespace

Service::Service(config::Http options, std::string host_name, std::string authority,
                 const net::Registry& registry, net::Pool& pool, net::Transcript* transcript)
    : options_{std::move(options)}, host_name_{std::move(host_name)},
      authority_{std::move(authority)}, registry_{registry}, pool_{pool}, transcript_{transcript}
{
    if (options_.root.empty()) return;
    root_.emplace(options_.root);
    const auto loops = registry.loops();
    for (std::size_t loop = 0; loop < loops; ++loop)
        caches_.emplace_back(static_cast<std::size_t>(options_.cache_bytes) / loops);
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

net::Task<void> Service::serve(net::Connection& peer)
{
    Protocol protocol{options_, authority_, net::Trace{transcript_, peer.number()}};
    Outbox outbox{peer, options_.write_timeout};
    Waits waits{options_};
    Opened opened; // for the request that is being answered
    for (;;) {
        auto step = protocol.next(now());
        if (auto* write = std::get_if<Write>(&step)) {
            outbox.add(std::move(write->bytes));
            waits.answered();
            if (outbox.size() >= enough && !co_await outbox.flush()) co_return;
        } else if (auto* open = std::get_if<Open>(&step)) {
            peer.doing(protocol.doing().substr(0, shown));
            auto found = co_await this->open(caches_[peer.loop()], std::move(*open));
            if (found) opened = std::move(*found);
            protocol.opened(found ? std::expected<File, FileError>{opened.file}
                                  : std::unexpected{found.error()});
        } else if (auto* send = std::get_if<Send>(&step)) {
            if (opened.small)
                outbox.add(
                    std::string_view{opened.small->content}.substr(send->offset, send->length));
            else if (!co_await stream(peer, pool_, opened.descriptor, *send, outbox,
                                      options_.write_timeout))
                co_return;
            if (outbox.size() >= enough && !co_await outbox.flush()) co_return;
        } else if (auto* welcome = std::get_if<Welcome>(&step)) {
            peer.doing(protocol.doing().substr(0, shown));
            std::vector<PortRow> rows;
            for (const auto& status : registry_.ports()) rows.push_back(to_row(status));
            protocol.welcome(welcome_page({.host_name = host_name_,
                                           .authority = welcome->authority,
                                           .ports = rows,
                                           .test_authority = !authority_.empty()}));
        } else if (auto* close = std::get_if<Close>(&step)) {
            if (!close->why.empty()) peer.log(net::Level::debug, close->why);
            co_await outbox.flush();
            co_return;
        } else {
            opened = {};
            if (!co_await outbox.flush()) co_return;
            auto awaited = std::get<Read>(step).awaited;
            auto wait = waits.of(awaited);
            if (awaited == Awaited::request) peer.doing("between requests");
            if (wait <= std::chrono::milliseconds{0}) {
                protocol.interrupted(Interruption::idle);
                continue;
            }
            auto bytes = co_await peer.read(wait);
            if (bytes)
                protocol.feed(*bytes);
            else if (bytes.error() == net::Ended::left)
                co_return;
            else
                protocol.interrupted(bytes.error() == net::Ended::idle ? Interruption::idle
                                                                       : Interruption::stopping);
        }
    }
}

std::string Service::refusal() const
{
    return to_message(Status::service_unavailable, Persistence::close, now(), "Retry-After: 1\r\n");
}

} // namespace portico::http
