#include "services/smtp/parse.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <vector>

namespace portico::smtp {

namespace {

// RFC 5321 section 4.5.3.1, octets; the path's limit counts brackets and source route.
constexpr std::size_t max_local_part = 64;
constexpr std::size_t max_domain = 255;
constexpr std::size_t max_path = 256;

constexpr bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
constexpr char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
constexpr bool is_let_dig(char c)
{
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z');
}
constexpr bool is_ldh(char c)
{
    return is_let_dig(c) || c == '-';
}
constexpr bool is_printable(char c)
{
    return c >= ' ' && c <= '~';
}
bool is_atext(char c) // RFC 5322 section 3.2.3
{
    return is_let_dig(c) || (c != '\0' && std::string_view{"!#$%&'*+-/=?^_`{|}~"}.contains(c));
}

/// What is left to read.
struct Cursor {
    std::string_view rest;

    bool at_end() const { return rest.empty(); }
    bool take(char wanted)
    {
        if (!rest.starts_with(wanted)) return false;
        rest.remove_prefix(1);
        return true;
    }
    template <class Predicate>
    std::string_view take_while(Predicate wanted)
    {
        auto end = std::ranges::find_if_not(rest, wanted);
        auto taken = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
        rest.remove_prefix(taken.size());
        return taken;
    }
    bool take_word(std::string_view word)
    {
        if (!same_word(rest.substr(0, word.size()), word)) return false;
        rest.remove_prefix(word.size());
        return true;
    }
    /// What was read since `start`, an earlier `rest`.
    std::string_view since(std::string_view start) const
    {
        return start.substr(0, start.size() - rest.size());
    }
};

// Domain = sub-domain *("." sub-domain); sub-domain = Let-dig [Ldh-str]
bool take_domain(Cursor& cursor)
{
    do {
        auto label = cursor.take_while(is_ldh);
        if (label.empty() || label.front() == '-' || label.back() == '-') return false;
    } while (cursor.take('.'));
    return true;
}

// IPv4-address-literal = Snum 3("." Snum); Snum = 1*3DIGIT, up to 255
bool is_ipv4(std::string_view text)
{
    Cursor cursor{text};
    for (int i = 0; i < 4; ++i) {
        if (i > 0 && !cursor.take('.')) return false;
        auto number = cursor.take_while(is_digit);
        unsigned value = 0;
        std::from_chars(number.data(), number.data() + number.size(), value);
        if (number.empty() || number.size() > 3 || value > 255) return false;
    }
    return cursor.at_end();
}

bool is_ipv6(std::string_view text)
{
    in6_addr address{};
    return inet_pton(AF_INET6, std::string{text}.c_str(), &address) == 1;
}

// address-literal, RFC 5321 section 4.1.3. Of the tagged forms only IPv6 was ever registered.
bool take_address_literal(Cursor& cursor)
{
    if (!cursor.take('[')) return false;
    Cursor content{cursor.take_while([](char c) { return is_printable(c) && c != ']'; })};
    if (!cursor.take(']')) return false;
    return content.take_word("IPv6:") ? is_ipv6(content.rest) : is_ipv4(content.rest);
}

// Local-part = Dot-string / Quoted-string
bool take_local_part(Cursor& cursor)
{
    if (cursor.take('"')) {
        for (;;) {
            cursor.take_while([](char c) { return is_printable(c) && c != '"' && c != '\\'; });
            if (cursor.take('"')) return true;
            if (!cursor.take('\\') || cursor.at_end() || !is_printable(cursor.rest.front()))
                return false;
            cursor.rest.remove_prefix(1);
        }
    }
    do {
        if (cursor.take_while(is_atext).empty()) return false;
    } while (cursor.take('.'));
    return true;
}

enum class Direction : std::uint8_t { reverse, forward };

// A-d-l = At-domain *("," At-domain), then ":". Accepted and ignored (RFC 5321 appendix C).
bool take_source_route(Cursor& cursor)
{
    if (!cursor.rest.starts_with('@')) return true;
    do {
        if (!cursor.take('@') || !take_domain(cursor)) return false;
    } while (cursor.take(','));
    return cursor.take(':');
}

// Path = "<" [ A-d-l ":" ] Mailbox ">"; the mailbox as it was sent
std::expected<std::string_view, ParseError> take_path(Cursor& cursor, Direction direction)
{
    constexpr auto wrong = std::unexpected{ParseError::path_syntax};
    const auto start = cursor.rest;
    if (!cursor.take('<')) return wrong;
    if (direction == Direction::reverse && cursor.take('>')) return std::string_view{};
    if (!take_source_route(cursor)) return wrong;

    const auto mailbox_start = cursor.rest;
    if (!take_local_part(cursor)) return wrong;
    const auto local_part = cursor.since(mailbox_start);
    std::string_view domain;
    if (cursor.take('@')) {
        const auto domain_start = cursor.rest;
        const bool literal = domain_start.starts_with('[');
        if (!(literal ? take_address_literal(cursor) : take_domain(cursor))) return wrong;
        domain = cursor.since(domain_start);
    } else if (direction == Direction::reverse || !same_word(local_part, "postmaster")) {
        return wrong; // RFC 5321 section 4.5.1: only postmaster needs no domain
    }
    const auto mailbox = cursor.since(mailbox_start);
    if (!cursor.take('>')) return wrong;

    if (local_part.size() > max_local_part || domain.size() > max_domain ||
        cursor.since(start).size() > max_path)
        return std::unexpected{ParseError::path_too_long};
    return mailbox;
}

struct Parameter {
    std::string_view keyword;
    std::optional<std::string_view> value;
};

// esmtp-param = esmtp-keyword ["=" esmtp-value]
std::optional<Parameter> take_parameter(Cursor& cursor)
{
    Parameter parameter{.keyword = cursor.take_while(is_ldh), .value = {}};
    if (parameter.keyword.empty() || parameter.keyword.front() == '-') return {};
    if (!cursor.take('=')) return parameter;
    parameter.value = cursor.take_while([](char c) { return c > ' ' && c <= '~' && c != '='; });
    if (parameter.value->empty()) return {};
    return parameter;
}

std::expected<std::vector<Parameter>, ParseError> take_parameters(Cursor& cursor)
{
    std::vector<Parameter> parameters;
    while (!cursor.at_end()) {
        if (cursor.take_while([](char c) { return c == ' '; }).empty())
            return std::unexpected{ParseError::parameter_syntax};
        auto parameter = take_parameter(cursor);
        if (!parameter) return std::unexpected{ParseError::parameter_syntax};
        // RFC 5321 section 4.1.1.11 leaves repetition open; two values cannot both hold.
        for (const auto& earlier : parameters)
            if (same_word(earlier.keyword, parameter->keyword))
                return std::unexpected{ParseError::parameter_repeated};
        parameters.push_back(*parameter);
    }
    return parameters;
}

// RFC 1870 section 3: size-value = 1*20DIGIT. What does not fit into 64 bits is over any limit.
std::expected<std::uint64_t, ParseError> parse_size(std::string_view value)
{
    if (value.empty() || value.size() > 20 || !std::ranges::all_of(value, is_digit))
        return std::unexpected{ParseError::parameter_syntax};
    std::uint64_t size = 0;
    auto result = std::from_chars(value.data(), value.data() + value.size(), size);
    return result.ec == std::errc{} ? size : UINT64_MAX;
}

std::expected<void, ParseError> apply(const Parameter& parameter, MailArguments& arguments)
{
    if (same_word(parameter.keyword, "SIZE")) {
        auto size = parse_size(parameter.value.value_or(""));
        if (!size) return std::unexpected{size.error()};
        arguments.size = *size;
    } else if (same_word(parameter.keyword, "BODY")) {
        if (!parameter.value) return std::unexpected{ParseError::parameter_syntax};
        arguments.eight_bit = same_word(*parameter.value, "8BITMIME");
        if (!arguments.eight_bit && !same_word(*parameter.value, "7BIT"))
            return std::unexpected{ParseError::body_unsupported};
    } else {
        return std::unexpected{ParseError::parameter_unknown};
    }
    return {};
}

/// "FROM:" or "TO:" and a path. RFC 5321 section 4.1.1.2: no space beside the colon.
std::expected<std::string_view, ParseError>
take_introduced_path(Cursor& cursor, std::string_view introduction, Direction direction)
{
    if (!cursor.take_word(introduction)) return std::unexpected{ParseError::syntax};
    const auto start = cursor.rest;
    auto path = take_path(cursor, direction);
    // No octet over 127 is part of any path, so one of them explains why this is none.
    if (!path && path.error() == ParseError::path_syntax &&
        std::ranges::any_of(start, [](char c) { return static_cast<unsigned char>(c) > 127; }))
        return std::unexpected{ParseError::non_ascii_path};
    if (path && !cursor.at_end() && cursor.rest.front() != ' ')
        return std::unexpected{ParseError::path_syntax};
    return path;
}

} // namespace

bool same_word(std::string_view a, std::string_view b)
{
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::expected<CommandLine, ParseError> parse_command(std::string_view line)
{
    if (line.contains('\r')) return std::unexpected{ParseError::bare_cr};
    if (line.contains('\n')) return std::unexpected{ParseError::bare_lf};
    // RFC 5321 section 4.1.1: receivers tolerate white space before the line end.
    while (line.ends_with(' ') || line.ends_with('\t')) line.remove_suffix(1);
    Cursor cursor{line};
    auto verb = cursor.take_while([](char c) { return c != ' '; });
    cursor.take_while([](char c) { return c == ' '; });
    return CommandLine{.verb = verb, .arguments = cursor.rest};
}

std::expected<std::string_view, ParseError> parse_client_name(std::string_view arguments)
{
    Cursor cursor{arguments};
    if (arguments.starts_with('[')) {
        if (!take_address_literal(cursor)) return std::unexpected{ParseError::syntax};
    } else {
        // Looser than section 4.1.2 where harmless: names of real machines have underscores and
        // odd hyphens, and section 4.1.4 would have us take their mail all the same.
        cursor.take_while([](char c) { return is_ldh(c) || c == '_' || c == '.'; });
    }
    if (arguments.empty() || arguments.size() > max_domain || !cursor.at_end())
        return std::unexpected{ParseError::syntax};
    return arguments;
}

std::expected<MailArguments, ParseError> parse_mail(std::string_view arguments)
{
    Cursor cursor{arguments};
    auto path = take_introduced_path(cursor, "FROM:", Direction::reverse);
    if (!path) return std::unexpected{path.error()};
    auto parameters = take_parameters(cursor);
    if (!parameters) return std::unexpected{parameters.error()};
    MailArguments result{.reverse_path = *path, .size = {}};
    for (const auto& parameter : *parameters)
        if (auto applied = apply(parameter, result); !applied)
            return std::unexpected{applied.error()};
    return result;
}

std::expected<std::string_view, ParseError> parse_rcpt(std::string_view arguments)
{
    Cursor cursor{arguments};
    auto path = take_introduced_path(cursor, "TO:", Direction::forward);
    if (!path) return path;
    auto parameters = take_parameters(cursor);
    if (!parameters) return std::unexpected{parameters.error()};
    if (!parameters->empty()) return std::unexpected{ParseError::parameter_unknown};
    return path;
}

} // namespace portico::smtp
