#include "services/smtp/reply.hpp"

#include <utility>

namespace portico::smtp {

Reply reply_to(ParseError error, PathOf path)
{
    // RFC 3463: X.1.7 is the sender's address, X.1.3 the recipient's.
    const std::string_view bad_address = path == PathOf::sender ? "5.1.7" : "5.1.3";
    switch (error) {
    case ParseError::syntax:
        return {501, "5.5.4",
                path == PathOf::sender ? "Syntax: MAIL FROM:<address> [parameters]"
                                       : "Syntax: RCPT TO:<address> [parameters]"};
    case ParseError::path_syntax: return {501, bad_address, "Bad address syntax"};
    case ParseError::path_too_long: return {501, bad_address, "Address too long"};
    case ParseError::non_ascii_path: // RFC 6531 section 3.5
        return {static_cast<std::uint16_t>(path == PathOf::sender ? 550 : 553), "5.6.7",
                "Non-ASCII addresses are not permitted without SMTPUTF8"};
    case ParseError::parameter_syntax: return {501, "5.5.4", "Bad parameter syntax"};
    case ParseError::parameter_repeated: return {501, "5.5.4", "Parameter given twice"};
    case ParseError::parameter_unknown: return {555, "5.5.4", "Parameter not recognized"};
    case ParseError::parameter_value: return {504, "5.5.4", "BODY value not implemented"};
    }
    std::unreachable();
}

Reply reply_to(mail::StoreError error)
{
    switch (error) {
    case mail::StoreError::full: return {452, "4.3.1", "Insufficient system storage"};
    case mail::StoreError::mailbox_full: return {452, "4.2.2", "Mailbox full"}; // RFC 3463, 3.3
    case mail::StoreError::failing:
    case mail::StoreError::damaged:
    case mail::StoreError::gone:
    case mail::StoreError::in_use: break;
    }
    return {451, "4.3.0", "Local error, message not accepted, try again later"};
}

} // namespace portico::smtp
