#include "config/config.hpp"

#include "config/syntax.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace portico::config {

std::string_view Port::service() const
{
    return std::visit([](const auto& some) { return some.service; }, options);
}

bool Config::loopback_only() const
{
    return std::ranges::all_of(
        ports, [](const Port& port) { return std::ranges::all_of(port.bind, is_loopback); });
}

bool Config::uses_tls() const
{
    return std::ranges::any_of(ports, [](const Port& port) { return port.tls != PortTls::none; });
}

std::string Config::origin(int line) const
{
    if (file.empty() || line == 0) return "the default configuration";
    return fmt::format("{}:{}", file.string(), line);
}

Config sandbox()
{
    Config config;
    config.ports.resize(3);
    config.ports[0].port = 80;
    config.ports[0].options = Http{};
    config.ports[1].port = 110;
    config.ports[1].options = Pop3{};
    config.ports[2].port = 25;
    config.ports[2].options = Smtp{};
    return config;
}

} // namespace portico::config
