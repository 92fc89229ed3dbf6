#include "services/host/certificates.hpp"

#include "services/host/authority.hpp"

#include <fmt/core.h>

#include <utility>
#include <vector>

namespace portico::host {

namespace {

net::TlsOptions options_of(const config::Tls& tls)
{
    return {.min_version = tls.min_version == config::Tls::Version::tls_1_3 ? net::TlsVersion::v1_3
                                                                            : net::TlsVersion::v1_2,
            .handshake_timeout = tls.handshake_timeout};
}

} // namespace

std::expected<Certificates, std::string> open_certificates(const config::Config& config)
{
    Certificates opened;
    if (!config.uses_tls()) return opened;
    const auto options = options_of(config.tls);
    std::vector<net::Tls::Files> files;
    for (const auto& certificate : config.certificates) {
        files.push_back({certificate.certificate, certificate.key});
        // Each for itself first, so that the line of the wrong one can be told.
        if (auto alone = net::Tls::create({files.back()}, options); !alone)
            return std::unexpected{
                fmt::format("{}: {}", config.origin(certificate.line), alone.error())};
    }
    if (files.empty()) {
        const auto authority = Authority::open(config.host.data, config.host.name);
        if (!authority) return std::unexpected{authority.error()};
        const auto file = authority->certificate_for(config.tls.names);
        if (!file) return std::unexpected{file.error()};
        files.push_back({*file, *file});
        opened.authority = authority->certificate();
    }
    auto tls = net::Tls::create(std::move(files), options);
    if (!tls) return std::unexpected{tls.error()};
    opened.tls = std::move(*tls);
    return opened;
}

net::Encryption encryption_of(config::PortTls tls)
{
    switch (tls) {
    case config::PortTls::none: return net::Encryption::none;
    case config::PortTls::starttls: return net::Encryption::starttls;
    case config::PortTls::implicit: return net::Encryption::implicit;
    }
    std::unreachable();
}

} // namespace portico::host
