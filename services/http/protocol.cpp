#include "services/http/protocol.hpp"

#include "services/http/mime.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace portico::http {

namespace {

constexpr std::string_view index_file = "index.html";
constexpr std::string_view authority_file = "ca.pem";
constexpr std::string_view allowed = "Allow: GET, HEAD, OPTIONS\r\n"; // RFC 9110 section 10.2.1

constexpr std::string_view vary = "Vary: Accept-Encoding\r\n";

bool is_allowed(std::string_view method)
{
    return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

// Never shown, not even in a transcript.
constexpr std::array secrets{"authorization", "proxy-authorization", "cookie"};

bool is_secret(std::string_view name)
{
    return std::ranges::any_of(
        secrets, [&](std::string_view secret) { return equals_ignoring_case(name, secret); });
}

// RFC 9110 section 8.8.1: strong, since no two contents share it, unless one is written over the
// other in place, as long as it, within one tick of the file system's clock.
// Each coding has its own (section 8.8.3.3).
std::string entity_tag(const File& file, Coding coding)
{
    // Unsigned, since a broken file system may tell a time that nanoseconds have no room for.
    const auto seconds = static_cast<std::uint64_t>(file.modified.time_since_epoch().count());
    return fmt::format(
        "\"{:x}-{:x}-{:x}{}{}\"", file.size, seconds * 1'000'000'000 + file.nanoseconds, file.inode,
        coding == Coding::identity ? "" : "-", coding == Coding::identity ? "" : to_string(coding));
}

} // namespace

Protocol::Protocol(const config::Http& options, std::string_view authority, net::Trace trace)
    : options_{options},
      authority_{authority}, trace_{trace}, parser_{{.request_line = options.max_request_line,
                                                     .header_bytes = options.max_header_bytes,
                                                     .headers = options.max_headers,
                                                     .body = options.max_body}}
{
}

std::string_view Protocol::doing() const
{
    auto line = parser_.request().line;
    return line.substr(0, line.rfind(' '));
}

Step Protocol::next(std::chrono::sys_seconds now)
{
    now_ = now;
    for (;;) {
        if (!output_.empty()) return Write{std::exchange(output_, {})};
        switch (state_) {
        case State::reading: {
            auto progress = parser_.take(input_);
            if (!progress)
                refuse(status_of(progress.error()), describe(progress.error()));
            else if (*progress == Progress::more)
                return read_on();
            else if (*progress == Progress::head)
                head_came();
            else
                request_came();
            break;
        }
        case State::asking: state_ = State::opening; return open_;
        case State::sending: return send_next();
        case State::welcoming: {
            auto authority = path_.host;
            if (authority.empty()) authority = parser_.request().field("host").value_or("");
            return Welcome{authority};
        }
        case State::opening: // opened() is still missing: our own mistake
        case State::closing: return Close{why_};
        }
    }
}

Step Protocol::read_on()
{
    if (parser_.in_body()) return Read{Awaited::body};
    return Read{parser_.started() ? Awaited::head : Awaited::request};
}

void Protocol::interrupted(Interruption why)
{
    if (state_ != State::reading) return;
    if (!parser_.started()) { // nobody waits for an answer
        state_ = State::closing;
        return;
    }
    last_ = true;
    // RFC 9110 section 15.5.9. A stop lets the request that has begun come to its end.
    if (why == Interruption::idle)
        refuse(Status::request_timeout, "the request did not come in time");
}

// The head is there. What can be refused without the body is refused before it is sent.
void Protocol::head_came()
{
    const auto& request = parser_.request();
    trace_request();
    head_only_ = request.method == "HEAD";
    if (!request.has_body() || request.minor == 0) return; // RFC 9110 section 10.1.1
    if (!request.has_member("expect", "100-continue")) return;
    if (is_allowed(request.method)) {
        output_ = proceed;
        trace_response(output_);
        return;
    }
    // Whether the body still comes is not known, so nothing can follow on this connection.
    last_ = true;
    respond(Status::method_not_allowed, std::string{allowed});
}

void Protocol::request_came()
{
    const auto& request = parser_.request();
    ++requests_;
    if (request.has_body() && trace_.on())
        trace_.client(fmt::format("({} octets)", parser_.body_octets()));
    if (!is_allowed(request.method)) // RFC 9110 section 15.5.6
        return respond(Status::method_not_allowed, std::string{allowed});
    // RFC 9110 section 10.1.1: the only expectation there is.
    if (auto expect = request.field("expect");
        expect && request.minor > 0 && !equals_ignoring_case(*expect, "100-continue"))
        return respond(Status::expectation_failed);
    // RFC 9112 section 3.2.4: the asterisk-form is for OPTIONS alone, and means the server.
    const bool options = request.method == "OPTIONS";
    if (options && request.target == "*") return respond_options();
    auto path = parse_path(request.target);
    if (path) return options ? respond_options() : answer(*path);
    switch (path.error()) {
    case PathError::malformed:
        return refuse(Status::bad_request, "the request target is malformed");
    case PathError::escape:
        return refuse(Status::bad_request, "the request target has a \"..\" segment");
    case PathError::not_found: return respond(Status::not_found);
    }
}

void Protocol::answer(const Path& path)
{
    path_ = path;
    if (options_.root.empty()) {
        if (path_.file == authority_file && !authority_.empty())
            return respond({.status = Status::ok,
                            .content_type = "application/x-pem-file",
                            .content_length = authority_.size(),
                            .last_modified = {}},
                           authority_);
        if (!path_.file.empty()) return respond(Status::not_found);
        state_ = State::welcoming;
        return;
    }
    file_ = path_.file;
    if (path_.is_folder()) file_ += index_file;
    negotiate();
    ask();
}

// RFC 9110 section 12.1: we choose among the file and its precompressed siblings.
void Protocol::negotiate()
{
    codings_ = acceptable(parser_.request().combined("accept-encoding"));
    compressible_ = is_compressible(media_type(file_));
    const auto identity = std::ranges::find(codings_, Coding::identity);
    identity_refused_ = identity == codings_.end();
    codings_.erase(identity, codings_.end());
    if (!compressible_) codings_.clear();
    // Even if it is refused: whether it is there tells 404 from 406.
    codings_.push_back(Coding::identity);
    coding_ = 0;
}

void Protocol::ask()
{
    open_ = {.file = file_, .with_content = !head_only_};
    open_.file += suffix(codings_[coding_]);
    state_ = State::asking;
}

void Protocol::opened(std::expected<File, FileError> outcome)
{
    if (state_ != State::opening) return;
    const bool identity = codings_[coding_] == Coding::identity;
    // RFC 9110 section 12.5.3: identity is for everyone who does not rule it out.
    if (outcome && identity && identity_refused_)
        return respond(Status::not_acceptable, compressible_ ? std::string{vary} : "");
    if (outcome) return serve(*outcome);
    if (!identity) {
        ++coding_;
        return ask();
    }
    switch (outcome.error()) {
    case FileError::is_folder:
        if (path_.is_folder()) return respond(Status::not_found); // index.html is itself one
        // Without the slash the page's relative references would miss the folder.
        return respond(Status::moved_permanently,
                       fmt::format("Location: {}/{}\r\n", to_target(path_.file), path_.query));
    case FileError::not_found: return respond(Status::not_found);
    case FileError::forbidden: return respond(Status::forbidden);
    case FileError::failing: return respond(Status::internal_server_error);
    }
}

// RFC 9110 section 13.2.1: preconditions are for what would be 200 without them.
void Protocol::serve(const File& file)
{
    const Validators validators{.etag = entity_tag(file, codings_[coding_]),
                                .last_modified = last_modified(file.modified, now_)};
    auto fields = fmt::format("ETag: {}\r\n", validators.etag);
    if (compressible_) fields += vary; // section 12.5.5: whether there are siblings now or not
    switch (evaluate(parser_.request(), validators, now_)) {
    case Verdict::fulfilled: break;
    case Verdict::not_modified: // section 15.4.5: without what the client has
        return respond({.status = Status::not_modified,
                        .content_type = {},
                        .last_modified = {},
                        .fields = std::move(fields)});
    case Verdict::precondition_failed: return respond(Status::precondition_failed);
    }
    const auto coding = codings_[coding_];
    if (coding != Coding::identity)
        fields += fmt::format("Content-Encoding: {}\r\n", to_string(coding));
    if (wants_range(parser_.request(), validators, now_)) {
        auto ranges = parse_range(*parser_.request().combined("range"), file.size);
        // Section 14.2 lets us ignore several of a coded file: Content-Encoding would be the
        // multipart's own.
        if (ranges && (ranges->size() == 1 || coding == Coding::identity))
            return serve_ranges(file, std::move(*ranges), std::move(fields));
        if (!ranges && ranges.error() == RangeError::unsatisfiable) // RFC 9110 section 15.5.17
            return respond(Status::range_not_satisfiable, unsatisfied_range(file.size));
    }
    serve_whole(file, std::move(fields));
}

void Protocol::serve_whole(const File& file, std::string fields)
{
    fields += "Accept-Ranges: bytes\r\n";
    auto content = head_only_ ? 0 : file.size;
    respond({.status = Status::ok,
             .content_type = media_type(file_),
             .content_length = file.size,
             .last_modified = file.modified,
             .fields = std::move(fields)});
    if (content > 0) send({{.offset = 0, .length = content}});
}

// RFC 9110 section 15.3.7.
void Protocol::serve_ranges(const File& file, std::vector<ByteRange> ranges, std::string fields)
{
    Response response{.status = Status::partial_content,
                      .content_type = media_type(file_),
                      .content_length = ranges.front().length,
                      .last_modified = file.modified,
                      .fields = std::move(fields)};
    // With If-Range the client has the whole's other fields already.
    if (parser_.request().field("if-range")) response.last_modified.reset();
    if (ranges.size() == 1) {
        response.fields += content_range(ranges.front(), file.size);
        respond(response);
        return send(std::move(ranges));
    }
    // The entity-tag is of a time after all that is in the file: it cannot quote it.
    auto tag = entity_tag(file, codings_[coding_]);
    auto& parts = multipart_.emplace("portico-" + tag.substr(1, tag.size() - 2),
                                     response.content_type, file.size);
    auto content_type = parts.content_type();
    response.content_type = content_type;
    response.content_length = parts.length(ranges);
    respond(response);
    output_ += parts.before(ranges.front());
    send(std::move(ranges));
}

// After the head, which is in output_ by now.
void Protocol::send(std::vector<ByteRange> octets)
{
    for (const auto& range : octets) trace_octets(range.length);
    octets_ = std::move(octets);
    sent_ = 0;
    state_ = State::sending;
}

Step Protocol::send_next()
{
    const auto [offset, length] = octets_[sent_++];
    if (sent_ < octets_.size()) {
        output_ = multipart_->before(octets_[sent_]);
    } else {
        if (multipart_) output_ = multipart_->end();
        multipart_.reset();
        state_ = last_ ? State::closing : State::reading;
    }
    return Send{.offset = offset, .length = length};
}

void Protocol::welcome(std::string_view html)
{
    if (state_ != State::welcoming) return;
    respond({.status = Status::ok,
             .content_type = "text/html; charset=utf-8",
             .content_length = html.size(),
             .last_modified = {},
             .fields = "Cache-Control: no-store\r\n"},
            html);
}

// RFC 9112 section 9.3. A close option wins over keep-alive.
Persistence Protocol::persistence() const
{
    const auto& request = parser_.request();
    if (last_ || requests_ >= options_.max_requests || request.has_member("connection", "close"))
        return Persistence::close;
    if (request.minor > 0) return Persistence::persistent;
    return request.has_member("connection", "keep-alive") ? Persistence::keep_alive
                                                          : Persistence::close;
}

void Protocol::respond(const Response& response, std::string_view content)
{
    auto persistence = this->persistence();
    last_ = persistence == Persistence::close;
    auto head = to_head(response, persistence, now_);
    trace_response(head);
    output_ += head;
    if (!head_only_ && !content.empty()) {
        output_ += content;
        trace_octets(content.size());
    }
    finish_request();
}

void Protocol::respond(Status status, std::string fields)
{
    auto content = short_content(status);
    respond({.status = status,
             .content_type = "text/plain; charset=utf-8",
             .content_length = content.size(),
             .last_modified = {},
             .fields = std::move(fields)},
            content);
}

// RFC 9110 section 9.3.7. The same for every target: what may be done does not depend on it, and
// whether it is there is GET's to find out.
void Protocol::respond_options()
{
    respond({.status = Status::no_content,
             .content_type = {},
             .last_modified = {},
             .fields = std::string{allowed}});
}

void Protocol::refuse(Status status, std::string_view why)
{
    why_ = why;
    last_ = true;
    head_only_ = parser_.request().method == "HEAD";
    // A head that was not understood is no HEAD request, and is not in the transcript yet.
    if (!parser_.in_body() && parser_.request().line.empty())
        trace_.client(fmt::format("(refused: {})", why));
    respond(status);
}

void Protocol::finish_request()
{
    state_ = last_ ? State::closing : State::reading;
    // What the answer needed of a request that goes on living, such as its body, is over.
    if (!last_) {
        parser_.begin();
        head_only_ = false;
    }
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
        trace_.server(line);
        bytes.remove_prefix(line.size() + 2);
    }
}

void Protocol::trace_octets(std::uint64_t count) const
{
    if (trace_.on()) trace_.server(fmt::format("({} octets)", count));
}

} // namespace portico::http
