#pragma once

#include "config/config.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace portico::http {

using AccessFormat = config::HttpConnection::LogFormat;

/// One answered request, as the access log tells it. What the client sent is given as it came; it
/// is escaped here. The views need to live no longer than the call they are given to.
struct AccessRecord {
    std::chrono::sys_time<std::chrono::microseconds> when{}; // the request's first byte came
    std::chrono::microseconds took{};                        // from then to the response's end
    std::uint64_t connection = 0;                            // its number, as in the log
    std::string_view client = {};                            // address without port: "::1"
    bool tls = false;
    std::string_view user = {}; // as authenticated, or ""
    std::string_view host = {}; // of Host or the target, or ""
    std::string_view line = {}; // the request line without its line end, or "" if none came
    unsigned status = 0;
    std::uint64_t octets = 0;         // of content that were sent
    std::string_view referer = {};    // these two: the field's value, or ""
    std::string_view user_agent = {}; //
};

/// Makes records to lines of the access log, each with its line end, in printable ASCII alone, so
/// that a record is always one line and no terminal obeys it. Without the user-info of URIs
/// (RFC 3986 section 3.2.1) in request line, host and referer, where passwords would be; with their
/// queries, as is the custom.
///
/// combined is the format of that name that other servers write. Quotes, backslashes and all that
/// is not printable ASCII are \xNN, an absent value is "-":
///
///     192.0.2.1 - - [24/Nov/2026:16:35:17 +0000] "GET / HTTP/1.1" 200 612 "-" "curl/8.5.0"
///
/// json is one object (RFC 8259) with a time of RFC 3339. Absent values are not there, what is not
/// ASCII is \uNNNN and what is not UTF-8 is U+FFFD:
///
///     {"time":"2026-11-24T16:35:17.123Z","connection":7,"client":"192.0.2.1","tls":true,
///      "host":"example.org","request":"GET / HTTP/1.1","status":200,"octets":612,"took_us":84,
///      "user_agent":"curl/8.5.0"}
///
/// Allocates nothing, and puts a date together only when the second is another than the last.
/// Knows no file and no thread.
class AccessFormatter {
public:
    explicit AccessFormatter(AccessFormat format) : format_{format} {}

    /// Writes the record's line to the front of `room`; its length, or nothing if there is not
    /// enough room, which then holds rubbish.
    std::optional<std::size_t> write(std::span<char> room, const AccessRecord& record);

private:
    std::string_view date(std::chrono::sys_seconds second);

    AccessFormat format_;
    std::optional<std::chrono::sys_seconds> second_; // that date_ tells
    std::string date_;
};

} // namespace portico::http
