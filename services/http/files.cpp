#include "services/http/files.hpp"

#include "services/http/mime.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace portico::http {

namespace {

constexpr std::string_view index_file = "index.html";
constexpr std::string_view allowed = "Allow: GET, HEAD, OPTIONS\r\n"; // RFC 9110 section 10.2.1
constexpr std::string_view vary = "Vary: Accept-Encoding\r\n";

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

// RFC 9110 section 9.3.7. The same for every target: what may be done does not depend on it, and
// whether it is there is GET's to find out.
Reply options_reply()
{
    return {.response = {.status = Status::no_content, .fields = std::string{allowed}}};
}

} // namespace

Reply short_reply(Status status, std::string fields)
{
    return {.response = {.status = status,
                         .content_type = "text/plain; charset=utf-8",
                         .fields = std::move(fields)},
            .content = short_content(status)};
}

bool FileRequest::is_allowed(std::string_view method)
{
    return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

Decision FileRequest::begin()
{
    if (!is_allowed(request_.method)) // RFC 9110 section 15.5.6
        return short_reply(Status::method_not_allowed, std::string{allowed});
    // RFC 9112 section 3.2.4: the asterisk-form is for OPTIONS alone, and means the server.
    const bool options = request_.method == "OPTIONS";
    if (options && request_.target == "*") return options_reply();
    auto path = parse_path(request_.target);
    if (path) {
        if (options) return options_reply();
        return answer(*path);
    }
    switch (path.error()) {
    case PathError::malformed:
    case PathError::escape: {
        auto reply = short_reply(Status::bad_request);
        reply.why = path.error() == PathError::escape ? "the request target has a \"..\" segment"
                                                      : "the request target is malformed";
        return reply;
    }
    case PathError::not_found: break;
    }
    return short_reply(Status::not_found);
}

Decision FileRequest::answer(const Path& path)
{
    path_ = path;
    if (site_.root.empty()) return Welcome{};
    file_ = path_.file;
    if (path_.is_folder()) file_ += index_file;
    negotiate();
    return ask();
}

// RFC 9110 section 12.1: we choose among the file and its precompressed siblings.
void FileRequest::negotiate()
{
    codings_ = acceptable(request_.combined("accept-encoding"));
    compressible_ = is_compressible(media_type(file_));
    const auto identity = std::ranges::find(codings_, Coding::identity);
    identity_refused_ = identity == codings_.end();
    codings_.erase(identity, codings_.end());
    if (!compressible_) codings_.clear();
    // Even if it is refused: whether it is there tells 404 from 406.
    codings_.push_back(Coding::identity);
    coding_ = 0;
}

Open FileRequest::ask() const
{
    Open open{.file = file_, .with_content = request_.method != "HEAD"};
    open.file += suffix(codings_[coding_]);
    return open;
}

Decision FileRequest::opened(std::expected<File, FileError> outcome)
{
    const bool identity = codings_[coding_] == Coding::identity;
    // RFC 9110 section 12.5.3: identity is for everyone who does not rule it out.
    if (outcome && identity && identity_refused_)
        return short_reply(Status::not_acceptable, compressible_ ? std::string{vary} : "");
    if (outcome) return serve(*outcome);
    if (!identity) {
        ++coding_;
        return ask();
    }
    switch (outcome.error()) {
    case FileError::is_folder:
        if (path_.is_folder()) return short_reply(Status::not_found); // index.html is itself one
        // Without the slash the page's relative references would miss the folder.
        return short_reply(Status::moved_permanently,
                           fmt::format("Location: {}/{}\r\n", to_target(path_.file), path_.query));
    case FileError::not_found: return short_reply(Status::not_found);
    case FileError::forbidden: return short_reply(Status::forbidden);
    case FileError::failing: break;
    }
    return short_reply(Status::internal_server_error);
}

// RFC 9110 section 13.2.1: preconditions are for what would be 200 without them.
Reply FileRequest::serve(const File& file)
{
    const Validators validators{.etag = entity_tag(file, codings_[coding_]),
                                .last_modified = last_modified(file.modified, now_)};
    auto fields = fmt::format("ETag: {}\r\n", validators.etag);
    if (compressible_) fields += vary; // section 12.5.5: whether there are siblings now or not
    switch (evaluate(request_, validators, now_)) {
    case Verdict::fulfilled: break;
    case Verdict::not_modified: // section 15.4.5: without what the client has
        return {.response = {.status = Status::not_modified, .fields = std::move(fields)}};
    case Verdict::precondition_failed: return short_reply(Status::precondition_failed);
    }
    const auto coding = codings_[coding_];
    if (coding != Coding::identity)
        fields += fmt::format("Content-Encoding: {}\r\n", to_string(coding));
    if (wants_range(request_, validators, now_)) {
        auto ranges = parse_range(*request_.combined("range"), file.size);
        // Section 14.2 lets us ignore several of a coded file: Content-Encoding would be the
        // multipart's own.
        if (ranges && (ranges->size() == 1 || coding == Coding::identity))
            return serve_ranges(file, std::move(*ranges), std::move(fields));
        if (!ranges && ranges.error() == RangeError::unsatisfiable) // RFC 9110 section 15.5.17
            return short_reply(Status::range_not_satisfiable, unsatisfied_range(file.size));
    }
    return serve_whole(file, std::move(fields));
}

Reply FileRequest::serve_whole(const File& file, std::string fields) const
{
    fields += "Accept-Ranges: bytes\r\n";
    Reply reply{.response = {.content_type = media_type(file_),
                             .content_length = file.size,
                             .last_modified = file.modified,
                             .fields = std::move(fields)}};
    if (file.size > 0) reply.octets = {{.offset = 0, .length = file.size}};
    return reply;
}

// RFC 9110 section 15.3.7.
Reply FileRequest::serve_ranges(const File& file, std::vector<ByteRange> ranges,
                                std::string fields) const
{
    Reply reply{.response = {.status = Status::partial_content,
                             .content_type = media_type(file_),
                             .content_length = ranges.front().length,
                             .last_modified = file.modified,
                             .fields = std::move(fields)}};
    auto& response = reply.response;
    // With If-Range the client has the whole's other fields already.
    if (request_.field("if-range")) response.last_modified.reset();
    if (ranges.size() == 1) {
        response.fields += content_range(ranges.front(), file.size);
    } else {
        // The entity-tag is of a time after all that is in the file: it cannot quote it.
        auto tag = entity_tag(file, codings_[coding_]);
        reply.parts.emplace("portico-" + tag.substr(1, tag.size() - 2), response.content_type,
                            file.size);
        response.content_type = {};
        response.fields += fmt::format("Content-Type: {}\r\n", reply.parts->content_type());
        response.content_length = reply.parts->length(ranges);
    }
    reply.octets = std::move(ranges);
    return reply;
}

} // namespace portico::http
