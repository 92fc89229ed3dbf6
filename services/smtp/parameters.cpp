#include "services/smtp/parameters.hpp"

#include "services/smtp/path.hpp"
#include "services/smtp/utf8.hpp"

#include <charconv>

namespace portico::smtp {

namespace {

constexpr std::size_t max_envid = 100; // RFC 3461 section 4.4
constexpr std::size_t max_orcpt = 500; // section 4.2

bool is_value(char c) // RFC 5321 section 4.1.2, with the UTF8-non-ascii of RFC 6531 section 3.3
{
    return (c > ' ' && c <= '~' && c != '=') || !is_ascii(c);
}

std::optional<unsigned> hex(std::string_view digits)
{
    unsigned value = 0;
    const auto* end = digits.data() + digits.size();
    auto result = std::from_chars(digits.data(), end, value, 16);
    if (result.ec != std::errc{} || result.ptr != end) return {};
    return value;
}

std::optional<Parameter> take_parameter(Cursor& cursor)
{
    Parameter parameter{.keyword = cursor.take_while(is_ldh), .value = {}};
    if (parameter.keyword.empty() || parameter.keyword.front() == '-') return {};
    if (!cursor.take('=')) return parameter;
    parameter.value = cursor.take_while(is_value);
    if (parameter.value->empty()) return {};
    return parameter;
}

// RFC 3461: what goes into a notification is printable there, and white space.
bool is_printable_xtext(std::string_view text)
{
    const auto decoded = decode_xtext(text);
    return decoded &&
           std::ranges::all_of(*decoded, [](char c) { return is_printable(c) || c == '\t'; });
}

// EmbeddedUnicodeChar (RFC 6533 section 3) after "\x": "{" HEXPOINT "}", a code point in upper
// case hexadecimal without zeros in front but for those below U+0010, no surrogate, and in ASCII
// only what could not stand for itself.
bool take_code_point(Cursor& cursor)
{
    if (!cursor.take('{')) return false;
    const auto digits =
        cursor.take_while([](char c) { return is_digit(c) || (c >= 'A' && c <= 'F'); });
    if (digits.size() < 2 || digits.size() > 6 || !cursor.take('}')) return false;
    const auto value = *hex(digits);
    if (digits.front() == '0' && digits.size() > 2) return false;
    if (value < 0x80) {
        const auto c = static_cast<char>(value);
        return (value > 0 && value <= 0x20) || c == '\x7f' || c == '+' || c == '=' || c == '\\';
    }
    return value <= 0x10FFFF && !(value >= 0xD800 && value <= 0xDFFF);
}

// utf-8-enc-addr (RFC 6533 section 3): plain characters, UTF-8 where SMTPUTF8 allows it, and
// embedded code points. xtext, too: then "+" starts a hexchar.
bool is_utf8_address(std::string_view text)
{
    if (is_printable_xtext(text) && !text.contains('\\')) return true;
    if (!is_utf8(text)) return false;
    Cursor cursor{text};
    while (!cursor.at_end()) {
        cursor.take_while([](char c) { return is_value(c) && c != '+' && c != '\\'; });
        if (cursor.take('\\') && !(cursor.take('x') && take_code_point(cursor))) return false;
        if (cursor.rest.starts_with('+')) return false;
    }
    return true;
}

} // namespace

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

// size-value = 1*20DIGIT
std::optional<std::uint64_t> parse_size(std::string_view value)
{
    if (value.empty() || value.size() > 20 || !std::ranges::all_of(value, is_digit)) return {};
    std::uint64_t size = 0;
    auto result = std::from_chars(value.data(), value.data() + value.size(), size);
    return result.ec == std::errc{} ? size : UINT64_MAX;
}

// xtext = *( xchar / hexchar ); hexchar = "+" and two upper case hexadecimal digits
std::optional<std::string> decode_xtext(std::string_view text)
{
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c <= ' ' || c > '~' || c == '=') return {};
        if (c != '+') {
            decoded += c;
            continue;
        }
        const auto digits = text.substr(i + 1, 2);
        const bool upper = std::ranges::none_of(digits, [](char d) { return d >= 'a'; });
        const auto octet = digits.size() == 2 && upper ? hex(digits) : std::nullopt;
        if (!octet) return {};
        decoded += static_cast<char>(*octet);
        i += 2;
    }
    return decoded;
}

bool is_envid(std::string_view value)
{
    return value.size() <= max_envid && is_printable_xtext(value);
}

// notify-esmtp-value = "NEVER" / 1#( "SUCCESS" / "FAILURE" / "DELAY" ), in any case
bool is_notify(std::string_view value)
{
    if (same_word(value, "NEVER")) return true;
    for (bool more = true; more;) {
        const auto comma = value.find(',');
        more = comma != value.npos;
        const auto word = value.substr(0, comma);
        if (!same_word(word, "SUCCESS") && !same_word(word, "FAILURE") && !same_word(word, "DELAY"))
            return false;
        if (more) value.remove_prefix(comma + 1);
    }
    return true;
}

// original-recipient-address = addr-type ";" xtext; addr-type = atom
bool is_orcpt(std::string_view value)
{
    if (value.size() > max_orcpt) return false;
    Cursor cursor{value};
    const auto type = cursor.take_while(is_atext);
    if (type.empty() || !cursor.take(';') || cursor.at_end()) return false;
    return same_word(type, "utf-8") ? is_utf8_address(cursor.rest)
                                    : is_printable_xtext(cursor.rest);
}

bool is_submitter(std::string_view value)
{
    const auto decoded = decode_xtext(value);
    return decoded && (*decoded == "<>" || (is_utf8(*decoded) && is_mailbox(*decoded)));
}

} // namespace portico::smtp
