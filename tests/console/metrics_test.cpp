#include "services/console/metrics.hpp"
#include "services/console/scrape.hpp"

#include <gtest/gtest.h>

namespace portico::console {
namespace {

TEST(ConsoleMetrics, WritesPrometheusText)
{
    Metrics metrics;
    metrics.family("a_total", Metrics::Kind::counter, "Of a.");
    metrics.sample({}, std::uint64_t{18446744073709551615U});
    metrics.sample({{"x", "1"}, {"y", "\"\\\n"}}, 0.5);
    metrics.family("b", Metrics::Kind::gauge, "Of b.");
    metrics.sample({{"x", ""}}, 1e21);
    EXPECT_EQ(metrics.text(), "# HELP a_total Of a.\n"
                              "# TYPE a_total counter\n"
                              "a_total 18446744073709551615\n"
                              "a_total{x=\"1\",y=\"\\\"\\\\\\n\"} 0.5\n"
                              "# HELP b Of b.\n"
                              "# TYPE b gauge\n"
                              "b{x=\"\"} 1e+21\n");
}

TEST(ConsoleMetrics, TellsOfEveryPort)
{
    net::PortStatus bound{};
    bound.endpoint = {net::Transport::tcp, asio::ip::make_address("127.0.0.1"), 25};
    bound.service = "smtp";
    bound.open = 3;
    bound.accepted = 10;
    bound.bytes_in = 11;
    auto failed = bound;
    failed.endpoint.address = asio::ip::make_address("::1");
    failed.state = net::PortState::failed;
    const auto text =
        scrape({.version = "1.2.3",
                .since = std::chrono::system_clock::time_point{std::chrono::seconds{1'000'000'000}},
                .process = {.cpu_seconds = 1.5,
                            .resident_bytes = 4096,
                            .open_files = 7,
                            .most_open_files = 1024},
                .ports = {bound, failed}});
    const std::string labels =
        "{service=\"smtp\",transport=\"tcp\",address=\"127.0.0.1\",port=\"25\"} ";
    const std::string of_failed =
        "{service=\"smtp\",transport=\"tcp\",address=\"::1\",port=\"25\"} ";
    for (const auto& line :
         {"portico_info{version=\"1.2.3\"} 1\n", "process_cpu_seconds_total 1.5\n",
          "process_resident_memory_bytes 4096\n", "process_open_fds 7\n",
          "process_start_time_seconds 1000000000\n"})
        EXPECT_NE(text.find(line), text.npos) << line << text;
    for (const auto& line :
         {"portico_port_bound" + labels + "1\n", "portico_port_bound" + of_failed + "0\n",
          "portico_connections" + labels + "3\n",
          "portico_connections_accepted_total" + labels + "10\n",
          "portico_received_bytes_total" + labels + "11\n"})
        EXPECT_NE(text.find(line), text.npos) << line << text;
}

} // namespace
} // namespace portico::console
