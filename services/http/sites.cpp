#include "services/http/sites.hpp"

#include "config/syntax.hpp"

#include <algorithm>
#include <array>

namespace portico::http {

namespace {

constexpr std::size_t longest_host = 255; // RFC 1035 section 2.3.4

// An address has several spellings ("0:0::1"), and in a configuration it has no brackets.
std::string canonical(std::string_view name)
{
    if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
    return config::canonical_ip(name).value_or(std::string{name});
}

} // namespace

Sites::Sites(const std::vector<config::Site>& sites)
{
    for (std::size_t i = 0; i < sites.size(); ++i) {
        for (std::string_view name : sites[i].names) {
            if (name.starts_with("*."))
                domains_.emplace(name.substr(2), i + 1);
            else
                names_.emplace(canonical(name), i + 1);
        }
    }
}

std::size_t Sites::find(std::string_view authority) const
{
    if (names_.empty() && domains_.empty()) return by_default;
    const auto host = host_of(authority);
    if (host.starts_with('[')) return named(host);
    if (host.size() > longest_host) return by_default;
    std::array<char, longest_host> lower{};
    std::ranges::transform(host, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    std::string_view name{lower.data(), host.size()};
    if (auto found = names_.find(name); found != names_.end()) return found->second;
    // One label less each time, so the longest domain comes first.
    for (auto dot = name.find('.'); dot != name.npos && dot != 0; dot = name.find('.')) {
        name.remove_prefix(dot + 1);
        if (auto found = domains_.find(name); found != domains_.end()) return found->second;
    }
    return by_default;
}

std::size_t Sites::named(std::string_view name) const
{
    const auto& index = name.starts_with("*.") ? domains_ : names_;
    const auto found =
        name.starts_with("*.") ? index.find(name.substr(2)) : index.find(canonical(name));
    return found == index.end() ? by_default : found->second;
}

// RFC 3986 section 3.2. A final dot is DNS's way to say that the name is whole.
std::string_view host_of(std::string_view authority)
{
    const auto colon = authority.rfind(':');
    if (colon != authority.npos && authority.find(']', colon) == authority.npos)
        authority = authority.substr(0, colon);
    if (authority.size() > 1 && authority.ends_with('.')) authority.remove_suffix(1);
    return authority;
}

} // namespace portico::http
