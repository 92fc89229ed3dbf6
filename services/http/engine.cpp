#include "services/http/engine.hpp"

#include "net/connection.hpp"

#include <chrono>
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

// Its frame goes before the next wait: it is not there while the connection is idle.
net::Task<void> answer(Conversation& conversation, Answerer& answerer)
{
    Exchange exchange{conversation};
    conversation.peer().doing(conversation.protocol().doing().substr(0, shown));
    co_await answerer.answer(exchange);
    conversation.peer().doing("between requests");
}

bool answer_at_once(Conversation& conversation, Answerer& answerer)
{
    Exchange exchange{conversation};
    return answerer.answer_at_once(exchange);
}

} // namespace

net::Task<void> Engine::serve(net::Connection& peer, Answerer& answerer)
{
    Recorder recorder{peer, access_log_};
    Conversation conversation{peer, options_, desks_[peer.loop()],
                              net::Trace{transcript_, peer.number()}, recorder.wanted()};
    auto& protocol = conversation.protocol();
    for (;;) {
        const auto step = conversation.next();
        if (std::get_if<Answer>(&step)) {
            recorder.begins();
            if (!answer_at_once(conversation, answerer)) co_await answer(conversation, answerer);
            protocol.done();
            if (conversation.is_full() && !co_await conversation.flush()) co_return;
        } else if (auto* close = std::get_if<Close>(&step)) {
            if (!close->why.empty()) peer.log(net::Level::debug, close->why);
            co_await conversation.flush();
            co_return;
        } else {
            if (!conversation.output().empty() && !co_await conversation.flush()) co_return;
            const auto wait = conversation.wait_for(std::get<Read>(step).awaited);
            if (!wait) continue;
            const auto bytes = co_await peer.read(*wait);
            conversation.came(bytes);
        }
    }
}

std::string Engine::refusal() const
{
    Desk desk;
    return to_message(Status::service_unavailable, "Retry-After: 1\r\n", desk.now());
}

} // namespace portico::http
