#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace portico::mail {

/// What the trace fields of a message say (RFC 5321 section 4.4). All of it has passed the
/// grammar of that section: nothing here is escaped.
struct Trace {
    std::string_view reverse_path;      // without angle brackets; "" is the null one
    std::string_view host_name;         // ours
    std::string_view client_name;       // as the client called itself in EHLO or HELO
    std::string_view client_address;    // an address literal: "[192.0.2.1]", "[IPv6:2001:db8::1]"
    std::string_view transmission_type; // "SMTP", "ESMTP"; "": none of IANA's
    std::string_view id;
    std::string_view recipient; // without brackets, if it is the only one: others stay private
    std::chrono::system_clock::time_point time;
};

/// `Return-Path:` and `Received:`, in this order, each ending in CR LF, and folded so that no
/// line is over 78 characters unless one word alone is (RFC 5322 section 2.1.1).
std::string trace_fields(const Trace& trace);

/// "Sun, 22 Nov 2026 22:32:54 +0000" (RFC 5322 section 3.3)
std::string date_time(std::chrono::system_clock::time_point time);

} // namespace portico::mail
