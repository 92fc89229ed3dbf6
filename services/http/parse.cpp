#include "services/http/parse.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace portico::http {

namespace {

constexpr bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
constexpr bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
constexpr char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

constexpr bool is_one_of(char c, std::string_view set)
{
    return set.find(c) != std::string_view::npos;
}

constexpr bool is_token_char(char c)
{
    return is_alpha(c) || is_digit(c) || is_one_of(c, "!#$%&'*+-.^_`|~");
}

// RFC 9110 section 5.5: besides visible characters and obs-text only SP and HTAB.
constexpr bool is_control(char c)
{
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

// The methods llhttp can parse, less those of RTSP.
constexpr std::array known_methods{
#define PORTICO_METHOD(number, name, string) std::string_view{#string},
    HTTP_METHOD_MAP(PORTICO_METHOD)
#undef PORTICO_METHOD
};

bool is_known_method(std::string_view method)
{
    return method == "GET" || std::ranges::find(known_methods, method) != known_methods.end();
}

ParseError to_error(llhttp_errno_t error)
{
    switch (error) {
    case HPE_INVALID_METHOD: return ParseError::unknown_method;
    case HPE_INVALID_CONSTANT: return ParseError::unknown_method; // not with this protocol
    case HPE_INVALID_VERSION: return ParseError::version;
    case HPE_INVALID_URL: return ParseError::request_target;
    case HPE_INVALID_HEADER_TOKEN:
    case HPE_UNEXPECTED_SPACE: return ParseError::field_line;
    case HPE_CR_EXPECTED:
    case HPE_LF_EXPECTED: return ParseError::line_end;
    default: return ParseError::framing;
    }
}

} // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b)
{
    return std::ranges::equal(a, b, {}, lower, lower);
}

bool is_token(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, is_token_char);
}

// RFC 3986 section 3.2.2: IP-literal, IPv4address or reg-name; a reg-name may be empty.
bool is_host(std::string_view text)
{
    if (auto colon = text.rfind(':'); colon != text.npos && text.find(']', colon) == text.npos) {
        if (!std::ranges::all_of(text.substr(colon + 1), is_digit)) return false;
        text = text.substr(0, colon);
    }
    if (text.starts_with('[')) {
        if (text.size() < 4 || text.back() != ']') return false;
        auto literal = text.substr(1, text.size() - 2);
        if (lower(literal.front()) == 'v') // IPvFuture
            return std::ranges::all_of(literal, [](char c) {
                return is_alpha(c) || is_digit(c) || is_one_of(c, "-._~!$&'()*+,;=:");
            });
        return literal.find(':') != literal.npos &&
               std::ranges::all_of(literal, [](char c) { return is_hex(c) || is_one_of(c, ":."); });
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') { // pct-encoded
            if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
            i += 2;
        } else if (!is_alpha(text[i]) && !is_digit(text[i]) &&
                   !is_one_of(text[i], "-._~!$&'()*+,;=")) {
            return false;
        }
    }
    return true;
}

std::optional<std::string_view> Request::field(std::string_view name) const
{
    for (const auto& field : fields)
        if (equals_ignoring_case(field.name, name)) return field.value;
    return std::nullopt;
}

std::optional<std::string> Request::combined(std::string_view name) const
{
    std::optional<std::string> all;
    for (const auto& field : fields) {
        if (!equals_ignoring_case(field.name, name)) continue;
        if (all)
            all->append(", ").append(field.value);
        else
            all = field.value;
    }
    return all;
}

bool Request::has_member(std::string_view name, std::string_view member) const
{
    bool found = false;
    for (const auto& field : fields)
        if (equals_ignoring_case(field.name, name))
            each_member(field.value, [&](std::string_view one) {
                found = found || equals_ignoring_case(one, member);
            });
    return found;
}

/// What llhttp tells while it parses; `data` is the parser. A head is parsed in one piece, so a
/// name or value that is told in two parts lies in one piece of memory.
struct Callbacks {
    static Parser& of(llhttp_t* llhttp) { return *static_cast<Parser*>(llhttp->data); }

    static void extend(std::string_view& view, const char* at, std::size_t length)
    {
        const char* begin = view.data() ? view.data() : at;
        view = {begin, static_cast<std::size_t>(at + length - begin)};
    }

    static int name(llhttp_t* llhttp, const char* at, std::size_t length)
    {
        auto& parser = of(llhttp);
        if (parser.state_ != Parser::State::head) return trailer(parser, at, length);
        auto& fields = parser.request_.fields;
        if (fields.empty() || fields.back().value.data()) fields.emplace_back();
        extend(fields.back().name, at, length);
        return 0;
    }

    // Comes in any pieces.
    static int trailer(Parser& parser, const char* at, std::size_t length)
    {
        if (!parser.keeps_content_) return 0; // nobody asks for it
        if (std::exchange(parser.trailer_is_whole_, false)) {
            if (parser.trailers_.size() == parser.limits_.headers) return HPE_USER;
            parser.trailers_.emplace_back();
        }
        parser.trailers_.back().name.append(at, length);
        return 0;
    }

    static int value(llhttp_t* llhttp, const char* at, std::size_t length)
    {
        auto& parser = of(llhttp);
        if (parser.state_ == Parser::State::head)
            extend(parser.request_.fields.back().value, at, length);
        else if (!parser.trailers_.empty())
            parser.trailers_.back().value.append(at, length);
        return 0;
    }

    static int value_complete(llhttp_t* llhttp)
    {
        auto& parser = of(llhttp);
        if (parser.state_ != Parser::State::head) {
            parser.trailer_is_whole_ = true;
            return 0;
        }
        auto& field = parser.request_.fields.back();
        field.value = field.value.data() ? trim(field.value) : std::string_view{""};
        return 0;
    }

    static int head_complete(llhttp_t* llhttp)
    {
        auto& parser = of(llhttp);
        parser.request_.chunked = (llhttp->flags & F_CHUNKED) != 0;
        parser.request_.content_length = parser.request_.chunked ? 0 : llhttp->content_length;
        parser.state_ = Parser::State::body;
        // RFC 9110 section 7.8: an offer to upgrade may be ignored, and so may CONNECT be refused;
        // either way what follows is HTTP.
        llhttp->upgrade = 0;
        return 0;
    }

    static int body(llhttp_t* llhttp, const char* at, std::size_t length)
    {
        auto& parser = of(llhttp);
        parser.body_octets_ += length;
        if (parser.keeps_content_) parser.pieces_.emplace_back(at, length);
        return 0;
    }

    static int whole(llhttp_t* llhttp)
    {
        of(llhttp).state_ = Parser::State::whole;
        return HPE_PAUSED; // the next request's bytes are not this one's
    }

    static const llhttp_settings_t& settings()
    {
        static const auto all = [] {
            llhttp_settings_t s{};
            s.on_header_field = name;
            s.on_header_value = value;
            s.on_header_value_complete = value_complete;
            s.on_headers_complete = head_complete;
            s.on_body = body;
            s.on_message_complete = whole;
            return s;
        }();
        return all;
    }
};

Parser::Parser(const Limits& limits) : limits_{limits}
{
    begin();
}

void Parser::begin()
{
    state_ = State::head;
    empty_line_seen_ = false;
    head_.clear();
    head_start_ = line_start_ = fields_start_ = scanned_ = field_lines_ = 0;
    body_octets_ = raw_octets_ = 0;
    keeps_content_ = false;
    trailer_is_whole_ = true;
    if (pieces_.capacity() > 0) pieces_ = {};
    if (trailers_.capacity() > 0) trailers_ = {};
    auto fields = std::move(request_.fields); // keeps its memory
    fields.clear();
    request_ = {};
    request_.fields = std::move(fields);
    llhttp_init(&llhttp_, HTTP_REQUEST, &Callbacks::settings());
}

std::expected<Progress, ParseError> Parser::take(std::string_view& input)
{
    switch (state_) {
    case State::head: return take_head(input);
    case State::body: return take_body(input);
    case State::whole: break;
    }
    return Progress::whole;
}

std::expected<Progress, ParseError> Parser::take_head(std::string_view& input)
{
    if (input.empty()) return Progress::more;
    auto before = head_.size();
    if (before > 0) head_ += input;
    std::string_view text = before > 0 ? std::string_view{head_} : input;
    auto found = scan(text);
    if (!found) return std::unexpected{found.error()};
    if (!*found) {
        if (fields_start_ == 0 && line_start_ == text.size()) {
            head_.clear(); // an empty line and no more: no request has started
            head_start_ = line_start_ = scanned_ = 0;
        } else if (before == 0) {
            head_ = input;
        }
        input = {};
        return Progress::more;
    }
    input.remove_prefix(line_start_ - before);
    auto head = text.substr(head_start_, line_start_ - head_start_);
    if (auto parsed = parse_head(head); !parsed) return std::unexpected{parsed.error()};
    if (before == 0 && state_ == State::body) keep_head(head);
    return Progress::head;
}

// The body may outlive the bytes the head came in.
void Parser::keep_head(std::string_view head)
{
    head_ = head;
    auto move = [&](std::string_view& view) {
        if (!view.empty()) view = {head_.data() + (view.data() - head.data()), view.size()};
    };
    move(request_.line);
    move(request_.method);
    move(request_.target);
    for (auto& field : request_.fields) {
        move(field.name);
        move(field.value);
    }
}

// How long the line that starts there may get, without its line end.
std::size_t Parser::room(std::size_t line_start) const
{
    if (fields_start_ == 0) return limits_.request_line;
    auto used = line_start - fields_start_ + 2; // with this line's CRLF
    return limits_.header_bytes - std::min(limits_.header_bytes, used);
}

// From the first byte not looked at yet up to the LF at `line_end` (or the end of what is here):
// the first wrong byte decides, so that it does not matter where the stream was cut.
std::expected<void, ParseError> Parser::check_bytes(std::string_view text,
                                                    std::size_t line_end) const
{
    auto most = room(line_start_);
    for (auto i = scanned_; i < line_end; ++i) {
        auto c = text[i];
        if (i > line_start_ && text[i - 1] == '\r') return std::unexpected{ParseError::line_end};
        if (c == '\r') continue;
        if (is_control(c)) return std::unexpected{ParseError::control_byte};
        if (fields_start_ != 0 && i == line_start_ && (c == ' ' || c == '\t'))
            return std::unexpected{ParseError::folded_field};
        if (fields_start_ != 0 && i == line_start_ && field_lines_ == limits_.headers)
            return std::unexpected{ParseError::too_many_fields};
        if (i - line_start_ >= most)
            return std::unexpected{fields_start_ == 0 ? ParseError::request_line_too_long
                                                      : ParseError::header_too_large};
    }
    if (line_end < text.size() && (line_end == line_start_ || text[line_end - 1] != '\r'))
        return std::unexpected{ParseError::line_end};
    return {};
}

// Goes on line by line; true when the empty line that ends the head is behind line_start_.
std::expected<bool, ParseError> Parser::scan(std::string_view text)
{
    for (;;) {
        auto line_end = std::min(text.find('\n', scanned_), text.size());
        if (auto checked = check_bytes(text, line_end); !checked)
            return std::unexpected{checked.error()};
        scanned_ = line_end;
        if (line_end == text.size()) return false;
        auto line = text.substr(line_start_, line_end - line_start_ - 1);
        line_start_ = scanned_ = line_end + 1;
        if (fields_start_ == 0 && line.empty()) {
            // RFC 9112 section 2.2: one empty line before the request line is ignored.
            if (empty_line_seen_) return std::unexpected{ParseError::request_line};
            empty_line_seen_ = true;
            head_start_ = line_start_;
        } else if (fields_start_ == 0) {
            if (auto parsed = parse_request_line(line); !parsed)
                return std::unexpected{parsed.error()};
            fields_start_ = line_start_;
        } else if (line.empty()) {
            return true;
        } else {
            ++field_lines_;
            // RFC 9112 section 5.1: no space between name and colon, or it is refused with 400.
            if (!is_token(line.substr(0, line.find(':'))) || line.find(':') == line.npos)
                return std::unexpected{ParseError::field_line};
        }
    }
}

// RFC 9112 section 3: method SP request-target SP HTTP-version, single spaces.
std::expected<void, ParseError> Parser::parse_request_line(std::string_view line)
{
    auto first = line.find(' ');
    auto last = line.rfind(' ');
    if (first == last) return std::unexpected{ParseError::request_line}; // HTTP/0.9 too
    auto method = line.substr(0, first);
    auto target = line.substr(first + 1, last - first - 1);
    auto version = line.substr(last + 1);
    if (!is_token(method) || version.size() != 8 || !version.starts_with("HTTP/") ||
        !is_digit(version[5]) || version[6] != '.' || !is_digit(version[7]))
        return std::unexpected{ParseError::request_line};
    // Section 3.2 wants a URI reference. Visible ASCII it must be; the few characters that
    // RFC 3986 leaves out ("|", "^", "\") are sent by browsers and do no harm.
    auto is_visible = [](char c) { return c > 0x20 && c < 0x7f && c != '#'; };
    if (target.empty() || !std::ranges::all_of(target, is_visible))
        return std::unexpected{ParseError::request_target};
    if (version != "HTTP/1.1" && version != "HTTP/1.0") return std::unexpected{ParseError::version};
    if (!is_known_method(method)) return std::unexpected{ParseError::unknown_method};
    return {};
}

std::expected<void, ParseError> Parser::parse_head(std::string_view head)
{
    request_.line = head.substr(0, head.find('\r'));
    auto first = request_.line.find(' ');
    auto last = request_.line.rfind(' ');
    request_.method = request_.line.substr(0, first);
    request_.target = request_.line.substr(first + 1, last - first - 1);
    request_.minor = request_.line.back() == '0' ? 0 : 1;

    llhttp_.data = this; // here, since a parser may have been moved
    auto error = llhttp_execute(&llhttp_, head.data(), head.size());
    if (error != HPE_OK && error != HPE_PAUSED) return std::unexpected{to_error(error)};
    if (state_ == State::head) return std::unexpected{ParseError::framing}; // it saw no end: a bug
    if (auto checked = check_fields(); !checked) return checked;
    if (request_.content_length > limits_.body) return std::unexpected{ParseError::body_too_large};
    return {};
}

// What the fields say together and llhttp does not check.
std::expected<void, ParseError> Parser::check_fields() const
{
    std::size_t hosts = 0;
    std::size_t codings = 0;
    std::size_t chunked = 0;
    bool transfer_encoding = false;
    for (const auto& [name, value] : request_.fields) {
        if (equals_ignoring_case(name, "host")) {
            ++hosts;
            if (!is_host(value)) return std::unexpected{ParseError::host};
        } else if (equals_ignoring_case(name, "transfer-encoding")) {
            transfer_encoding = true;
            each_member(value, [&](std::string_view coding) {
                ++codings;
                if (equals_ignoring_case(coding, "chunked")) ++chunked;
            });
        }
    }
    // RFC 9112 section 3.2: exactly one in HTTP/1.1; more than one is wrong in any version.
    if (hosts > 1 || (hosts == 0 && request_.minor > 0)) return std::unexpected{ParseError::host};
    if (!transfer_encoding) return {};
    // RFC 9112 section 6.1: in HTTP/1.0 it makes the framing faulty; chunked is there once and
    // last, else section 6.3 wants 400; another coding in front is one we do not know: 501.
    if (request_.minor == 0 || chunked != 1 || !request_.chunked)
        return std::unexpected{ParseError::framing};
    if (codings != 1) return std::unexpected{ParseError::transfer_coding};
    return {};
}

std::expected<Progress, ParseError> Parser::take_body(std::string_view& input)
{
    llhttp_.data = this;
    // Sizes, extensions and trailers of the chunks may take as much again, and a header's room.
    const auto most_framing = limits_.header_bytes + limits_.body;
    while (!input.empty() && state_ != State::whole) {
        // In pieces that pass a limit with their last octet at most: what is wrong first decides,
        // so that it does not matter where the stream was cut.
        const auto room =
            std::min(limits_.body - body_octets_, most_framing - (raw_octets_ - body_octets_));
        const auto piece = input.substr(0, static_cast<std::size_t>(room) + 1);
        const auto error = llhttp_execute(&llhttp_, piece.data(), piece.size());
        auto taken = piece.size();
        if (error == HPE_PAUSED) {
            taken = static_cast<std::size_t>(llhttp_get_error_pos(&llhttp_) - piece.data());
        } else if (error != HPE_OK) {
            return std::unexpected{to_error(error)};
        }
        raw_octets_ += taken;
        input.remove_prefix(taken);
        if (body_octets_ > limits_.body) return std::unexpected{ParseError::body_too_large};
        // RFC 9112 section 7.1.1: a server must limit the extensions it takes.
        if (raw_octets_ - body_octets_ > most_framing) return std::unexpected{ParseError::framing};
    }
    return state_ == State::whole ? Progress::whole : Progress::more;
}

} // namespace portico::http
