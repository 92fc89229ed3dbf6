#include "services/http/reply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <utility>

namespace portico::http {

namespace {

struct Phrase {
    std::uint16_t status;
    std::string_view text;
};

// IANA's HTTP Status Code Registry.
constexpr Phrase phrases[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {511, "Network Authentication Required"},
};

void append_number(std::string& output, std::uint64_t number)
{
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.begin(), digits.end(), number).ptr;
    output.append(digits.begin(), end);
}

void append_field(std::string& output, std::string_view name, std::string_view value)
{
    output.append(name).append(": ").append(value).append("\r\n");
}

} // namespace

std::string_view reason_phrase(Status status)
{
    if (status == Status::ok) return "OK";
    const auto found =
        std::ranges::lower_bound(phrases, std::to_underlying(status), {}, &Phrase::status);
    const bool known = found != std::end(phrases) && found->status == std::to_underlying(status);
    return known ? found->text : "";
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

void append_fields(std::string& output, const Response& response, Length length, const Now& now)
{
    if (!response.content_type.empty()) append_field(output, "Content-Type", response.content_type);
    // RFC 9110 section 8.6: never with 1xx and 204; with 304 it would be the length of a 200.
    if (length == Length::known && may_have_content(response.status)) {
        output += "Content-Length: ";
        append_number(output, response.content_length);
        output += "\r\n";
    }
    if (response.last_modified)
        append_field(output, "Last-Modified",
                     imf_fixdate(last_modified(*response.last_modified, now.time)));
    output += response.fields;
}

void append_head(std::string& output, const Response& response, Length length,
                 Persistence persistence, const Now& now)
{
    output += "HTTP/1.1 ";
    append_number(output, std::to_underlying(response.status));
    output.append(" ").append(reason_phrase(response.status)).append("\r\nDate: ");
    output.append(now.date).append("\r\nServer: portico\r\n");
    if (response.prepared.empty())
        append_fields(output, response, length, now);
    else
        output += response.prepared;
    if (length == Length::chunked) output += "Transfer-Encoding: chunked\r\n";
    switch (persistence) {
    case Persistence::persistent: break;
    case Persistence::keep_alive: output += "Connection: keep-alive\r\n"; break;
    case Persistence::close: output += "Connection: close\r\n"; break;
    }
    output += "\r\n";
}

void append_chunk(std::string& output, std::string_view piece)
{
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.begin(), digits.end(), piece.size(), 16).ptr;
    output.append(digits.begin(), end).append("\r\n").append(piece).append("\r\n");
}

std::string short_content(Status status)
{
    return fmt::format("{} {}\n", static_cast<unsigned>(status), reason_phrase(status));
}

std::string to_message(Status status, std::string_view fields, const Now& now)
{
    auto content = short_content(status);
    std::string message;
    append_head(message,
                {.status = status,
                 .content_type = "text/plain; charset=utf-8",
                 .content_length = content.size(),
                 .fields = std::string{fields}},
                Length::known, Persistence::close, now);
    return message + content;
}

} // namespace portico::http
