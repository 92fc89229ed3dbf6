#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace portico::mail {

/// One recipient: the address as the client gave it, and the mailbox it leads to.
struct Recipient {
    std::string address;     // without angle brackets: "Ana@example.test"
    std::string mailbox;     // "ana@example.test"
    std::string notify = {}; // RFC 3461 section 4.1, as it was sent: "SUCCESS,DELAY"; "": none
    std::string orcpt = {};  // section 4.2, as it was sent: "rfc822;Ana@example.test"; "": none
};

/// What the sender says the body is made of (RFC 6152, RFC 3030).
enum class BodyType : std::uint8_t { seven_bit, eight_bit, binary };

/// What stands on the outside of a message (RFC 5321 section 2.3.1).
struct Envelope {
    std::string reverse_path; // without angle brackets; "" is the null reverse path
    std::vector<Recipient> recipients;
    BodyType body = BodyType::seven_bit;
    bool smtputf8 = false;  // RFC 6531: addresses and header may be UTF-8
    std::string ret = {};   // RFC 3461 section 4.3: "FULL", "HDRS"; "": none
    std::string envid = {}; // section 4.4, in xtext as it was sent; "": none
    std::string username = {}; // who had logged in (RFC 4954); "": nobody
    // When it came, if that was not now: of a message that is imported.
    std::optional<std::chrono::system_clock::time_point> received = {};
};

} // namespace portico::mail
