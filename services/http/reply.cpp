#include "services/http/reply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace portico::http {

std::string_view reason_phrase(Status status)
{
    switch (status) {
    case Status::ok: return "OK";
    case Status::no_content: return "No Content";
    case Status::partial_content: return "Partial Content";
    case Status::moved_permanently: return "Moved Permanently";
    case Status::not_modified: return "Not Modified";
    case Status::bad_request: return "Bad Request";
    case Status::forbidden: return "Forbidden";
    case Status::not_found: return "Not Found";
    case Status::method_not_allowed: return "Method Not Allowed";
    case Status::not_acceptable: return "Not Acceptable";
    case Status::request_timeout: return "Request Timeout";
    case Status::precondition_failed: return "Precondition Failed";
    case Status::content_too_large: return "Content Too Large";
    case Status::uri_too_long: return "URI Too Long";
    case Status::range_not_satisfiable: return "Range Not Satisfiable";
    case Status::expectation_failed: return "Expectation Failed";
    case Status::request_header_fields_too_large: return "Request Header Fields Too Large";
    case Status::internal_server_error: return "Internal Server Error";
    case Status::not_implemented: return "Not Implemented";
    case Status::service_unavailable: return "Service Unavailable";
    case Status::http_version_not_supported: return "HTTP Version Not Supported";
    }
    return "Unknown";
}

Status status_of(ParseError error)
{
    switch (error) {
    case ParseError::request_line:
    case ParseError::request_target:
    case ParseError::line_end:
    case ParseError::control_byte:
    case ParseError::folded_field:
    case ParseError::field_line:
    case ParseError::host:
    case ParseError::framing: return Status::bad_request;
    case ParseError::version: return Status::http_version_not_supported;
    case ParseError::unknown_method:
    case ParseError::transfer_coding: return Status::not_implemented;
    case ParseError::request_line_too_long: return Status::uri_too_long;
    case ParseError::header_too_large:
    case ParseError::too_many_fields: return Status::request_header_fields_too_large;
    case ParseError::body_too_large: return Status::content_too_large;
    }
    return Status::bad_request;
}

std::string_view describe(ParseError error)
{
    switch (error) {
    case ParseError::request_line: return "the request line is malformed";
    case ParseError::request_target: return "the request target is malformed";
    case ParseError::version: return "the HTTP version is neither 1.0 nor 1.1";
    case ParseError::unknown_method: return "the method is unknown";
    case ParseError::request_line_too_long: return "the request line is over max_request_line";
    case ParseError::header_too_large: return "the header is over max_header_bytes";
    case ParseError::too_many_fields: return "the header has more lines than max_headers";
    case ParseError::line_end: return "a line does not end in CRLF";
    case ParseError::control_byte: return "a control byte is in the head";
    case ParseError::folded_field: return "a field line begins with white space";
    case ParseError::field_line: return "a field line is malformed";
    case ParseError::host: return "Host is missing, repeated or invalid";
    case ParseError::framing: return "the length of the body cannot be told";
    case ParseError::transfer_coding: return "a transfer coding is unknown";
    case ParseError::body_too_large: return "the body is over max_body";
    }
    return "";
}

std::string imf_fixdate(std::chrono::sys_seconds time)
{
    static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    auto day = std::chrono::floor<std::chrono::days>(time);
    std::chrono::year_month_day date{day};
    std::chrono::hh_mm_ss clock{time - day};
    return fmt::format(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[std::chrono::weekday{day}.c_encoding()],
        static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
        static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
        clock.seconds().count());
}

// RFC 9110 section 8.8.2.1: not later than the response's own date. The format has no room for
// dates before the year 0, which a broken file system may tell.
std::chrono::sys_seconds last_modified(std::chrono::sys_seconds time, std::chrono::sys_seconds now)
{
    return std::clamp(time, std::min(now, std::chrono::sys_seconds{}), now);
}

std::string to_head(const Response& response, Persistence persistence, std::chrono::sys_seconds now)
{
    std::string head;
    head.reserve(256 + response.fields.size());
    auto out = std::back_inserter(head);
    fmt::format_to(out, "HTTP/1.1 {} {}\r\nDate: {}\r\nServer: portico\r\n",
                   static_cast<unsigned>(response.status), reason_phrase(response.status),
                   imf_fixdate(now));
    if (!response.content_type.empty())
        fmt::format_to(out, "Content-Type: {}\r\n", response.content_type);
    // RFC 9110 section 8.6: never with 204; with 304 it would be the length of a 200.
    if (response.status != Status::no_content && response.status != Status::not_modified)
        fmt::format_to(out, "Content-Length: {}\r\n", response.content_length);
    if (response.last_modified)
        fmt::format_to(out, "Last-Modified: {}\r\n",
                       imf_fixdate(last_modified(*response.last_modified, now)));
    head += response.fields;
    switch (persistence) {
    case Persistence::persistent: break;
    case Persistence::keep_alive: head += "Connection: keep-alive\r\n"; break;
    case Persistence::close: head += "Connection: close\r\n"; break;
    }
    head += "\r\n";
    return head;
}

std::string short_content(Status status)
{
    return fmt::format("{} {}\n", static_cast<unsigned>(status), reason_phrase(status));
}

std::string to_message(Status status, Persistence persistence, std::chrono::sys_seconds now,
                       std::string fields, bool head_only)
{
    auto content = short_content(status);
    auto message = to_head({.status = status,
                            .content_type = "text/plain; charset=utf-8",
                            .content_length = content.size(),
                            .last_modified = {},
                            .fields = std::move(fields)},
                           persistence, now);
    if (!head_only) message += content;
    return message;
}

} // namespace portico::http
