#include "net/reactor.hpp"
#include "net/registry.hpp"
#include "tests/net/client.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <unistd.h>

namespace portico::net {
namespace {

const auto loopback = asio::ip::make_address("127.0.0.1");

struct Ports : testing::Test {
    Reactor reactor{2};
    Registry registry{reactor};
    Owner smtp{"smtp", "portico.toml:3"};
    Owner pop3{"pop3", "portico.toml:7"};
};

TEST_F(Ports, AutoTakesAFreePortAbove1024)
{
    auto lease = registry.claim({Transport::tcp, loopback, 0}, smtp);
    ASSERT_TRUE(lease);
    EXPECT_GT(lease->endpoint().port, 1024);
    const auto ports = registry.ports();
    ASSERT_EQ(ports.size(), 1U);
    EXPECT_EQ(ports[0].service, "smtp");
    EXPECT_EQ(ports[0].state, PortState::bound);
    EXPECT_EQ(ports[0].endpoint, lease->endpoint());
}

TEST_F(Ports, AConflictNamesTheOtherPortsLine)
{
    auto lease = registry.claim({Transport::tcp, loopback, 0}, smtp);
    ASSERT_TRUE(lease);
    auto second = registry.claim(lease->endpoint(), pop3);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ClaimFailure::taken);
    EXPECT_NE(second.error().why.find("portico.toml:3"), std::string::npos) << second.error().why;
    auto everywhere =
        registry.claim({Transport::tcp, asio::ip::address_v4::any(), lease->endpoint().port}, pop3);
    ASSERT_FALSE(everywhere);
    EXPECT_NE(everywhere.error().why.find("portico.toml:3"), std::string::npos);
    const auto ports = registry.ports();
    ASSERT_EQ(ports.size(), 3U);
    EXPECT_EQ(ports[1].state, PortState::failed);
    EXPECT_EQ(ports[1].why, second.error().why);
}

TEST_F(Ports, AConflictNamesTheForeignProcess)
{
    auto foreign = bind_socket({Transport::tcp, loopback, 0}, Sharing::with_other_loops);
    ASSERT_TRUE(foreign);
    const auto taken = local_endpoint(foreign->get(), Transport::tcp);
    auto lease = registry.claim(taken, smtp);
    ASSERT_FALSE(lease) << "bound beside a socket with SO_REUSEPORT";
    EXPECT_NE(lease.error().why.find(std::to_string(::getpid())), std::string::npos)
        << lease.error().why;
}

TEST_F(Ports, SharedSocketsTakeConnectionsOfOnePort)
{
    auto lease = registry.claim({Transport::tcp, loopback, 0}, smtp);
    ASSERT_TRUE(lease);
    auto first = lease->take_socket();
    auto second = lease->share();
    ASSERT_TRUE(second) << second.error().message();
    EXPECT_EQ(local_endpoint(second->get(), Transport::tcp), lease->endpoint());
    EXPECT_TRUE(tests::Client{lease->endpoint()}.connected());
}

TEST_F(Ports, TheSamePortOfOtherFamiliesAndTransportsIsFree)
{
    auto tcp = registry.claim({Transport::tcp, loopback, 0}, smtp);
    ASSERT_TRUE(tcp);
    const auto port = tcp->endpoint().port;
    EXPECT_TRUE(registry.claim({Transport::udp, loopback, port}, smtp));
    if (std::ifstream{"/proc/net/if_inet6"}.peek() == std::ifstream::traits_type::eof())
        GTEST_SKIP() << "this machine has no IPv6";
    EXPECT_TRUE(registry.claim({Transport::tcp, asio::ip::make_address("::1"), port}, smtp));
}

TEST_F(Ports, AnEndedLeaseFreesItsPort)
{
    Endpoint endpoint;
    {
        auto lease = registry.claim({Transport::tcp, loopback, 0}, smtp);
        ASSERT_TRUE(lease);
        endpoint = lease->endpoint();
        lease->drain();
        EXPECT_EQ(registry.ports()[0].state, PortState::draining);
    }
    EXPECT_TRUE(registry.ports().empty());
    EXPECT_TRUE(registry.claim(endpoint, pop3));
}

TEST_F(Ports, AnAddressOfNoInterfaceIsSaidToBeSo)
{
    auto lease = registry.claim({Transport::tcp, asio::ip::make_address("192.0.2.1"), 0}, smtp);
    ASSERT_FALSE(lease);
    EXPECT_EQ(lease.error().kind, ClaimFailure::no_such_address);
}

TEST(WellKnown, NamesAreIanas)
{
    EXPECT_EQ(well_known_name(Transport::tcp, 25), "smtp");
    EXPECT_EQ(well_known_name(Transport::tcp, 110), "pop3");
    EXPECT_EQ(well_known_name(Transport::udp, 514), "syslog");
    EXPECT_EQ(well_known_name(Transport::tcp, 514), "shell");
    EXPECT_EQ(well_known_name(Transport::tcp, 24), "");
    EXPECT_EQ(well_known_name(Transport::tcp, 65535), "");
}

} // namespace
} // namespace portico::net
