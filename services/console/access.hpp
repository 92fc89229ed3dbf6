#pragma once

#include "config/config.hpp"
#include "services/http/parse.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

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
struct Password { // of the Basic scheme (RFC 7617)
    std::string user;
    std::string text;
};
struct Token {
    std::string_view text; // of the Bearer scheme (RFC 6750)
};
using Credentials = std::variant<std::monostate, Password, Token>;

Credentials credentials(const http::Request& request);

/// Takes as long for a wrong token as for the right one.
bool is_known(const Token& token, const config::Console& options);

/// Whether it is one of the logins that are written in clear; takes as long if not.
bool is_known(const Password& password, const config::Console& options);

/// The hashes that `password` may have, one of which is enough; to compare takes its time.
std::vector<std::string> hashes_for(const Password& password, const config::Console& options);

/// What lets pages of other origins read the answer to a request that is not foreign (CORS, the
/// Fetch Standard section 3.2): field lines, each with its line end. "" where nobody else's page
/// may, or has asked. `path` is without the webroot.
std::string cors_fields(const http::Request& request, std::string_view path,
                        const config::Console& options);

/// Whether a browser asks, before it asks for its page. That it does without credentials.
bool is_preflight(const http::Request& request);

/// `path` without `webroot`; nothing if it is not under it.
std::optional<std::string_view> without_webroot(std::string_view path, std::string_view webroot);

} // namespace portico::console
