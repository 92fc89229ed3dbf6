#include "net/endpoint.hpp"

#include <asio/ip/address.hpp>
#include <gtest/gtest.h>

namespace portico::net {
namespace {

Endpoint endpoint(Transport transport, const char* address, std::uint16_t port)
{
    return {transport, asio::ip::make_address(address), port};
}

TEST(Endpoint, IsAnAddressAndAPort)
{
    EXPECT_EQ(to_string(endpoint(Transport::tcp, "127.0.0.1", 25)), "127.0.0.1:25");
    EXPECT_EQ(to_string(endpoint(Transport::udp, "0.0.0.0", 65535)), "0.0.0.0:65535");
}

TEST(Endpoint, PutsIPv6IntoBrackets) // RFC 3986 section 3.2.2
{
    EXPECT_EQ(to_string(endpoint(Transport::tcp, "::1", 25)), "[::1]:25");
    EXPECT_EQ(to_string(endpoint(Transport::tcp, "2001:db8:0:0::7", 80)), "[2001:db8::7]:80");
}

TEST(Endpoint, OfAUnixSocketHasNoAddress)
{
    EXPECT_EQ(to_string(Endpoint{Transport::local, {}, 0}), "local");
}

TEST(FiveTuple, GoesFromTheClientToTheServer)
{
    const FiveTuple tuple{endpoint(Transport::tcp, "127.0.0.1", 25),
                          endpoint(Transport::tcp, "127.0.0.1", 40112)};
    EXPECT_EQ(to_string(tuple), "tcp 127.0.0.1:40112 > 127.0.0.1:25");
}

TEST(FiveTuple, TakesItsTransportFromTheServer)
{
    const FiveTuple tuple{endpoint(Transport::udp, "::", 53), endpoint(Transport::tcp, "::1", 9)};
    EXPECT_EQ(to_string(tuple), "udp [::1]:9 > [::]:53");
}

TEST(FiveTuple, OfAUnixSocketIsOneWord)
{
    const Endpoint end{Transport::local, {}, 0};
    EXPECT_EQ(to_string(FiveTuple{end, end}), "local");
}

} // namespace
} // namespace portico::net
