#include "services/smtp/parse.hpp"

#include "services/smtp/parameters.hpp"
#include "services/smtp/path.hpp"
#include "services/smtp/utf8.hpp"

#include <algorithm>
#include <charconv>

namespace portico::smtp {

namespace {

std::string_view take_word(Cursor& cursor)
{
    auto word = cursor.take_while([](char c) { return c != ' '; });
    cursor.take_while([](char c) { return c == ' '; });
    return word;
}

/// Whether the client asks for UTF-8, also where the path before it is none.
bool asks_for_utf8(std::string_view arguments)
{
    for (Cursor cursor{arguments}; !cursor.at_end();)
        if (const auto word = take_word(cursor);
            same_word(word.substr(0, word.find('=')), "SMTPUTF8"))
            return true;
    return false;
}

/// "FROM:" or "TO:" and a path. RFC 5321 section 4.1.1.2: no space beside the colon.
std::expected<std::string_view, ParseError> take_introduced_path(Cursor& cursor,
                                                                 std::string_view introduction,
                                                                 Direction direction, bool smtputf8)
{
    if (!cursor.take_word(introduction)) return std::unexpected{ParseError::syntax};
    const auto start = cursor.rest;
    auto path = take_path(cursor, direction);
    if (path && !cursor.at_end() && cursor.rest.front() != ' ')
        path = std::unexpected{ParseError::path_syntax};
    const bool ascii = std::ranges::all_of(path ? cursor.since(start) : start, is_ascii);
    // An octet over 127 explains why this is no path, or why it is one only with SMTPUTF8.
    if (!ascii && !smtputf8 && (path || path.error() == ParseError::path_syntax))
        return std::unexpected{ParseError::non_ascii_path};
    if (path && !is_utf8(*path)) return std::unexpected{ParseError::path_syntax};
    return path;
}

constexpr auto bad_value = std::unexpected{ParseError::parameter_syntax};

std::expected<void, ParseError> apply(const Parameter& parameter, MailArguments& arguments)
{
    const auto is = [&](std::string_view keyword) { return same_word(parameter.keyword, keyword); };
    const auto value = parameter.value.value_or("");
    if (is("SIZE")) {
        arguments.size = parse_size(value);
        if (!arguments.size) return bad_value;
    } else if (is("BODY")) {
        if (value.empty()) return bad_value;
        if (same_word(value, "7BIT"))
            arguments.body = mail::BodyType::seven_bit;
        else if (same_word(value, "8BITMIME"))
            arguments.body = mail::BodyType::eight_bit;
        else if (same_word(value, "BINARYMIME"))
            arguments.body = mail::BodyType::binary;
        else
            return std::unexpected{ParseError::parameter_value};
    } else if (is("SMTPUTF8")) {
        if (parameter.value) return bad_value; // RFC 6531 section 3.4
        arguments.smtputf8 = true;
    } else if (is("RET")) {
        for (std::string_view known : {"FULL", "HDRS"})
            if (same_word(value, known)) arguments.ret = known;
        if (arguments.ret.empty()) return bad_value;
    } else if (is("ENVID")) {
        if (value.empty() || !is_envid(value)) return bad_value;
        arguments.envid = value;
    } else if (is("AUTH")) {
        if (!is_submitter(value)) return bad_value;
        arguments.submitter = value;
    } else {
        return std::unexpected{ParseError::parameter_unknown};
    }
    return {};
}

std::expected<void, ParseError> apply(const Parameter& parameter, RcptArguments& arguments)
{
    const auto is = [&](std::string_view keyword) { return same_word(parameter.keyword, keyword); };
    const auto value = parameter.value.value_or("");
    if (is("NOTIFY")) {
        if (!is_notify(value)) return bad_value;
        arguments.notify = value;
    } else if (is("ORCPT")) {
        if (!is_orcpt(value)) return bad_value;
        arguments.orcpt = value;
    } else {
        return std::unexpected{ParseError::parameter_unknown};
    }
    return {};
}

/// The parameters that are left, into `arguments`.
template <class Arguments>
std::expected<Arguments, ParseError> with_parameters(Cursor& cursor, Arguments arguments,
                                                     bool smtputf8)
{
    const auto text = cursor.rest;
    // RFC 6531 section 3.3 lets values be UTF-8.
    if (!(smtputf8 ? is_utf8(text) : std::ranges::all_of(text, is_ascii))) return bad_value;
    auto parameters = take_parameters(cursor);
    if (!parameters) return std::unexpected{parameters.error()};
    for (const auto& parameter : *parameters)
        if (auto applied = apply(parameter, arguments); !applied)
            return std::unexpected{applied.error()};
    return arguments;
}

} // namespace

CommandLine parse_command(std::string_view line)
{
    // RFC 5321 section 4.1.1: receivers tolerate white space before the line end.
    while (line.ends_with(' ') || line.ends_with('\t')) line.remove_suffix(1);
    Cursor cursor{line};
    const auto verb = take_word(cursor);
    return {.verb = verb, .arguments = cursor.rest};
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
    const bool smtputf8 = asks_for_utf8(arguments);
    auto path = take_introduced_path(cursor, "FROM:", Direction::reverse, smtputf8);
    if (!path) return std::unexpected{path.error()};
    MailArguments result;
    result.reverse_path = *path;
    return with_parameters(cursor, result, smtputf8);
}

std::expected<RcptArguments, ParseError> parse_rcpt(std::string_view arguments, bool smtputf8)
{
    Cursor cursor{arguments};
    auto path = take_introduced_path(cursor, "TO:", Direction::forward, smtputf8);
    if (!path) return std::unexpected{path.error()};
    RcptArguments result;
    result.forward_path = *path;
    return with_parameters(cursor, result, smtputf8);
}

// "VRFY" SP String [SP "SMTPUTF8"]
std::expected<VrfyArguments, ParseError> parse_vrfy(std::string_view arguments)
{
    constexpr std::string_view parameter = " SMTPUTF8";
    VrfyArguments result{.string = arguments};
    const auto before = arguments.size() - std::min(arguments.size(), parameter.size());
    if (same_word(arguments.substr(before), parameter)) {
        result.smtputf8 = true;
        result.string = arguments.substr(0, before);
    }
    if (result.string.empty()) return std::unexpected{ParseError::syntax};
    if (!result.smtputf8 && !std::ranges::all_of(result.string, is_ascii))
        return std::unexpected{ParseError::non_ascii_path};
    if (!is_utf8(result.string)) return std::unexpected{ParseError::path_syntax};
    return result;
}

// bdat-cmd = "BDAT" SP chunk-size [ SP end-marker ]; chunk-size = 1*DIGIT (RFC 3030 section 2)
std::expected<BdatArguments, ParseError> parse_bdat(std::string_view arguments)
{
    Cursor cursor{arguments};
    const auto digits = cursor.take_while(is_digit);
    if (digits.empty() || (!cursor.at_end() && cursor.rest.front() != ' '))
        return std::unexpected{ParseError::syntax};
    BdatArguments result{.size = 0, .last = false, .well_formed = true};
    auto read = std::from_chars(digits.data(), digits.data() + digits.size(), result.size);
    if (read.ec != std::errc{}) result.size = UINT64_MAX;
    cursor.take_while([](char c) { return c == ' '; });
    if (!cursor.at_end()) result.last = result.well_formed = same_word(cursor.rest, "LAST");
    return result;
}

std::expected<AuthArguments, ParseError> parse_auth(std::string_view arguments)
{
    Cursor cursor{arguments};
    AuthArguments result{.mechanism = take_word(cursor), .initial = {}};
    if (result.mechanism.empty()) return std::unexpected{ParseError::syntax};
    if (!cursor.at_end()) result.initial = take_word(cursor);
    if (!cursor.at_end()) return std::unexpected{ParseError::syntax};
    return result;
}

} // namespace portico::smtp
