#pragma once

#include <ctime>
#include <expected>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace portico::host {

/// The local test authority, which signs this host's certificate where the operator has none: a
/// client that trusts it trusts the host. Made once in the folder tls/ of the data directory (mode
/// 0700) and never overwritten; its files appear whole. Knows no connection.
///
///     ca.pem    the authority's certificate, for clients
///     ca.key    its key, mode 0600
///     host.pem  the host's key and certificate, mode 0600
class Authority {
public:
    /// Makes what is not there. The error is a sentence that names the file.
    static std::expected<Authority, std::string> open(const std::filesystem::path& data,
                                                      const std::string& host_name,
                                                      std::time_t now = std::time(nullptr));

    /// The authority's certificate in PEM.
    const std::string& certificate() const { return certificate_; }

    /// host.pem, for the host's name, localhost, its addresses and `names` (of DNS, or IP
    /// addresses). Signed anew if it runs out soon, is for other names or by another authority.
    std::expected<std::filesystem::path, std::string>
    certificate_for(const std::vector<std::string>& names,
                    std::time_t now = std::time(nullptr)) const;

private:
    Authority(std::filesystem::path folder, std::string host_name, std::string certificate)
        : folder_{std::move(folder)}, host_name_{std::move(host_name)}, certificate_{
                                                                            std::move(certificate)}
    {
    }

    std::filesystem::path folder_;
    std::string host_name_;
    std::string certificate_;
};

} // namespace portico::host
