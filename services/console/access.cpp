#include "services/console/access.hpp"

#include "config/syntax.hpp"
#include "services/accounts/base64.hpp"
#include "services/accounts/digest.hpp"
#include "services/http/sites.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace portico::console {

namespace {

using config::lower;

// Special-use names (RFC 6761, 6762, 8375, 9476): the public DNS has none of them.
constexpr std::array<std::string_view, 7> never_public{"localhost", "test",      "example", "local",
                                                       "internal",  "home.arpa", "alt"};

bool is_or_is_in(std::string_view name, std::string_view domain)
{
    if (!name.ends_with(domain)) return false;
    name.remove_suffix(domain.size());
    return name.empty() || name.ends_with('.');
}

bool is_ours(std::string_view authority, const config::Console& options, std::string_view host_name)
{
    auto host = std::string{http::host_of(authority)};
    if (host.starts_with('[') || config::canonical_ip(host)) return true;
    host = lower(host);
    if (host.ends_with('.')) host.pop_back();
    // The names of containers in a network of theirs have no dot.
    if (host.find('.') == host.npos || host == lower(host_name)) return true;
    return std::ranges::any_of(never_public, [&](auto top) { return is_or_is_in(host, top); }) ||
           std::ranges::any_of(options.hosts, [&](std::string_view ours) {
               return ours.starts_with("*.") ? host.ends_with(ours.substr(1)) : host == ours;
           });
}

// What an entry does not say may be any: a scheme, a port.
bool is_listed(std::string_view origin, const std::vector<std::string>& listed)
{
    const auto asked = lower(origin);
    const auto colon = asked.find("://");
    if (colon == asked.npos) return std::ranges::find(listed, "*") != listed.end(); // "null"
    const auto authority = std::string_view{asked}.substr(colon + 3);
    const auto host = http::host_of(authority);
    return std::ranges::any_of(listed, [&](std::string_view entry) {
        if (entry == "*") return true;
        const auto scheme = entry.find("://");
        if (scheme != entry.npos && entry.substr(0, scheme) != asked.substr(0, colon)) return false;
        if (scheme != entry.npos) entry.remove_prefix(scheme + 3);
        return entry == authority || entry == host;
    });
}

// Origin is scheme://host[:port] without the scheme's own port (RFC 6454 section 7), which Host
// may have.
bool is_same(std::string_view origin, std::string_view authority)
{
    const auto colon = origin.find("://");
    if (colon == origin.npos) return false; // "null"
    const auto scheme = origin.substr(0, colon);
    auto asked = lower(authority);
    const std::string_view own_port = scheme == "https" ? ":443" : ":80";
    if (asked.ends_with(own_port)) asked.resize(asked.size() - own_port.size());
    return lower(origin.substr(colon + 3)) == asked;
}

/// What follows a scheme's name, compared without case.
std::optional<std::string_view> after_scheme(std::string_view value, std::string_view scheme)
{
    if (value.size() <= scheme.size() || value[scheme.size()] != ' ' ||
        lower(value.substr(0, scheme.size())) != scheme)
        return std::nullopt;
    value.remove_prefix(scheme.size());
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    return value;
}

/// Of a login, which is "NAME:SECRET".
std::string_view secret_of(std::string_view login)
{
    return login.substr(login.find(':') + 1);
}

} // namespace

std::string_view describe(Foreign what)
{
    switch (what) {
    case Foreign::host:
        return "The console does not know this name for its host. If it is one, it belongs into "
               "[console] hosts.\n";
    case Foreign::origin: return "Pages of other origins may not ask the console.\n";
    }
    return "";
}

std::optional<Foreign> foreign(const http::Request& request, std::string_view authority,
                               const config::Console& options, std::string_view host_name)
{
    // HTTP/1.0 needs no Host, and no browser speaks it.
    if (!authority.empty() && !is_ours(authority, options, host_name)) return Foreign::host;
    if (const auto origin = request.field("Origin")) {
        const bool may = is_same(*origin, authority) || is_listed(*origin, options.cors);
        return may ? std::nullopt : std::optional{Foreign::origin};
    }
    // Images, scripts and the like of another page's come without Origin. Following a link is fine.
    const auto site = request.field("Sec-Fetch-Site").value_or("same-origin");
    if (site == "same-origin" || site == "none") return std::nullopt;
    const bool link = request.field("Sec-Fetch-Mode") == "navigate" &&
                      request.field("Sec-Fetch-Dest") == "document" && request.method == "GET";
    return link ? std::nullopt : std::optional{Foreign::origin};
}

Credentials credentials(const http::Request& request)
{
    const auto value = request.field("Authorization").value_or("");
    if (const auto token = after_scheme(value, "bearer")) return Token{*token};
    if (const auto text = after_scheme(value, "basic")) {
        const auto decoded = accounts::from_base64(*text);
        if (!decoded) return {};
        const auto colon = decoded->find(':');
        if (colon != decoded->npos)
            return Password{decoded->substr(0, colon), decoded->substr(colon + 1)};
    }
    return {};
}

bool is_known(const Token& token, const config::Console& options)
{
    bool found = false;
    for (const auto& known : options.tokens)
        found |= accounts::equal_in_constant_time(known, token.text);
    return found;
}

bool is_known(const Password& password, const config::Console& options)
{
    const auto brought = password.user + ":" + password.text;
    bool found = false;
    for (const auto& login : options.logins)
        if (!config::is_password_hash(secret_of(login)))
            found |= accounts::equal_in_constant_time(login, brought);
    return found;
}

std::vector<std::string> hashes_for(const Password& password, const config::Console& options)
{
    std::vector<std::string> hashes;
    if (!options.password_hash.empty()) hashes.push_back(options.password_hash);
    for (const auto& login : options.logins)
        if (const auto secret = secret_of(login);
            login.size() - secret.size() == password.user.size() + 1 &&
            login.starts_with(password.user) && config::is_password_hash(secret))
            hashes.emplace_back(secret);
    return hashes;
}

std::string cors_fields(const http::Request& request, std::string_view path,
                        const config::Console& options)
{
    const auto origin = request.field("Origin");
    if (options.cors.empty() || !origin) return {};
    if (!path.starts_with("/api/") && !path.starts_with("/view/")) return {};
    return fmt::format("Access-Control-Allow-Origin: {}\r\n"
                       "Access-Control-Allow-Methods: GET, POST, DELETE, PUT, OPTIONS\r\n"
                       "Access-Control-Allow-Headers: *\r\n"
                       "Vary: Origin\r\n",
                       *origin);
}

bool is_preflight(const http::Request& request)
{
    return request.method == "OPTIONS" && request.field("Access-Control-Request-Method");
}

std::optional<std::string_view> without_webroot(std::string_view path, std::string_view webroot)
{
    if (!path.starts_with(webroot)) return std::nullopt;
    path.remove_prefix(webroot.size());
    if (!path.empty() && !path.starts_with('/')) return std::nullopt;
    return path;
}

} // namespace portico::console
