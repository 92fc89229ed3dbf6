#include "services/mailpit/listen.hpp"

#include "config/syntax.hpp"

#include <charconv>

namespace portico::mailpit {

std::optional<Listen> parse_listen(std::string_view text)
{
    const auto colon = text.rfind(':');
    if (colon == text.npos) return std::nullopt;
    const auto digits = text.substr(colon + 1);
    Listen listen;
    const auto* const end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, listen.port);
    if (parsed.ec != std::errc{} || parsed.ptr != end || listen.port == 0) return std::nullopt;
    auto host = text.substr(0, colon);
    const bool brackets = host.starts_with('[') && host.ends_with(']');
    if (brackets) host = host.substr(1, host.size() - 2);
    if (host.empty() || host == "::") {
        listen.bind = {"0.0.0.0", "::"}; // where Mailpit has one socket for both
        return listen;
    }
    if (config::lower(host) == "localhost") {
        listen.bind = {"127.0.0.1", "::1"};
        return listen;
    }
    auto address = config::canonical_ip(host);
    const bool v6 = host.find(':') != host.npos;
    if (!address || v6 != brackets) return std::nullopt;
    listen.bind.push_back(std::move(*address));
    return listen;
}

std::string address_of(const Listen& listen)
{
    if (listen.bind.empty() || listen.bind.front() == "0.0.0.0") return "127.0.0.1";
    return listen.bind.front() == "::" ? "::1" : listen.bind.front();
}

} // namespace portico::mailpit
