#pragma once

#include "config/config.hpp"
#include "net/tls.hpp"

#include <expected>
#include <memory>
#include <string>

namespace portico::host {

/// What the ports with TLS show their clients.
struct Certificates {
    std::unique_ptr<net::Tls> tls; // null: no port has any
    std::string authority;         // the test authority's certificate in PEM, if it signed ours
};

/// Reads the [[certificate]]s, or has the test authority sign one if there are none. The error is
/// a sentence that names the file, and the place in the configuration that asks for it.
std::expected<Certificates, std::string> open_certificates(const config::Config& config);

net::Encryption encryption_of(config::PortTls tls);

} // namespace portico::host
