#include "net/endpoint.hpp"

#include <fmt/core.h>

namespace portico::net {

std::string_view to_string(Transport transport)
{
    switch (transport) {
    case Transport::tcp: return "tcp";
    case Transport::udp: return "udp";
    case Transport::local: return "local";
    }
    return "unknown";
}

std::string to_string(const Endpoint& endpoint)
{
    if (endpoint.transport == Transport::local) return "local";
    const auto address = endpoint.address.to_string();
    // RFC 3986 section 3.2.2: brackets keep the colons of IPv6 apart from the port's.
    return endpoint.address.is_v6() ? fmt::format("[{}]:{}", address, endpoint.port)
                                    : fmt::format("{}:{}", address, endpoint.port);
}

std::string to_string(const FiveTuple& tuple)
{
    // Both ends of a UNIX-domain socket are called the same.
    if (tuple.server.transport == Transport::local) return "local";
    return fmt::format("{} {} > {}", to_string(tuple.server.transport), to_string(tuple.client),
                       to_string(tuple.server));
}

} // namespace portico::net
