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
    Recorder(const net::Connection& peer, AccessLog* log) : peer_{peer}, log_{log} {}

    /// Itself, or null if nobody wants to know.
    AnswerLog* wanted() { return log_ ? this : nullptr; }
    void begins()
    {
        if (log_) began_ = Clock::now();
    }
    void answered(const Answered& what) override;

private:
    using Clock = std::chrono::system_clock;

    const net::Connection& peer_;
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
    const auto client = peer_.tuple().client.address.to_string();
    const auto& request = what.request;
    log_->write({.when = std::chrono::floor<microseconds>(when),
                 .took = std::chrono::floor<microseconds>(now - when),
                 .connection = peer_.number(),
                 .client = client,
                 .tls = peer_.tls() != nullptr,
                 .host = request.field("host").value_or(""),
                 .line = request.line,
                 .status = std::to_underlying(what.status),
                 .octets = what.octets,
                 .referer = request.field("referer").value_or(""),
                 .user_agent = request.field("user-agent").value_or("")});
}

// What a connection has while something is said, which an idle one has not.
struct Talk {
    Talk(net::Connection& peer, const config::HttpConnection& options, Desk& desk,
         net::Transcript* transcript, AccessLog* log, std::uint32_t requests)
        : recorder{peer, log}, conversation{peer,
                                            options,
                                            desk,
                                            net::Trace{transcript, peer.number()},
                                            recorder.wanted(),
                                            requests}
    {
    }

    Recorder recorder;
    Conversation conversation;
};

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

// Its frame is there as long as the connection, so there is little in it.
net::Task<void> Engine::serve(net::Connection& peer, Answerer& answerer)
{
    std::unique_ptr<Talk> talk;
    std::uint32_t requests = 0;
    auto wait = options_.keep_alive_timeout;
    for (;;) {
        const auto bytes = co_await peer.read(wait);
        if (!talk)
            talk = std::make_unique<Talk>(peer, options_, desks_[peer.loop()], transcript_,
                                          access_log_, requests);
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
                co_return;
            } else {
                if (!conversation.flush_at_once() && !co_await conversation.flush()) co_return;
                const auto awaited = conversation.wait_for(std::get<Read>(step).awaited);
                waits = awaited.has_value();
                wait = awaited.value_or(wait);
            }
        }
        if (conversation.protocol().is_idle()) {
            requests = conversation.protocol().requests();
            talk.reset();
        }
    }
}

std::string Engine::refusal() const
{
    Desk desk;
    return to_message(Status::service_unavailable, "Retry-After: 1\r\n", desk.now());
}

} // namespace portico::http
