#include "services/console/scrape.hpp"

#include "services/console/metrics.hpp"

#include <array>

namespace portico::console {

namespace {

using enum Metrics::Kind;

struct PortFamily {
    std::string_view name;
    Metrics::Kind kind;
    std::string_view help;
    std::uint64_t net::PortStatus::*value;
};

constexpr std::array port_families{
    PortFamily{"portico_connections", gauge, "Connections that are open.", &net::PortStatus::open},
    PortFamily{"portico_connections_accepted_total", counter, "Connections that were taken.",
               &net::PortStatus::accepted},
    PortFamily{"portico_connections_refused_total", counter,
               "Connections over max_connections or max_connections_per_peer.",
               &net::PortStatus::refused},
    PortFamily{"portico_received_bytes_total", counter, "Octets from clients.",
               &net::PortStatus::bytes_in},
    PortFamily{"portico_sent_bytes_total", counter, "Octets to clients.",
               &net::PortStatus::bytes_out},
};

template <class Add>
void for_each_port(const std::vector<net::PortStatus>& ports, Add add)
{
    for (const auto& port : ports) {
        const auto address = port.endpoint.address.to_string();
        const auto number = std::to_string(port.endpoint.port);
        add(port, Metrics::Labels{{"service", port.service},
                                  {"transport", net::to_string(port.endpoint.transport)},
                                  {"address", address},
                                  {"port", number}});
    }
}

} // namespace

std::string scrape(const Measured& measured)
{
    Metrics metrics;
    metrics.family("portico_info", gauge, "Which portico this is.");
    metrics.sample({{"version", measured.version}}, std::uint64_t{1});
    metrics.family("portico_port_bound", gauge, "Whether a declared port is bound: 1, or 0.");
    for_each_port(measured.ports, [&](const net::PortStatus& port, Metrics::Labels labels) {
        metrics.sample(labels, std::uint64_t{port.state == net::PortState::bound});
    });
    for (const auto& [name, kind, help, value] : port_families) {
        metrics.family(name, kind, help);
        for_each_port(measured.ports, [&](const net::PortStatus& port, Metrics::Labels labels) {
            metrics.sample(labels, port.*value);
        });
    }
    // As Prometheus' client libraries name them.
    const auto& process = measured.process;
    metrics.family("process_cpu_seconds_total", counter, "User and system time.");
    metrics.sample({}, process.cpu_seconds);
    metrics.family("process_resident_memory_bytes", gauge, "Resident memory.");
    metrics.sample({}, process.resident_bytes);
    metrics.family("process_open_fds", gauge, "Open file descriptors.");
    metrics.sample({}, process.open_files);
    metrics.family("process_max_fds", gauge, "How many may be open.");
    metrics.sample({}, process.most_open_files);
    metrics.family("process_start_time_seconds", gauge, "Start, in seconds since 1970.");
    metrics.sample({}, std::chrono::duration<double>(measured.since.time_since_epoch()).count());
    return metrics.text();
}

} // namespace portico::console
