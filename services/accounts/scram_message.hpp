#pragma once

#include "services/accounts/step.hpp"

#include <expected>
#include <string>
#include <string_view>

/// What a client says in SCRAM: RFC 5802 section 7. Views are into the message.
namespace portico::accounts {

/// "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"
struct ScramClientFirst {
    char cbind_flag;             // n, y or p
    std::string_view cb_name;    // with p
    std::string authzid;         // decoded; "": none
    std::string_view gs2_header; // with its last comma
    std::string_view bare;       // what follows it
    std::string username;        // decoded
    std::string_view nonce;
};
std::expected<ScramClientFirst, Refused> parse_scram_client_first(std::string_view message);

/// "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
struct ScramClientFinal {
    std::string cbind_input; // decoded
    std::string_view nonce;
    std::string proof; // decoded
    std::string_view without_proof;
};
std::expected<ScramClientFinal, Refused> parse_scram_client_final(std::string_view message);

} // namespace portico::accounts
