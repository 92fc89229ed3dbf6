#include "services/console/access.hpp"

#include "config/syntax.hpp"
#include "services/accounts/base64.hpp"
#include "services/accounts/digest.hpp"
#include "services/http/sites.hpp"

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
    if (const auto origin = request.field("Origin"))
        return is_same(*origin, authority) ? std::nullopt : std::optional{Foreign::origin};
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
        if (colon != decoded->npos) return Password{decoded->substr(colon + 1)};
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

} // namespace portico::console
