#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace portico::http {

/// A declared port as the welcome page shows it.
struct PortRow {
    std::string transport;    // "tcp"
    std::string address;      // "127.0.0.1", "::1"
    std::uint16_t port;       // 0 if it never got one
    std::string well_known;   // IANA's name, or ""
    std::string service;      // "smtp"
    std::string state;        // "bound"
    std::string why;          // of a failure, else ""
    std::uint64_t open;       // connections now
    std::uint64_t accepted;   // connections in total
    std::string tls = "none"; // "starttls", "implicit"
};

struct WelcomeContent {
    std::string_view host_name;
    std::string_view authority; // what the client calls this host, from its request, or ""
    const std::vector<PortRow>& ports;
    bool test_authority = false; // /ca.pem is what a client may trust
};

/// The page that stands at "/" while no root is configured: one self-contained HTML document
/// without scripts. The authority is used in commands only if it is nothing but name, address
/// and port.
std::string welcome_page(const WelcomeContent& content);

} // namespace portico::http
