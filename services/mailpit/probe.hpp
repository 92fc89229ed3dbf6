#pragma once

#include "config/config.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace portico::mailpit {

/// Where a console of this machine can be asked, and how its URLs begin.
struct Place {
    std::string address;
    std::uint16_t port = 0; // 0: a free one, which only the running server knows
    bool tls = false;
    std::string webroot;

    bool operator==(const Place&) const = default;
};

/// Of the first console; nothing if there is none.
std::optional<Place> console_of(const config::Config& config);

/// What container libraries wait for on standard output, with its line end.
std::string accessible_line(const Place& place);

} // namespace portico::mailpit
