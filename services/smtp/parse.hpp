#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

/// The grammar of RFC 5321 section 4.1: bytes to values. What a command means is protocol.hpp's.
namespace portico::smtp {

enum class ParseError : std::uint8_t {
    bare_cr,            // RFC 5321 section 2.3.8: only the pair CR LF ends a line
    bare_lf,            //
    syntax,             // not the form the command has
    path_syntax,        // no path, or none of section 4.1.2
    path_too_long,      // section 4.5.3.1
    non_ascii_path,     // needs SMTPUTF8 (RFC 6531)
    parameter_syntax,   // not keyword[=value], or a value its extension does not know
    parameter_repeated, //
    parameter_unknown,  // of no extension we announce
    body_unsupported,   // BODY=BINARYMIME (RFC 3030) and whatever else is neither 7BIT nor 8BITMIME
};

/// A command line, without its line end and the white space before it.
struct CommandLine {
    std::string_view verb; // as sent, in any case
    std::string_view arguments;
};
std::expected<CommandLine, ParseError> parse_command(std::string_view line);

/// The argument of EHLO and HELO: a domain or an address literal.
std::expected<std::string_view, ParseError> parse_client_name(std::string_view arguments);

struct MailArguments {
    std::string_view reverse_path; // without angle brackets and source route; "" is the null one
    std::optional<std::uint64_t> size; // SIZE (RFC 1870), octets
    bool eight_bit = false;            // BODY=8BITMIME (RFC 6152)
};
std::expected<MailArguments, ParseError> parse_mail(std::string_view arguments);

/// The forward path of RCPT, without angle brackets and source route: "Ana@example.test", or
/// "postmaster" in any case (RFC 5321 section 4.5.1).
std::expected<std::string_view, ParseError> parse_rcpt(std::string_view arguments);

/// Equal but for the case of ASCII letters, as verbs and keywords are compared.
bool same_word(std::string_view a, std::string_view b);

} // namespace portico::smtp
