#pragma once

#include "config/config.hpp"
#include "net/transcript.hpp"
#include "services/http/parse.hpp"
#include "services/http/reply.hpp"

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace portico::http {

/// What a wait is for; each has its own deadline.
enum class Awaited : std::uint8_t {
    request, // the first byte of the next one: keep_alive_timeout
    head,    // the rest of a head: header_timeout from the first wait to the head's end
    body,    // more of a body: body_timeout from the head's end to the body's end
};

struct Read { // wants feed() or interrupted()
    Awaited awaited;
};
struct Answer {}; // request() is to be answered: wants discard_content() or an answer and done()
struct Close {
    std::string_view why;       // the client's mistake, or "" if all was in order
    bool no_more_comes = false; // the client has said so, and all that it has sent is read
};
using Step = std::variant<Read, Answer, Close>;

enum class Interruption : std::uint8_t {
    idle,     // the deadline of the last Read is over
    stopping, // the server stops
};

/// Why the content of a request does not come to its end.
enum class ContentError : std::uint8_t {
    malformed, // its framing is broken
    too_large, // over max_body
    late,      // over body_timeout
    left,      // the client is gone
};

/// A request and what was answered; for an access log. Valid during the call.
struct Answered {
    const Request& request; // of one that was not understood only `line` may be there
    Status status;
    std::uint64_t octets; // of content
};
class AnswerLog {
public:
    virtual ~AnswerLog() = default;
    virtual void answered(const Answered& what) = 0;
};

/// One HTTP connection (RFC 9112): request after request, answers in their order. Finds where each
/// begins and ends and frames its answer; what to answer is decided elsewhere. Knows no socket, no
/// file, no clock and no thread.
class Protocol {
public:
    /// All that is to be sent is added to `output`. `options`, `output` and `log`, which may be
    /// null, outlive the protocol. `requests`: how many there were before, on this connection.
    Protocol(const config::HttpConnection& options, net::Trace trace, std::string& output,
             AnswerLog* log = nullptr, std::uint32_t requests = 0);
    Protocol(const Protocol&) = delete; // the request's views may lie in the parser
    Protocol& operator=(const Protocol&) = delete;

    /// What the client said, cut anywhere; stays valid until next() or content() wants more.
    void feed(std::string_view bytes) { input_ = bytes; }
    void interrupted(Interruption why);
    void left(); // the client is gone

    /// What to do now, once `output` has been sent or kept. `now` is for the answers.
    Step next(const Now& now);

    // For the request that is to be answered, until done():

    const Request& request() const { return parser_.request(); }

    /// Whether the client waits for 100 before it sends its content (RFC 9110 section 10.1.1).
    bool expecting() const { return expecting_; }

    /// Lets the content come, throws it away and says Answer again; what is wrong with it is
    /// answered instead. False: there is none, or it is over, and nothing is changed.
    bool discard_content();

    enum class Content : std::uint8_t { more, piece, whole };
    /// The next piece of the content, which is valid until feed(). `more`: wants feed().
    std::expected<Content, ContentError> content(std::string_view& piece);
    const std::vector<Trailer>& trailers() const { return parser_.trailers(); }

    /// More field lines, each with its line end, that the answer to this request has in any case.
    void also(std::string fields) { also_ = std::move(fields); }

    /// The answer that follows is the last one, since the client has made a mistake.
    void blame(std::string_view why);

    /// Whether the client has said more than its request, which the connection's next read() would
    /// lose.
    bool has_unheard() const { return !input_.empty(); }
    /// What it says from here on is not heard: the answer is the last one.
    void hear_no_more()
    {
        input_ = {};
        last_ = true;
    }

    /// The whole answer; its length is the content's.
    void respond(Response response, std::string_view content);
    /// The same with a short text as content.
    void respond(Status status, std::string_view fields = {});

    /// The head of an answer with `response.content_length` octets of content, which the caller
    /// sends itself, and sent() counts. Not for HEAD: then nothing may be sent.
    void head(const Response& response);
    void sent(std::uint64_t octets) { octets_ += octets; }
    bool wants_content() const { return !head_only_ && may_have_content(status_); }

    /// An answer whose length is not known, piece by piece: chunked, or for HTTP/1.0 until the
    /// connection's end (RFC 9112 section 6.3).
    void start(const Response& response);
    void add(std::string_view piece);
    /// With `trailers`, field lines each with its line end, which HTTP/1.0 cannot have.
    void end(std::string_view trailers = {});

    /// 101 (RFC 9110 section 15.2.2). From here on the bytes are another protocol's: what the
    /// client has said of it already is returned. done() closes.
    std::string_view upgrade(std::string_view fields);

    /// Nothing is left of what was, nothing has come of what follows.
    bool is_idle() const { return state_ == State::reading && parser_.is_new(); }
    std::uint32_t requests() const { return requests_; }
    /// Forgets all there was, and goes on with another connection, which has so many requests
    /// behind it.
    void go_on(net::Trace trace, std::uint32_t requests);

    bool has_begun() const { return begun_; } // the answer
    bool is_last() const { return last_; }    // the connection ends after the answer

    /// The answer is over. Where there is none that is a mistake of ours (500), or content()'s
    /// error is answered; one that was begun and not ended ends with the connection.
    void done();

    /// "GET /path": the request that is being answered. Valid as long as the request.
    std::string_view doing() const;

private:
    enum class State : std::uint8_t { reading, answering, discarding, draining, closing };
    enum class Framing : std::uint8_t { none, fixed, chunked, until_close, upgraded };

    Step read_on() const;
    void head_came();
    void content_ended();
    void proceed();
    void refuse(Status status, std::string_view why);
    void begin_answer(const Response& response, Framing framing);
    bool client_ends() const;
    Persistence persistence() const;
    bool is_content_over() const;
    void finish_request();
    void trace_request() const;
    void trace_response(std::string_view bytes) const;
    void trace_octets(std::uint64_t count) const;

    const config::HttpConnection& options_;
    net::Trace trace_;
    std::string& output_;
    AnswerLog* log_;
    Parser parser_;
    std::string_view input_;
    Now now_{};
    std::string_view why_;
    std::string also_;         // see also()
    std::uint64_t octets_ = 0; // of the answer's content, that were sent
    std::uint64_t length_ = 0; // and that were promised
    std::uint32_t requests_ = 0;
    State state_ = State::reading;
    Framing framing_ = Framing::none;
    Status status_ = Status::ok;
    std::optional<ContentError> failed_;
    bool begun_ = false; // the answer
    bool ended_ = false; // the answer
    bool last_ = false;  // the next response is the last on this connection
    bool head_only_ = false;
    bool expecting_ = false;
    bool no_more_comes_ = false; // see Close
};

} // namespace portico::http
