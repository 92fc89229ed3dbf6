#pragma once

#include <string>
#include <vector>

namespace portico::mail {

/// One recipient: the address as the client gave it, and the mailbox it leads to.
struct Recipient {
    std::string address; // without angle brackets: "Ana@example.test"
    std::string mailbox; // "ana@example.test"
};

/// What stands on the outside of a message (RFC 5321 section 2.3.1).
struct Envelope {
    std::string reverse_path; // without angle brackets; "" is the null reverse path
    std::vector<Recipient> recipients;
};

} // namespace portico::mail
