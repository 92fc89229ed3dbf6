#pragma once

#include "config/config.hpp"
#include "services/http/parse.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

/// Who may ask the console. Pure. Browsers run scripts of everyone and stand where the console can
/// be reached, so first comes whether a page of somebody else's is behind a request, and only then
/// what the request brings to prove who it is.
namespace portico::console {

enum class Foreign : std::uint8_t {
    host,   // a name that anyone could have given this address (DNS rebinding)
    origin, // a page of another origin asks (cross-site request forgery, WebSocket hijacking)
};

/// One sentence for the client.
std::string_view describe(Foreign what);

/// Whether somebody else's page may be behind the request. `authority` is what the client calls
/// this host: its absolute-form's, or Host. Programs that are no browsers send neither Origin nor
/// Sec-Fetch-Site, and are never foreign for want of them.
std::optional<Foreign> foreign(const http::Request& request, std::string_view authority,
                               const config::Console& options, std::string_view host_name);

/// What a request brings (RFC 9110 section 11.6.2).
struct Password {
    std::string text; // of the Basic scheme (RFC 7617); the user's name does not count
};
struct Token {
    std::string_view text; // of the Bearer scheme (RFC 6750)
};
using Credentials = std::variant<std::monostate, Password, Token>;

Credentials credentials(const http::Request& request);

/// Takes as long for a wrong token as for the right one.
bool is_known(const Token& token, const config::Console& options);

} // namespace portico::console
