#pragma once

#include "net/connection.hpp"
#include "net/task.hpp"
#include "services/http/conversation.hpp"
#include "services/http/protocol.hpp"

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace portico::http {

/// One request and its answer, as a handler has them. Lives as long as the request is answered, and
/// is used from its connection's loop only.
///
/// An answer is either one respond(), or start(), any number of write(), and end(); what a handler
/// forgets is made good: 500 for no answer at all, the end of the connection for one without end.
class Exchange {
public:
    explicit Exchange(Conversation& conversation) : conversation_{conversation} {}
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    /// Its views are valid as long as the exchange.
    const Request& request() const { return protocol().request(); }
    net::Connection& peer() { return conversation_.peer(); }
    Protocol& protocol() const { return conversation_.protocol(); }
    Conversation& conversation() { return conversation_; }

    /// The next piece of the content, valid until the next call; "" at its end. A client that waits
    /// for 100 Continue gets it at the first call. Once it fails it always does; what the client
    /// is to hear then is answered by itself if the handler has not begun an answer.
    net::Task<std::expected<std::string_view, ContentError>> read();

    /// All of the content, at most [http] max_body octets.
    net::Task<std::expected<std::string, ContentError>> read_all();

    /// Behind the content, once that is over (RFC 9110 section 6.5).
    const std::vector<Trailer>& trailers() const { return protocol().trailers(); }

    /// The whole answer, sent when there is nothing else to do. HEAD gets its head alone.
    void respond(Response response, std::string_view content = {})
    {
        protocol().respond(std::move(response), content);
    }
    /// The same with a short text that names the status.
    void respond(Status status, std::string_view fields = {})
    {
        protocol().respond(status, fields);
    }

    /// An answer whose length is not known beforehand.
    void start(const Response& response) { protocol().start(response); }
    /// Sends a piece of it, and what waits. False: the client is gone.
    net::Task<bool> write(std::string_view piece);
    /// `trailers` are field lines, each with its line end.
    void end(std::string_view trailers = {}) { protocol().end(trailers); }

    /// Sends what waits. False: the client is gone.
    net::Task<bool> flush() { return conversation_.flush(); }

private:
    Conversation& conversation_;
};

/// Who answers the requests of a port. Called from every loop at once.
class Answerer {
public:
    virtual ~Answerer() = default;

    /// An answer that needs no waiting, or discard_content(): that costs no coroutine. False: it
    /// needs answer().
    virtual bool answer_at_once(Exchange&) { return false; }

    virtual net::Task<void> answer(Exchange& exchange) = 0;
};

} // namespace portico::http
