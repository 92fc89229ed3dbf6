#include "services/http/protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace portico::http {

namespace {

// Never shown, not even in a transcript.
constexpr std::array secrets{"authorization", "proxy-authorization", "cookie", "set-cookie"};

bool is_secret(std::string_view name)
{
    return std::ranges::any_of(
        secrets, [&](std::string_view secret) { return equals_ignoring_case(name, secret); });
}

Status status_of(ContentError error)
{
    switch (error) {
    case ContentError::malformed: return Status::bad_request;
    case ContentError::too_large: return Status::content_too_large;
    case ContentError::late:
    case ContentError::left: return Status::request_timeout;
    }
    return Status::bad_request;
}

std::string_view describe(ContentError error)
{
    switch (error) {
    case ContentError::malformed: return "the length of the body cannot be told";
    case ContentError::too_large: return "the body is over max_body";
    case ContentError::late: return "the request did not come in time";
    case ContentError::left: return "the client left before its request was whole";
    }
    return "";
}

} // namespace

Protocol::Protocol(const config::HttpConnection& options, net::Trace trace, std::string& output,
                   AnswerLog* log, std::uint32_t requests)
    : options_{options}, trace_{trace}, output_{output}, log_{log},
      parser_{{.request_line = options.max_request_line,
               .header_bytes = options.max_header_bytes,
               .headers = options.max_headers,
               .body = options.max_body}},
      requests_{requests}
{
}

std::string_view Protocol::doing() const
{
    auto line = parser_.request().line;
    return line.substr(0, line.rfind(' '));
}

Step Protocol::next(const Now& now)
{
    now_ = now;
    for (;;) {
        switch (state_) {
        case State::answering: return Answer{};
        case State::closing: return Close{why_, no_more_comes_};
        case State::reading:
        case State::discarding:
        case State::draining: break;
        }
        const auto progress = parser_.take(input_);
        if (!progress) {
            if (state_ == State::draining) { // it has its answer
                why_ = describe(progress.error());
                state_ = State::closing;
            } else {
                refuse(status_of(progress.error()), describe(progress.error()));
            }
        } else if (*progress == Progress::more) {
            return read_on();
        } else if (*progress == Progress::head) {
            head_came();
        } else {
            content_ended();
        }
    }
}

Step Protocol::read_on() const
{
    if (parser_.in_body()) return Read{Awaited::body};
    return Read{parser_.started() ? Awaited::head : Awaited::request};
}

void Protocol::interrupted(Interruption why)
{
    const bool idle = why == Interruption::idle;
    if (state_ == State::answering) { // content() waits
        last_ = true;
        if (idle) failed_ = ContentError::late;
        return;
    }
    if (state_ == State::closing) return;
    if (!parser_.started() || state_ == State::draining) { // nobody waits for an answer
        state_ = State::closing;
        return;
    }
    last_ = true;
    // RFC 9110 section 15.5.9. A stop lets the request that has begun come to its end.
    if (idle) refuse(Status::request_timeout, describe(ContentError::late));
}

void Protocol::left()
{
    last_ = true;
    failed_ = ContentError::left;
    if (state_ != State::answering) state_ = State::closing;
}

void Protocol::head_came()
{
    const auto& request = parser_.request();
    ++requests_;
    trace_request();
    head_only_ = request.method == "HEAD";
    state_ = State::answering;
    if (request.minor == 0) return; // RFC 9110 section 10.1.1
    const auto expect = request.field("expect");
    if (!expect) return;
    if (request.has_member("expect", "100-continue")) {
        expecting_ = request.has_body();
    } else {
        respond(Status::expectation_failed); // the only expectation there is, is another
        done();
    }
}

// A body that was thrown away.
void Protocol::content_ended()
{
    if (trace_.on() && parser_.request().has_body())
        trace_.client(fmt::format("({} octets)", parser_.body_octets()));
    if (state_ == State::discarding) {
        state_ = State::answering;
        return;
    }
    finish_request();
}

bool Protocol::is_content_over() const
{
    return !parser_.request().has_body() || parser_.is_whole();
}

void Protocol::proceed()
{
    if (!std::exchange(expecting_, false)) return;
    constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n"; // RFC 9110 section 15.2.1
    trace_response(go_on);
    output_ += go_on;
}

bool Protocol::discard_content()
{
    if (is_content_over()) return false;
    proceed();
    state_ = State::discarding;
    return true;
}

auto Protocol::content(std::string_view& piece) -> std::expected<Content, ContentError>
{
    piece = {};
    auto& pieces = parser_.pieces();
    for (;;) {
        if (!pieces.empty()) {
            piece = pieces.back();
            pieces.pop_back();
            return Content::piece;
        }
        if (failed_) return std::unexpected{*failed_};
        if (is_content_over()) return Content::whole;
        proceed();
        parser_.keep_content(true);
        const auto progress = parser_.take(input_);
        std::ranges::reverse(pieces); // taken from the back
        if (!progress) {
            last_ = true;
            failed_ = progress.error() == ParseError::body_too_large ? ContentError::too_large
                                                                     : ContentError::malformed;
        } else if (*progress == Progress::more && pieces.empty()) {
            return Content::more;
        } else if (*progress == Progress::whole && trace_.on()) {
            trace_.client(fmt::format("({} octets)", parser_.body_octets()));
        }
    }
}

// RFC 9112 section 9.3: this request is the client's last. A close option wins over keep-alive.
bool Protocol::client_ends() const
{
    const auto& request = parser_.request();
    if (request.has_member("connection", "close")) return true;
    return request.minor == 0 && !request.has_member("connection", "keep-alive");
}

Persistence Protocol::persistence() const
{
    // Whether the content of a client that waits still comes is not known: nothing can follow.
    if (last_ || expecting_ || requests_ >= options_.max_requests || client_ends())
        return Persistence::close;
    return parser_.request().minor > 0 ? Persistence::persistent : Persistence::keep_alive;
}

void Protocol::blame(std::string_view why)
{
    why_ = why;
    last_ = true;
}

void Protocol::begin_answer(const Response& response, Framing framing)
{
    begun_ = true;
    framing_ = framing;
    status_ = response.status;
    octets_ = 0;
    if (framing == Framing::until_close) last_ = true;
    const auto persistence = this->persistence();
    last_ = persistence == Persistence::close;
    const auto length = framing == Framing::chunked       ? Length::chunked
                        : framing == Framing::until_close ? Length::until_close
                                                          : Length::known;
    const auto before = output_.size();
    append_head(output_, response, length, persistence, now_);
    if (!also_.empty()) output_.insert(output_.size() - 2, also_); // before the empty line
    if (trace_.on()) trace_response(std::string_view{output_}.substr(before));
}

void Protocol::respond(Response response, std::string_view content)
{
    response.content_length = content.size();
    head(response);
    if (!wants_content()) return;
    output_ += content;
    octets_ = content.size();
}

void Protocol::respond(Status status, std::string_view fields)
{
    respond({.status = status,
             .content_type = "text/plain; charset=utf-8",
             .fields = std::string{fields}},
            short_content(status));
}

void Protocol::head(const Response& response)
{
    begin_answer(response, Framing::fixed);
    length_ = response.content_length;
    ended_ = true;
}

void Protocol::start(const Response& response)
{
    if (!may_have_content(response.status)) return head(response);
    begin_answer(response, parser_.request().minor > 0 ? Framing::chunked : Framing::until_close);
}

void Protocol::add(std::string_view piece)
{
    if (!wants_content() || piece.empty()) return;
    octets_ += piece.size();
    if (framing_ == Framing::chunked)
        append_chunk(output_, piece);
    else
        output_ += piece;
}

void Protocol::end(std::string_view trailers)
{
    if (std::exchange(ended_, true)) return;
    if (head_only_ || framing_ != Framing::chunked) return;
    output_.append("0\r\n").append(trailers).append("\r\n");
    trace_response(trailers);
}

std::string_view Protocol::upgrade(std::string_view fields)
{
    begun_ = ended_ = last_ = true;
    framing_ = Framing::upgraded;
    status_ = Status::switching_protocols;
    const auto before = output_.size();
    append_head(output_, {.status = status_, .fields = std::string{fields}}, Length::known,
                Persistence::persistent, now_);
    if (trace_.on()) trace_response(std::string_view{output_}.substr(before));
    return std::exchange(input_, {});
}

void Protocol::done()
{
    if (state_ != State::answering) return; // not yet, or already
    if (!begun_ && failed_ != ContentError::left) {
        const bool its = failed_.has_value();
        if (its) why_ = describe(*failed_);
        last_ = last_ || its;
        respond(its ? status_of(*failed_) : Status::internal_server_error);
    }
    if (octets_ > 0) trace_octets(octets_);
    const bool cut = framing_ == Framing::fixed && wants_content() && octets_ < length_;
    if (!ended_ || cut) last_ = true; // only the end of the connection can tell the client
    if (log_ && begun_) log_->answered({parser_.request(), status_, octets_});
    // Section 9.6. Who has not understood the client does not rely on that.
    no_more_comes_ = last_ && why_.empty() && !failed_ && framing_ != Framing::upgraded &&
                     !expecting_ && is_content_over() && input_.empty() && client_ends();
    expecting_ = false;
    parser_.keep_content(false);
    if (last_)
        state_ = State::closing;
    else if (is_content_over())
        finish_request();
    else
        state_ = State::draining;
}

// What could not be understood, or did not come.
void Protocol::refuse(Status status, std::string_view why)
{
    blame(why);
    head_only_ = parser_.request().method == "HEAD";
    // A head that was not understood is no HEAD request, and is not in the transcript yet.
    if (!parser_.in_body() && parser_.request().line.empty())
        trace_.client(fmt::format("(refused: {})", why));
    state_ = State::answering;
    respond(status);
    done();
}

void Protocol::finish_request()
{
    // What the answer needed of a request that goes on living, such as its body, is over.
    state_ = State::reading;
    parser_.begin();
    failed_.reset();
    also_.clear();
    begun_ = ended_ = head_only_ = expecting_ = false;
    framing_ = Framing::none;
    octets_ = length_ = 0;
}

void Protocol::go_on(net::Trace trace, std::uint32_t requests)
{
    if (!is_idle()) finish_request();
    output_.clear();
    input_ = why_ = {};
    last_ = no_more_comes_ = false;
    trace_ = trace;
    requests_ = requests;
}

void Protocol::trace_request() const
{
    if (!trace_.on()) return;
    const auto& request = parser_.request();
    trace_.client(request.line);
    for (const auto& [name, value] : request.fields)
        trace_.client(fmt::format("{}: {}", name, is_secret(name) ? "****" : value));
}

void Protocol::trace_response(std::string_view bytes) const
{
    if (!trace_.on()) return;
    for (auto line = bytes.substr(0, bytes.find("\r\n")); !line.empty();
         line = bytes.substr(0, bytes.find("\r\n"))) {
        const auto name = line.substr(0, line.find(':'));
        trace_.server(is_secret(name) ? fmt::format("{}: ****", name) : std::string{line});
        bytes.remove_prefix(line.size() + 2);
    }
}

void Protocol::trace_octets(std::uint64_t count) const
{
    if (trace_.on()) trace_.server(fmt::format("({} octets)", count));
}

} // namespace portico::http
