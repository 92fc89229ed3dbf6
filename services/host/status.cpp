#include "services/host/status.hpp"

#include <fmt/chrono.h>
#include <nlohmann/json.hpp>

namespace portico::host {

nlohmann::json to_json(const net::PortStatus& port)
{
    return {{"transport", net::to_string(port.endpoint.transport)},
            {"address", port.endpoint.address.to_string()},
            {"port", port.endpoint.port},
            {"name", port.well_known},
            {"service", port.service},
            {"encryption", net::to_string(port.encryption)},
            {"origin", port.origin},
            {"state", net::to_string(port.state)},
            {"why", port.why},
            {"open", port.open},
            {"accepted", port.accepted},
            {"refused", port.refused},
            {"bytes_in", port.bytes_in},
            {"bytes_out", port.bytes_out}};
}

nlohmann::json to_json(const net::ConnectionStatus& connection,
                       std::chrono::system_clock::time_point now)
{
    const auto age = std::chrono::floor<std::chrono::seconds>(now - connection.since);
    return {{"number", connection.number},
            {"transport", net::to_string(connection.tuple.server.transport)},
            {"client", net::to_string(connection.tuple.client)},
            {"server", net::to_string(connection.tuple.server)},
            {"service", connection.service},
            {"tls", connection.tls},
            {"tls_version", connection.tls_version},
            {"bytes_in", connection.bytes_in},
            {"bytes_out", connection.bytes_out},
            {"since", to_text(connection.since)},
            {"seconds", age.count()},
            {"doing", connection.doing}};
}

std::string to_text(std::chrono::system_clock::time_point time)
{
    return fmt::format("{:%FT%T}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

} // namespace portico::host
