#include "services/host/port_file.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

namespace portico::host {

namespace fs = std::filesystem;

auto PortFile::write(const fs::path& path, const std::vector<net::PortStatus>& ports)
    -> std::expected<PortFile, std::string>
{
    auto list = nlohmann::json::array();
    for (const auto& port : ports)
        if (port.state == net::PortState::bound)
            list.push_back({{"service", port.service},
                            {"transport", net::to_string(port.endpoint.transport)},
                            {"address", port.endpoint.address.to_string()},
                            {"port", port.endpoint.port},
                            {"encryption", net::to_string(port.encryption)},
                            {"origin", port.origin}});
    auto unfinished = path;
    unfinished += ".new";
    std::ofstream file{unfinished};
    file << nlohmann::json{{"ports", std::move(list)}}.dump(2) << "\n";
    file.close();
    std::error_code error;
    if (!file)
        error = {errno, std::system_category()};
    else
        fs::rename(unfinished, path, error);
    if (error)
        return std::unexpected{
            fmt::format("[host] port_file {}: {}", path.string(), error.message())};
    return PortFile{path};
}

PortFile::PortFile(PortFile&& other) noexcept : path_{std::exchange(other.path_, {})} {}

PortFile::~PortFile()
{
    std::error_code ignored; // whoever removed it first did our work
    if (!path_.empty()) fs::remove(path_, ignored);
}

} // namespace portico::host
