#include "services/mailpit/environment.hpp"
#include "services/mailpit/listen.hpp"
#include "services/mailpit/probe.hpp"

#include <gtest/gtest.h>

namespace portico::mailpit {
namespace {

TEST(MailpitListen, ReadsAddresses)
{
    const std::vector<std::string> all{"0.0.0.0", "::"};
    EXPECT_EQ(parse_listen("[::]:8025"), (Listen{all, 8025}));
    EXPECT_EQ(parse_listen(":1"), (Listen{all, 1}));
    EXPECT_EQ(parse_listen("0.0.0.0:65535"), (Listen{{"0.0.0.0"}, 65535}));
    EXPECT_EQ(parse_listen("192.0.2.1:25"), (Listen{{"192.0.2.1"}, 25}));
    EXPECT_EQ(parse_listen("[0::1]:25"), (Listen{{"::1"}, 25}));
    EXPECT_EQ(parse_listen("LocalHost:25"), (Listen{{"127.0.0.1", "::1"}, 25}));
    for (const auto* wrong :
         {"", "8025", "a:", ":", ":0", ":65536", ":-1", ":8025x", "::1:25", "[127.0.0.1]:25",
          "[::1:25", "mx.example.test:25", "unix:/run/mailpit.sock:0666", "[]x:25"})
        EXPECT_EQ(parse_listen(wrong), std::nullopt) << wrong;
}

TEST(MailpitListen, KnowsWhereThisMachineReachesIt)
{
    EXPECT_EQ(address_of(*parse_listen("[::]:1")), "127.0.0.1");
    EXPECT_EQ(address_of(*parse_listen("192.0.2.1:1")), "192.0.2.1");
    EXPECT_EQ(address_of({{"::"}, 1}), "::1");
}

TEST(MailpitProbe, FindsTheConsole)
{
    auto config = defaults();
    EXPECT_EQ(console_of(config), (Place{"127.0.0.1", 8025, false, ""}));
    EXPECT_EQ(accessible_line(*console_of(config)),
              "[http] accessible via http://localhost:8025/\n");
    auto& port = config.ports.at(1);
    port.bind = {"::1"};
    port.tls = config::PortTls::implicit;
    std::get<config::Console>(port.options).webroot = "/mail";
    EXPECT_EQ(console_of(config), (Place{"::1", 8025, true, "/mail"}));
    EXPECT_EQ(accessible_line(*console_of(config)),
              "[http] accessible via https://localhost:8025/mail/\n");
    config.ports.erase(config.ports.begin() + 1);
    EXPECT_EQ(console_of(config), std::nullopt);
}

} // namespace
} // namespace portico::mailpit
