#include "services/http/engine.hpp"

#include "net/connection.hpp"

#include <variant>

namespace portico::http {

namespace {

constexpr std::size_t shown = 80; // of a request, in the list of connections

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
    Conversation conversation{peer, options_, desks_[peer.loop()],
                              net::Trace{transcript_, peer.number()}, nullptr};
    auto& protocol = conversation.protocol();
    for (;;) {
        const auto step = conversation.next();
        if (std::get_if<Answer>(&step)) {
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
