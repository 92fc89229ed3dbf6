#pragma once

#include "services/mail/envelope.hpp"
#include "services/smtp/cursor.hpp"
#include "services/smtp/error.hpp"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

/// The grammar of commands, RFC 5321 section 4.1: bytes to values. What a command means is
/// protocol.hpp's.
namespace portico::smtp {

/// A command line, without its line end and the white space before it.
struct CommandLine {
    std::string_view verb; // as sent, in any case
    std::string_view arguments;
};
CommandLine parse_command(std::string_view line);

/// The argument of EHLO and HELO: a domain or an address literal.
std::expected<std::string_view, ParseError> parse_client_name(std::string_view arguments);

struct MailArguments {
    std::string_view reverse_path; // without angle brackets and source route; "" is the null one
    std::optional<std::uint64_t> size;               // SIZE (RFC 1870), octets
    mail::BodyType body = mail::BodyType::seven_bit; // BODY (RFC 6152, RFC 3030)
    bool smtputf8 = false;                           // RFC 6531
    std::string_view ret;                            // RFC 3461: "FULL", "HDRS"; "": none
    std::string_view envid;                          // as sent
    std::optional<std::string_view> submitter;       // AUTH (RFC 4954 section 5), as sent
};
std::expected<MailArguments, ParseError> parse_mail(std::string_view arguments);

struct RcptArguments {
    std::string_view forward_path; // without angle brackets and source route: "Ana@example.test"
    std::string_view notify;       // RFC 3461, as sent; "": none
    std::string_view orcpt;
};
/// `smtputf8`: whether this transaction's MAIL said so.
std::expected<RcptArguments, ParseError> parse_rcpt(std::string_view arguments, bool smtputf8);

struct VrfyArguments {
    std::string_view string; // a user or a mailbox
    bool smtputf8 = false;   // the reply may have UTF-8 in it (RFC 6531 section 3.7.4.2)
};
std::expected<VrfyArguments, ParseError> parse_vrfy(std::string_view arguments);

struct BdatArguments {
    std::uint64_t size; // of the chunk; what does not fit is UINT64_MAX
    bool last;
    bool well_formed; // no more than "LAST" follows; if not, the chunk still does
};
std::expected<BdatArguments, ParseError> parse_bdat(std::string_view arguments);

/// "AUTH" SP sasl-mech [SP initial-response] (RFC 4954 section 8)
struct AuthArguments {
    std::string_view mechanism;
    std::optional<std::string_view> initial; // in base64, or "="
};
std::expected<AuthArguments, ParseError> parse_auth(std::string_view arguments);

} // namespace portico::smtp
