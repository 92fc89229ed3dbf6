#include "services/mailpit/probe.hpp"

#include "services/mailpit/listen.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace portico::mailpit {

std::optional<Place> console_of(const config::Config& config)
{
    for (const auto& port : config.ports) {
        const auto* console = std::get_if<config::Console>(&port.options);
        if (!console) continue;
        return Place{.address = address_of({port.bind, port.port}),
                     .port = port.port,
                     .tls = port.tls == config::PortTls::implicit,
                     .webroot = console->webroot};
    }
    return std::nullopt;
}

std::string accessible_line(const Place& place)
{
    return fmt::format("[http] accessible via {}://localhost:{}{}/\n", place.tls ? "https" : "http",
                       place.port, place.webroot);
}

} // namespace portico::mailpit
