#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace portico::mime {

/// A mailbox (RFC 5322 section 3.4), decoded, in UTF-8.
struct Address {
    std::string name = {};    // without quotes; "" if none
    std::string address = {}; // "" only in what parse_from() could not read

    bool operator==(const Address&) const = default;
};

/// An address-list, with groups' members among the others, and the obsolete forms. What has no
/// address in it is left out: `root`, an empty group.
std::vector<Address> parse_addresses(std::string_view text);

/// The first of a From field. If there is none, all of the field is the name.
Address parse_from(std::string_view text);

} // namespace portico::mime
