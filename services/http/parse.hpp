#pragma once

#include <llhttp.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portico::http {

/// Why a request cannot be understood or is not wanted. After each the connection is closed,
/// since nobody can say where the next request begins.
enum class ParseError : std::uint8_t {
    request_line,          // not `method SP request-target SP HTTP-version` (RFC 9112 section 3)
    request_target,        // not visible ASCII, or holds a fragment (section 3.2)
    version,               // neither HTTP/1.0 nor HTTP/1.1 (RFC 9110 section 15.6.6)
    unknown_method,        // a token nobody here has heard of (RFC 9110 section 15.6.2)
    request_line_too_long, // over max_request_line
    header_too_large,      // over max_header_bytes
    too_many_fields,       // over max_headers
    line_end,              // CR without LF or LF without CR (RFC 9112 section 2.2)
    control_byte,          // NUL or another control byte in the head (RFC 9110 section 5.5)
    folded_field,          // obs-fold, or white space before the first field (RFC 9112 section 5.2)
    field_line,            // space before the colon, no colon, no name (section 5.1)
    host,                  // missing, repeated or invalid (section 3.2)
    framing,               // Content-Length, Transfer-Encoding or chunks (section 6)
    transfer_coding,       // one we do not know, before chunked (section 6.1)
    body_too_large,        // over max_body
};

struct Limits {
    std::size_t request_line; // octets without the line end
    std::size_t header_bytes; // octets of all field lines with their line ends
    std::size_t headers;      // field lines
    std::uint64_t body;       // octets of content
};

struct Field {
    std::string_view name;
    std::string_view value; // without white space around it
};

/// The head of a request. Its views end with begin(), or, if it has no body, with
/// the bytes it was taken from.
struct Request {
    std::string_view line; // as it came, without the line end
    std::string_view method;
    std::string_view target;
    unsigned minor = 1; // of HTTP/1.x
    std::vector<Field> fields;
    std::uint64_t content_length = 0; // 0 with chunked
    bool chunked = false;

    bool has_body() const { return chunked || content_length > 0; }
    /// The value of the first field of this name, compared without case.
    std::optional<std::string_view> field(std::string_view name) const;
    /// The values of all fields of this name as one list (RFC 9110 section 5.3).
    std::optional<std::string> combined(std::string_view name) const;
    /// Whether a comma-separated field has this member, compared without case.
    bool has_member(std::string_view name, std::string_view member) const;
};

/// A field line behind the last chunk (RFC 9112 section 7.1.2).
struct Trailer {
    std::string name;
    std::string value;
};

enum class Progress : std::uint8_t {
    more,  // all bytes are taken, the request is not whole yet
    head,  // request() is there; take() again, for the body if there is one
    whole, // the request ends here; begin() before the next take()
};

/// Finds one request after the other in a stream of bytes (RFC 9112). llhttp parses fields and
/// framing; what it leaves open, or is laxer in than the RFC, is checked here beforehand: line
/// ends, the request line, limits, Host. Knows no socket; throws content away, but for whom it is
/// kept, and counts it.
class Parser {
public:
    explicit Parser(const Limits& limits);
    Parser(const Parser&) = delete; // the request's views may lie in head_
    Parser& operator=(const Parser&) = delete;

    /// Takes from the front of `input` what belongs to this request. What is refused, and with
    /// which error, does not depend on where the stream is cut. After an error call it no more.
    std::expected<Progress, ParseError> take(std::string_view& input);

    /// Forgets the request, ready for the next one.
    void begin();

    /// Whether the first byte of a request has come (an empty line before it is none).
    bool started() const { return state_ != State::head || !head_.empty(); }
    /// Whether it is as after begin(): not even the empty line has come.
    bool is_new() const { return !started() && !empty_line_seen_; }
    bool in_body() const { return state_ == State::body; }
    bool is_whole() const { return state_ == State::whole; }
    const Request& request() const { return request_; }
    std::uint64_t body_octets() const { return body_octets_; } // content, so far

    /// Whether, from here on and for this request, content is not thrown away: then take() leaves
    /// its pieces, which lie in the input, and the trailers.
    void keep_content(bool keep) { keeps_content_ = keep; }
    std::vector<std::string_view>& pieces() { return pieces_; }
    const std::vector<Trailer>& trailers() const { return trailers_; }

private:
    enum class State : std::uint8_t { head, body, whole };
    friend struct Callbacks;

    std::expected<bool, ParseError> scan(std::string_view text);
    std::expected<void, ParseError> check_bytes(std::string_view text, std::size_t line_end) const;
    std::expected<void, ParseError> parse_request_line(std::string_view line);
    std::expected<void, ParseError> parse_head(std::string_view head);
    std::expected<void, ParseError> check_fields() const;
    void keep_head(std::string_view head);
    std::expected<Progress, ParseError> take_head(std::string_view& input);
    std::expected<Progress, ParseError> take_body(std::string_view& input);
    std::size_t room(std::size_t line_start) const;

    Limits limits_;
    State state_ = State::head;
    bool empty_line_seen_ = false; // before the request line
    std::string head_;             // of a head that came in pieces, else empty
    std::size_t head_start_ = 0;   // of the request line
    std::size_t line_start_ = 0;   // of the line being scanned
    std::size_t fields_start_ = 0; // 0: the request line is not over
    std::size_t scanned_ = 0;
    std::size_t field_lines_ = 0;
    std::uint64_t body_octets_ = 0; // content
    std::uint64_t raw_octets_ = 0;  // content with the chunks' framing and trailers
    bool keeps_content_ = false;
    bool trailer_is_whole_ = true; // the last one
    std::vector<std::string_view> pieces_;
    std::vector<Trailer> trailers_;
    Request request_;
    llhttp_t llhttp_{};
};

/// Whether `text` is a uri-host with an optional port (RFC 9110 section 7.2); may be empty.
bool is_host(std::string_view text);

bool is_token(std::string_view text); // RFC 9110 section 5.6.2
bool equals_ignoring_case(std::string_view a, std::string_view b);

/// `text` without the white space (RFC 9110 section 5.6.3) around it.
constexpr std::string_view trim(std::string_view text)
{
    constexpr auto is_space = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

/// Shows the members of a comma-separated list, in which nothing is quoted.
template <class Visit>
void each_member(std::string_view list, Visit visit)
{
    while (!list.empty()) {
        auto comma = std::min(list.find(','), list.size());
        auto member = trim(list.substr(0, comma));
        if (!member.empty()) visit(member); // RFC 9110 section 5.6.1.2: empty ones are ignored
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
}

} // namespace portico::http
