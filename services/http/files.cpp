#include "services/http/files.hpp"

#include "services/http/cache_control.hpp"
#include "services/http/listing.hpp"
#include "services/http/mime.hpp"
#include "services/http/sites.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace portico::http {

namespace {

constexpr std::string_view index_file = "index.html";
constexpr std::string_view allowed = "Allow: GET, HEAD, OPTIONS\r\n"; // RFC 9110 section 10.2.1
constexpr std::string_view vary = "Vary: Accept-Encoding\r\n";

constexpr std::uint64_t least_compressed = 256; // octets; less does not shrink

// RFC 9110 section 8.8.1: strong, since no two contents share it, unless one is written over the
// other in place, as long as it, within one tick of the file system's clock. The time is that of
// the last change, which nobody can set back as that of modification can be.
// Each coding has its own (section 8.8.3.3): a sibling's is of another file, ours depends on what
// compresses.
std::string entity_tag(const File& file, Coding coding, std::optional<Effort> effort)
{
    // Unsigned, since a broken file system may tell a time that nanoseconds have no room for.
    const auto changed = static_cast<std::uint64_t>(file.changed.count());
    auto tag = fmt::format("\"{:x}-{:x}-{:x}", file.size, changed, file.inode);
    if (coding != Coding::identity)
        tag.append("-").append(effort ? gzip_name(*effort) : std::string{to_string(coding)});
    return tag += '"';
}

// Whether any of the fields is there by which the answer could be other than all of the file.
bool is_conditional(const Request& request)
{
    return std::ranges::any_of(request.fields, [](const Field& field) {
        return equals_ignoring_case(field.name, "range") ||
               (field.name.size() > 3 && equals_ignoring_case(field.name.substr(0, 3), "if-"));
    });
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
    return with_policy(decide());
}

Decision FileRequest::decide()
{
    // RFC 9112 section 3.2.4: the asterisk-form is for OPTIONS alone, and means the server.
    const bool options = request_.method == "OPTIONS";
    if (options && request_.target == "*") return options_reply();
    auto path = parse_path(request_.target);
    if (path && site_.redirect_to_https && channel_ == Channel::clear)
        return redirect_to_https(*path);
    if (!is_allowed(request_.method)) // RFC 9110 section 15.5.6
        return short_reply(Status::method_not_allowed, std::string{allowed});
    if (path) {
        if (options) return options_reply();
        return answer(std::move(*path));
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

// RFC 6797 section 8.2 says what a client does then. 308 where the method must stay what it is
// (RFC 9110 section 15.4.9).
Reply FileRequest::redirect_to_https(const Path& path) const
{
    auto host = host_of(path.host.empty() ? request_.field("host").value_or("") : path.host);
    if (host.empty() && !site_.names.empty() && !site_.names.front().starts_with("*."))
        host = site_.names.front();
    if (host.empty()) return short_reply(Status::forbidden); // where to, nobody has said
    auto target = request_.target;
    if (!path.host.empty()) // RFC 9112 section 3.2.2
        target.remove_prefix(
            static_cast<std::size_t>(path.host.data() + path.host.size() - target.data()));
    const bool get = request_.method == "GET" || request_.method == "HEAD";
    return short_reply(
        get ? Status::moved_permanently : Status::permanent_redirect,
        fmt::format("Location: https://{}{}{}{}\r\n", host,
                    site_.https_port == 443 ? "" : fmt::format(":{}", site_.https_port),
                    target.starts_with('/') ? "" : "/", target));
}

// RFC 6797 section 7.1: in every answer over TLS, and only there (section 7.2). What is prepared
// has it already.
Decision FileRequest::with_policy(Decision decision) const
{
    auto* reply = std::get_if<Reply>(&decision);
    if (reply && !reply->prepared && channel_ == Channel::tls &&
        !site_.strict_transport_security.empty())
        reply->response.fields +=
            fmt::format("Strict-Transport-Security: {}\r\n", site_.strict_transport_security);
    return decision;
}

Decision FileRequest::answer(Path path)
{
    path_ = std::move(path);
    if (site_.root.empty()) return Welcome{};
    file_ = path_.file;
    if (path_.is_folder()) file_ += index_file;
    negotiate();
    return ask();
}

// RFC 9110 section 12.1: we choose among the file, its precompressed siblings, and what we
// compress ourselves.
void FileRequest::negotiate()
{
    codings_ = acceptable(request_.combined("accept-encoding"));
    const bool coded = !inherent_coding(file_).empty(); // there is nothing to choose
    compressible_ = !coded && is_compressible(media_type(file_));
    const auto identity = std::ranges::find(codings_, Coding::identity);
    identity_refused_ = !coded && identity == codings_.end();
    codings_.erase(identity, codings_.end());
    if (!compressible_) codings_.clear();
    gzip_wanted_ = site_.gzip && std::ranges::find(codings_, Coding::gzip) != codings_.end();
    // What is compressed while it is sent has no length, which HTTP/1.0 wants, and no parts.
    if (!identity_refused_ && (request_.minor == 0 || request_.field("range")))
        gzip_wanted_ = false;
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

Decision FileRequest::opened(std::expected<File, FileError> outcome, const PreparedSet* prepared)
{
    const auto coding = codings_[coding_];
    if (!outcome && coding != Coding::identity) {
        ++coding_;
        return ask();
    }
    if (!outcome) return with_policy(missing(outcome.error()));
    if (coding != Coding::identity)
        return with_policy(serve(*outcome, coding, std::nullopt, prepared));
    if (gzip_wanted_ && (outcome->size >= least_compressed || identity_refused_))
        return with_policy(serve(*outcome, Coding::gzip,
                                 outcome->size > small_file ? Effort::quick : Effort::thorough,
                                 prepared));
    // RFC 9110 section 12.5.3: identity is for everyone who does not rule it out.
    if (identity_refused_)
        return with_policy(
            short_reply(Status::not_acceptable, compressible_ ? std::string{vary} : ""));
    return with_policy(serve(*outcome, coding, std::nullopt, prepared));
}

Decision FileRequest::missing(FileError error) const
{
    switch (error) {
    case FileError::is_folder:
        // Without the slash the page's relative references would miss the folder.
        if (!path_.is_folder())
            return short_reply(
                Status::moved_permanently,
                fmt::format("Location: {}/{}\r\n", to_target(path_.file), path_.query));
        [[fallthrough]]; // index.html is itself one
    case FileError::not_found:
        if (path_.is_folder() && site_.listing)
            return List{
                .folder = path_.file, .most = site_.max_listing, .compressed = gzip_wanted_};
        return short_reply(Status::not_found);
    case FileError::forbidden: return short_reply(Status::forbidden);
    case FileError::failing: break;
    }
    return short_reply(Status::internal_server_error);
}

// It is of this moment, and nothing tells it from another: it has no validators.
Decision FileRequest::listed(std::expected<std::string, FileError> page)
{
    if (!page)
        return with_policy(short_reply(page.error() == FileError::forbidden ? Status::forbidden
                                       : page.error() == FileError::failing
                                           ? Status::internal_server_error
                                           : Status::not_found));
    if (identity_refused_ && !gzip_wanted_)
        return with_policy(short_reply(Status::not_acceptable, std::string{vary}));
    auto fields = std::string{"Cache-Control: no-cache\r\n"}.append(listing_policy).append(vary);
    if (gzip_wanted_) fields += "Content-Encoding: gzip\r\n";
    return with_policy(
        Reply{.response = {.content_type = "text/html; charset=utf-8", .fields = std::move(fields)},
              .content = std::move(*page)});
}

// RFC 9110 section 13.2.1: preconditions are for what would be 200 without them. `effort`: we
// compress it, else the file is in that coding already.
Reply FileRequest::serve(const File& file, Coding coding, std::optional<Effort> effort,
                         const PreparedSet* set)
{
    const auto prepared = set ? (*set)[static_cast<std::size_t>(coding)] : nullptr;
    const auto again = [&] {
        const auto length = prepared->content.empty() ? file.size : prepared->content.size();
        Reply reply{.response = {.content_length = length, .prepared = prepared->head},
                    .prepared = prepared};
        if (length > 0) reply.octets = {{.offset = 0, .length = length}};
        return reply;
    };
    if (prepared && !is_conditional(request_)) return again();
    const Validators validators{.etag = entity_tag(file, coding, effort),
                                .last_modified = last_modified(file.modified, now_)};
    auto fields = fmt::format("ETag: {}\r\n", validators.etag);
    if (compressible_) fields += vary; // section 12.5.5: whether there are siblings now or not
    if (const auto value = cache_control(site_.cache_control, file_); !value.empty())
        fields += fmt::format("Cache-Control: {}\r\n", value);
    switch (evaluate(request_, validators, now_)) {
    case Verdict::fulfilled: break;
    case Verdict::not_modified: // section 15.4.5: without what the client has
        return {.response = {.status = Status::not_modified, .fields = std::move(fields)}};
    case Verdict::precondition_failed: return short_reply(Status::precondition_failed);
    }
    const auto name = coding == Coding::identity ? inherent_coding(file_) : to_string(coding);
    if (!name.empty()) fields += fmt::format("Content-Encoding: {}\r\n", name);
    if (!effort && wants_range(request_, validators, now_)) {
        auto ranges = parse_range(*request_.combined("range"), file.size);
        // Section 14.2 lets us ignore several of a coded file: Content-Encoding would be the
        // multipart's own.
        if (ranges && (ranges->size() == 1 || name.empty()))
            return serve_ranges(file, std::move(*ranges), std::move(fields), validators.etag);
        if (!ranges && ranges.error() == RangeError::unsatisfiable) // RFC 9110 section 15.5.17
            return short_reply(Status::range_not_satisfiable, unsatisfied_range(file.size));
    }
    if (prepared) return again();
    if (!effort) fields += "Accept-Ranges: bytes\r\n";
    auto reply = serve_whole(file, std::move(fields));
    reply.gzip = effort;
    // Else Last-Modified would not stay what it is now.
    if (file.modified <= now_) reply.keep = coding;
    return reply;
}

Reply FileRequest::serve_whole(const File& file, std::string fields) const
{
    Reply reply{.response = {.content_type = media_type(file_),
                             .content_length = file.size,
                             .last_modified = file.modified,
                             .fields = std::move(fields)}};
    if (file.size > 0) reply.octets = {{.offset = 0, .length = file.size}};
    return reply;
}

// RFC 9110 section 15.3.7.
Reply FileRequest::serve_ranges(const File& file, std::vector<ByteRange> ranges, std::string fields,
                                std::string_view etag) const
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
        reply.parts.emplace(fmt::format("portico-{}", etag.substr(1, etag.size() - 2)),
                            response.content_type, file.size);
        response.content_type = {};
        response.fields += fmt::format("Content-Type: {}\r\n", reply.parts->content_type());
        response.content_length = reply.parts->length(ranges);
    }
    reply.octets = std::move(ranges);
    return reply;
}

} // namespace portico::http
