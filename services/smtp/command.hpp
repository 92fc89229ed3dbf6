#pragma once

#include "services/smtp/protocol.hpp"

namespace portico::smtp {

// RFC 5321 section 4.5.3.1.4, octets with CR LF. An extension may allow more.
constexpr std::size_t max_command_line = 512;

// MAIL: 26 for SIZE (RFC 1870 section 3), 17 for BODY (RFC 6152 section 2), 10 for SMTPUTF8
// (RFC 6531 section 3.1), 500 for AUTH (RFC 4954 section 3); RFC 3461 gives no sum, but its
// sections 4.3 and 4.4 what may stand in a line: " RET=FULL", " ENVID=" and 100.
constexpr std::size_t max_mail_line = max_command_line + 26 + 17 + 10 + 500 + 9 + 7 + 100;

// RCPT, of RFC 3461 sections 4.1 and 4.2: " NOTIFY=SUCCESS,FAILURE,DELAY", " ORCPT=" and 500
constexpr std::size_t max_rcpt_line = max_command_line + 29 + 7 + 500;

/// The longest that any command may be; what is longer was not even kept whole.
constexpr std::size_t max_line = std::max(max_mail_line, max_rcpt_line);

/// One row of RFC 5321 section 4.1.1.
struct Protocol::Command {
    std::string_view verb;
    Reply (Protocol::*handler)(std::string_view);
    State from; // section 4.1.4, the order of commands: before that state the answer is 503
    std::size_t max_line = max_command_line;
    bool in_clear = false; // also where `require_tls` asks for TLS first
};

} // namespace portico::smtp
