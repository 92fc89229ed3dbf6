#pragma once

#include <asio/ip/address.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace portico::net {

/// `local` is a UNIX-domain stream socket; it has no address and no port.
enum class Transport : std::uint8_t { tcp, udp, local };

std::string_view to_string(Transport transport);

/// One end of a conversation, or a place to wait for one.
struct Endpoint {
    Transport transport = Transport::tcp;
    asio::ip::address address;
    std::uint16_t port = 0;

    bool operator==(const Endpoint&) const = default;
};

/// "127.0.0.1:25", "[::1]:25"; "local" for a UNIX-domain socket.
std::string to_string(const Endpoint& endpoint);

/// What tells one connection from every other: transport, server and client.
struct FiveTuple {
    Endpoint server; // its transport is the connection's
    Endpoint client;
};

/// "tcp 127.0.0.1:40112 > 127.0.0.1:25": from the client to the server.
std::string to_string(const FiveTuple& tuple);

} // namespace portico::net
