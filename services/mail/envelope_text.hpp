#pragma once

#include "services/mail/envelope.hpp"

#include <string>
#include <string_view>
#include <vector>

/// An envelope as the columns of its row keep it. Pure.
namespace portico::mail {

/// Of MAIL, as a client would write them: "BODY=8BITMIME SMTPUTF8".
std::string parameters_text(const Envelope& envelope);

/// The recipients, one a line, each with the parameters of its RCPT behind tabs. A line without an
/// address holds what we add to the envelope: "USER=" and, in xtext (RFC 3461 section 4), who had
/// logged in. It stands here because what is behind the body is slow to read.
std::string recipients_text(const Envelope& envelope);

struct Addressed {
    std::vector<std::string> recipients; // addresses
    std::string username;
};
Addressed parse_recipients(std::string_view text);

} // namespace portico::mail
