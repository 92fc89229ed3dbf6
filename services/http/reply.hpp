#pragma once

#include "services/http/parse.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace portico::http {

/// The status codes we answer with ourselves (RFC 9110 section 15); a handler may answer with any.
enum class Status : std::uint16_t {
    switching_protocols = 101,
    ok = 200,
    no_content = 204,
    partial_content = 206,
    moved_permanently = 301,
    found = 302,
    not_modified = 304,
    permanent_redirect = 308,
    bad_request = 400,
    unauthorized = 401,
    forbidden = 403,
    not_found = 404,
    method_not_allowed = 405,
    not_acceptable = 406,
    request_timeout = 408,
    precondition_failed = 412,
    content_too_large = 413,
    uri_too_long = 414,
    range_not_satisfiable = 416,
    expectation_failed = 417,
    misdirected_request = 421,
    upgrade_required = 426,
    request_header_fields_too_large = 431,
    internal_server_error = 500,
    not_implemented = 501,
    service_unavailable = 503,
    http_version_not_supported = 505,
};

/// As IANA has it; "" for what is not registered.
std::string_view reason_phrase(Status status);

/// The status that tells a client its mistake, and one sentence about it for log and transcript.
Status status_of(ParseError error);
std::string_view describe(ParseError error);

/// What becomes of the connection after a response (RFC 9112 section 9.3).
enum class Persistence : std::uint8_t {
    persistent, // as HTTP/1.1 has it without being told
    keep_alive, // an HTTP/1.0 client asked for it and is told that it was heard
    close,
};

/// The time of an answer, and how its Date says it.
struct Now {
    std::chrono::sys_seconds time{};
    std::string_view date; // imf_fixdate(time)
};

/// A response without its content. What its views are of is copied by whoever takes it.
struct Response {
    Status status = Status::ok;
    std::string_view content_type = {};
    std::uint64_t content_length = 0;
    std::optional<std::chrono::sys_seconds> last_modified = {};
    std::string fields = {};        // more field lines, each with its line end
    std::string_view prepared = {}; // all field lines of what is always answered alike, the
                                    // length too; the members above but for status do not count
};

/// Whether a response with this status has content at all (RFC 9110 section 6.4.1).
constexpr bool may_have_content(Status status)
{
    return status >= Status::ok && status != Status::no_content && status != Status::not_modified;
}

/// How a client knows where the content ends (RFC 9112 section 6.3).
enum class Length : std::uint8_t {
    known,       // Content-Length, or a status that has no content
    chunked,     // section 7.1
    until_close, // for HTTP/1.0
};

/// Adds status line and fields up to and with the empty line. Always says HTTP/1.1 (RFC 9110
/// section 2.5: the server's own version, whatever the client's).
void append_head(std::string& output, const Response& response, Length length,
                 Persistence persistence, const Now& now);

/// Of that only the fields that tell of the response itself: what Response::prepared wants.
void append_fields(std::string& output, const Response& response, Length length, const Now& now);

/// A chunk with all of `piece`, which is not empty.
void append_chunk(std::string& output, std::string_view piece);

/// What Last-Modified says of `time`.
std::chrono::sys_seconds last_modified(std::chrono::sys_seconds time, std::chrono::sys_seconds now);

/// A short text that names the status, as content for responses that have nothing better.
std::string short_content(Status status);

/// A complete response with short_content(), after which the connection is closed.
std::string to_message(Status status, std::string_view fields, const Now& now);

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7).
std::string imf_fixdate(std::chrono::sys_seconds time);

/// RFC 9110 section 15.2.1: go on and send the content.
inline constexpr std::string_view proceed = "HTTP/1.1 100 Continue\r\n\r\n";

} // namespace portico::http
