#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace portico::mailpit {

struct Login {
    std::string name;
    std::string secret; // in clear, or a crypt(3) hash

    bool operator==(const Login&) const = default;
};

/// "user:password" as often as needed, with white space between. The error is a sentence without a
/// password: {SHA}, {SSHA} and Apache's own MD5 are hashes that crypt(3) does not know.
std::expected<std::vector<Login>, std::string> parse_logins(std::string_view text);

/// What stands between any of `separators`, and is not empty.
std::vector<std::string> split(std::string_view text, std::string_view separators);

} // namespace portico::mailpit
