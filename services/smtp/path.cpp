#include "services/smtp/path.hpp"

#include <arpa/inet.h>
#include <charconv>
#include <string>

namespace portico::smtp {

namespace {

// RFC 5321 section 4.5.3.1, octets; the path's limit counts brackets and source route.
constexpr std::size_t max_local_part = 64;
constexpr std::size_t max_path = 256;

// RFC 6531 section 3.3 extends these by UTF8-non-ascii; sequences of it are checked as a whole.
bool is_atext_utf8(char c)
{
    return is_atext(c) || !is_ascii(c);
}
bool is_label(char c)
{
    return is_ldh(c) || !is_ascii(c);
}
bool is_quotable(char c)
{
    return is_printable(c) || !is_ascii(c);
}

// Domain = sub-domain *("." sub-domain); sub-domain = Let-dig [Ldh-str] / U-label
bool take_domain(Cursor& cursor)
{
    do {
        auto label = cursor.take_while(is_label);
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

// Local-part = Dot-string / Quoted-string
bool take_local_part(Cursor& cursor)
{
    if (cursor.take('"')) {
        for (;;) {
            cursor.take_while([](char c) { return is_quotable(c) && c != '"' && c != '\\'; });
            if (cursor.take('"')) return true;
            if (!cursor.take('\\') || cursor.at_end() || !is_printable(cursor.rest.front()))
                return false;
            cursor.rest.remove_prefix(1);
        }
    }
    do {
        if (cursor.take_while(is_atext_utf8).empty()) return false;
    } while (cursor.take('.'));
    return true;
}

struct Mailbox {
    std::string_view local_part;
    std::string_view domain; // "": there is none
};

bool take_mailbox(Cursor& cursor, Mailbox& mailbox)
{
    const auto start = cursor.rest;
    if (!take_local_part(cursor)) return false;
    mailbox.local_part = cursor.since(start);
    if (!cursor.take('@')) return true;
    const auto domain_start = cursor.rest;
    const bool literal = domain_start.starts_with('[');
    if (!(literal ? take_address_literal(cursor) : take_domain(cursor))) return false;
    mailbox.domain = cursor.since(domain_start);
    return true;
}

bool too_long(const Mailbox& mailbox)
{
    return mailbox.local_part.size() > max_local_part || mailbox.domain.size() > max_domain;
}

// A-d-l = At-domain *("," At-domain), then ":". Accepted and ignored (RFC 5321 appendix C).
bool take_source_route(Cursor& cursor)
{
    if (!cursor.rest.starts_with('@')) return true;
    do {
        if (!cursor.take('@') || !take_domain(cursor)) return false;
    } while (cursor.take(','));
    return cursor.take(':');
}

} // namespace

// Of the tagged forms only IPv6 was ever registered.
bool take_address_literal(Cursor& cursor)
{
    if (!cursor.take('[')) return false;
    Cursor content{cursor.take_while([](char c) { return is_printable(c) && c != ']'; })};
    if (!cursor.take(']')) return false;
    return content.take_word("IPv6:") ? is_ipv6(content.rest) : is_ipv4(content.rest);
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
    Mailbox parts;
    if (!take_mailbox(cursor, parts)) return wrong;
    // RFC 5321 section 4.5.1: only postmaster needs no domain
    if (parts.domain.empty() &&
        (direction == Direction::reverse || !same_word(parts.local_part, "postmaster")))
        return wrong;
    const auto mailbox = cursor.since(mailbox_start);
    if (!cursor.take('>')) return wrong;

    if (too_long(parts) || cursor.since(start).size() > max_path)
        return std::unexpected{ParseError::path_too_long};
    return mailbox;
}

bool is_mailbox(std::string_view text)
{
    Cursor cursor{text};
    Mailbox parts;
    return take_mailbox(cursor, parts) && cursor.at_end() && !parts.domain.empty() &&
           !too_long(parts);
}

} // namespace portico::smtp
