#pragma once

#include "net/registry.hpp"

#include <expected>
#include <filesystem>
#include <string>
#include <vector>

namespace portico::host {

/// `[host] port_file`: the bound ports as JSON, for programs that started us with port = "auto".
/// Appears whole (by rename) and is removed with this object.
class PortFile {
public:
    /// The error is a sentence for the operator.
    static std::expected<PortFile, std::string> write(const std::filesystem::path& path,
                                                      const std::vector<net::PortStatus>& ports);

    PortFile(PortFile&& other) noexcept;
    PortFile& operator=(PortFile&&) = delete;
    ~PortFile();

private:
    explicit PortFile(std::filesystem::path path) : path_{std::move(path)} {}

    std::filesystem::path path_;
};

} // namespace portico::host
