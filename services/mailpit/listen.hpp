#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portico::mailpit {

/// Where to listen, or what to ask.
struct Listen {
    std::vector<std::string> bind; // canonical IP addresses
    std::uint16_t port = 0;

    bool operator==(const Listen&) const = default;
};

/// "[::]:8025" and ":8025", which are every address of both families; "0.0.0.0:8025",
/// "127.0.0.1:8025", "[::1]:8025", "localhost:8025". Nothing if it is something else.
std::optional<Listen> parse_listen(std::string_view text);

/// The address at which this machine reaches who listens there.
std::string address_of(const Listen& listen);

} // namespace portico::mailpit
