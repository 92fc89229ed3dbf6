#include "net/endpoint.hpp"

#include <fmt/core.h>
namespace portico::net {
std::string_view to_string(Transport t)
{
    return t == Transport::tcp ? "tcp" : t == Transport::udp ? "udp" : "local";
}
std::string to_string(const Endpoint& e)
{
    if (e.transport == Transport::local) return "local";
    return e.address.is_v4() ? fmt::format("{}:{}", e.address.to_string(), e.port)
                             : fmt::format("[{}]:{}", e.address.to_string(), e.port);
}
std::string to_string(const FiveTuple& t)
{
    return fmt::format("{} {} > {}", to_string(t.server.transport), to_string(t.client),
                       to_string(t.server));
}
} // namespace portico::net
