#pragma once

#include "services/mail/error.hpp"
#include "services/mail/message.hpp"
#include "services/pop3/error.hpp"
#include "services/pop3/parse.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace portico::pop3 {

// Status lines without their CRLF (RFC 1939 section 3); a code in brackets is an extended
// response code (RFC 2449 section 8, RFC 3206).
inline constexpr std::string_view ok = "+OK";
inline constexpr std::string_view send_password = "+OK send PASS";
inline constexpr std::string_view capabilities_follow = "+OK capabilities follow";
inline constexpr std::string_view mechanisms_follow = "+OK mechanisms follow";
inline constexpr std::string_view begin_tls = "+OK begin TLS negotiation";
inline constexpr std::string_view utf8_enabled = "+OK UTF-8 from now on";
inline constexpr std::string_view unique_ids_follow = "+OK unique-ids follow";
inline constexpr std::string_view top_follows = "+OK top of message follows";

inline constexpr std::string_view unknown_command = "-ERR unknown command";
inline constexpr std::string_view log_in_first = "-ERR log in first";
inline constexpr std::string_view already_logged_in = "-ERR already logged in";
inline constexpr std::string_view user_first = "-ERR send USER first";
inline constexpr std::string_view no_argument_expected = "-ERR this command takes no argument";
inline constexpr std::string_view argument_missing = "-ERR this command needs an argument";
inline constexpr std::string_view number_expected = "-ERR a message number is expected";
inline constexpr std::string_view two_numbers_expected =
    "-ERR a message number and a number of lines are expected";
inline constexpr std::string_view no_such_message = "-ERR no such message";
inline constexpr std::string_view unreadable_message =
    "-ERR [SYS/TEMP] the message cannot be read now";
inline constexpr std::string_view damaged_message = "-ERR [SYS/PERM] the message is damaged";
inline constexpr std::string_view not_removed = "-ERR [SYS/TEMP] some deleted messages not removed";
inline constexpr std::string_view not_removed_for_good =
    "-ERR [SYS/PERM] some deleted messages not removed: the maildrop is damaged";
inline constexpr std::string_view too_many_errors = "-ERR too many errors";
inline constexpr std::string_view shutting_down = "-ERR [SYS/TEMP] server is shutting down";
inline constexpr std::string_view too_many_connections = "-ERR [SYS/TEMP] Too many connections";

// No [AUTH] where no credentials were looked at: it makes clients ask for another password
// (RFC 3206 section 5).
inline constexpr std::string_view stls_first = "-ERR send STLS first";
inline constexpr std::string_view password_needs_tls =
    "-ERR a password is not taken in clear: send STLS first";
inline constexpr std::string_view password_not_taken = "-ERR a password is not taken in clear";
inline constexpr std::string_view tls_active = "-ERR TLS is active"; // RFC 2595 section 4
inline constexpr std::string_view tls_not_offered = "-ERR TLS is not offered here";
inline constexpr std::string_view apop_not_offered = "-ERR APOP is not offered here";
inline constexpr std::string_view name_and_digest_expected =
    "-ERR a name and a digest of 32 lower-case hexadecimal digits are expected";
inline constexpr std::string_view mechanism_expected =
    "-ERR a mechanism and at most one initial response are expected";
inline constexpr std::string_view mechanism_not_offered = "-ERR this mechanism is not offered here";
inline constexpr std::string_view no_mechanism = "-ERR no mechanism is offered here";
inline constexpr std::string_view not_base64 = "-ERR not base64";
inline constexpr std::string_view response_too_long =
    "-ERR response too long (12288 octets at most)";
inline constexpr std::string_view authentication_cancelled = "-ERR authentication cancelled";
inline constexpr std::string_view too_many_failures = "-ERR [AUTH] too many failed logins";
inline constexpr std::string_view not_utf8 = "-ERR not UTF-8";
inline constexpr std::string_view needs_utf8 =
    "-ERR [UTF8] the header of this message is in UTF-8: send UTF8 before logging in";

std::string_view reply_to(LineError error);
std::string_view reply_to(LoginError error);
std::string_view reply_to(mail::StoreError error); // before a message's first octet

/// With the timestamp that APOP needs; "": without one.
std::string greeting(std::string_view host, std::string_view timestamp);
std::string signing_off(std::string_view host);
std::string signing_off(std::string_view host, std::size_t messages_left);
std::string maildrop_has(std::size_t messages, std::uint64_t octets);
std::string drop_listing(std::size_t messages, std::uint64_t octets); // RFC 1939: STAT
std::string scan_listings_follow(std::size_t messages, std::uint64_t octets);
/// Of LIST and UIDL, without CRLF: a maildrop may have very many.
void add_scan_listing(std::size_t number, const mail::Message& message, std::string& output);
void add_unique_id_listing(std::size_t number, const mail::Message& message, std::string& output);
std::string octets_follow(std::uint64_t octets);
std::string message_deleted(std::size_t number);

/// A message on its way out as the body of a multi-line response (RFC 1939 section 3):
/// dot-stuffed, and for TOP cut after so many lines of its body. Takes the message in pieces cut
/// anywhere and keeps none of it.
///
/// A line ends with CRLF and with nothing else here, so that a strict reader gets back exactly
/// what was stored, be it malformed.
class Body {
public:
    static constexpr auto all = std::numeric_limits<std::uint64_t>::max();

    /// `lines`: of the message's body; header and blank line go out in any case.
    explicit Body(std::uint64_t lines) : lines_{lines} {}

    /// Appends to `output` what of `piece` belongs there.
    void add(std::string_view piece, std::string& output);

    /// Appends the end: a CRLF if the message has none there, then the line with the dot.
    void end(std::string& output);

    /// TOP's last line is out: no more of the message is wanted.
    bool enough() const { return !header_ && lines_ == 0; }

    /// Octets of the message gone out so far, stuffed dots not counted.
    std::uint64_t octets() const { return octets_; }

private:
    void add_all(std::string_view piece, std::string& output);
    void line_ended();

    std::uint64_t lines_; // of the body, still to come
    std::uint64_t octets_ = 0;
    std::uint64_t line_octets_ = 0; // of the line so far; 0: a line starts
    char last_ = '\n';
    bool header_ = true;
};

} // namespace portico::pop3
