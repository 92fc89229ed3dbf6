#include "services/http/engine.hpp"

#include "net/connection.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>
#include <variant>

namespace portico::http {

namespace {

constexpr std::size_t shown = 80; // of a request, in the list of connections

// A connection's lines in the access log.
class Recorder final : public AnswerLog {
public:
    Recorder(const net::Connection& peer, AccessLog* log) : peer_{&peer}, log_{log} {}

    void move_to(const net::Connection& peer)
    {
        peer_ = &peer;
        began_ = {};
    }

    /// Itself, or null if nobody wants to know.
    AnswerLog* wanted() { return log_ ? this : nullptr; }
    void begins()
    {
        if (log_) began_ = Clock::now();
    }
    void answered(const Answered& what) override;

private:
    using Clock = std::chrono::system_clock;

    const net::Connection* peer_;
    AccessLog* log_;
    Clock::time_point began_{};
};

void Recorder::answered(const Answered& what)
{
    using std::chrono::microseconds;
    const auto now = Clock::now();
    // What was not understood was refused at once.
    const auto began = std::exchange(began_, {});
    const auto when = began == Clock::time_point{} ? now : began;
    const auto client = peer_->tuple().client.address.to_string();
    const auto& request = what.request;
    log_->write({.when = std::chrono::floor<microseconds>(when),
                 .took = std::chrono::floor<microseconds>(now - when),
                 .connection = peer_->number(),
                 .client = client,
                 .tls = peer_->tls() != nullptr,
                 .host = request.field("host").value_or(""),
                 .line = request.line,
                 .status = std::to_underlying(what.status),
                 .octets = what.octets,
                 .referer = request.field("referer").value_or(""),
                 .user_agent = request.field("user-agent").value_or("")});
}

net::Task<void> answer(Conversation& conversation, Answerer& answerer)
{
    Exchange exchange{conversation};
    conversation.peer().doing(conversation.protocol().doing().substr(0, shown));
    co_await answerer.answer(exchange);
    conversation.peer().doing("idle");
}

bool answer_at_once(Conversation& conversation, Answerer& answerer)
{
    Exchange exchange{conversation};
    return answerer.answer_at_once(exchange);
}

} // namespace

// What a connection has while something is said. An idle one has none, so that it is small; and
// the next one to say something, on the same loop, finds this one's memory still in the
// processor's cache.
struct Engine::Talk {
    Talk(net::Connection& peer, const config::HttpConnection& options, Desk& desk, net::Trace trace,
         AccessLog* log, std::uint32_t requests)
        : recorder{peer, log}, conversation{peer, options, desk, trace, recorder.wanted(), requests}
    {
    }

    Recorder recorder;
    Conversation conversation;
};

Engine::Engine(const config::HttpConnection& options, std::size_t loops,
               net::Transcript* transcript, AccessLog* access_log)
    : options_{options}, transcript_{transcript}, access_log_{access_log}, places_(loops)
{
}

Engine::~Engine() = default;

auto Engine::begin(net::Connection& peer, std::uint32_t requests) -> std::unique_ptr<Talk>
{
    auto& place = places_[peer.loop()];
    const net::Trace trace{transcript_, peer.number()};
    if (!place.spare)
        return std::make_unique<Talk>(peer, options_, place.desk, trace, access_log_, requests);
    place.spare->recorder.move_to(peer);
    place.spare->conversation.move_to(peer, trace, requests);
    return std::move(place.spare);
}

void Engine::rest(std::size_t loop, std::unique_ptr<Talk> talk)
{
    constexpr std::size_t most = 256 << 10;
    if (talk->conversation.output().capacity() > most) return;
    places_[loop].spare = std::move(talk);
}

// Its frame is there as long as the connection, so there is little in it.
net::Task<void> Engine::serve(net::Connection& peer, Answerer& answerer)
{
    std::unique_ptr<Talk> talk;
    std::uint32_t requests = 0;
    auto wait = options_.keep_alive_timeout;
    for (;;) {
        const auto bytes = co_await peer.read(wait);
        if (!talk) talk = begin(peer, requests);
        auto& conversation = talk->conversation;
        conversation.came(bytes);
        for (auto waits = false; !waits;) {
            const auto step = conversation.next();
            if (std::get_if<Answer>(&step)) {
                talk->recorder.begins();
                if (!answer_at_once(conversation, answerer))
                    co_await answer(conversation, answerer);
                conversation.protocol().done();
                if (conversation.is_full() && !conversation.flush_at_once() &&
                    !co_await conversation.flush())
                    co_return;
            } else if (auto* close = std::get_if<Close>(&step)) {
                if (!close->why.empty()) peer.log(net::Level::debug, close->why);
                if (close->no_more_comes) peer.no_more_comes();
                if (!conversation.flush_at_once()) co_await conversation.flush();
                rest(peer.loop(), std::move(talk));
                co_return;
            } else {
                if (!conversation.flush_at_once() && !co_await conversation.flush()) co_return;
                const auto awaited = conversation.wait_for(std::get<Read>(step).awaited);
                waits = awaited.has_value();
                wait = awaited.value_or(wait);
            }
        }
        if (conversation.is_idle()) {
            requests = conversation.protocol().requests();
            rest(peer.loop(), std::move(talk));
        }
    }
}

std::string Engine::refusal() const
{
    Desk desk;
    return to_message(Status::service_unavailable, "Retry-After: 1\r\n", desk.now());
}

} // namespace portico::http
