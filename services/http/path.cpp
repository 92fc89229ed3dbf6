#include "services/http/path.hpp"

#include "services/http/parse.hpp"

#include <algorithm>
#include <optional>

namespace portico::http {

namespace {

constexpr std::size_t longest_name = 255; // NAME_MAX of every file system that matters

int hex_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<std::string> decode(std::string_view segment)
{
    std::string decoded;
    decoded.reserve(segment.size());
    for (std::size_t i = 0; i < segment.size(); ++i) {
        if (segment[i] != '%') {
            decoded += segment[i];
            continue;
        }
        if (i + 2 >= segment.size()) return std::nullopt;
        auto high = hex_value(segment[i + 1]);
        auto low = hex_value(segment[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        decoded += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return decoded;
}

// RFC 9112 section 3.2.2: a server takes the absolute-form too. Leaves the origin-form in
// `target` (possibly without its path) and answers the host; nothing if it is malformed.
std::optional<std::string_view> take_authority(std::string_view& target)
{
    auto scheme_end = target.find("://");
    if (scheme_end == target.npos) return std::nullopt;
    auto scheme = target.substr(0, scheme_end);
    if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https"))
        return std::nullopt;
    target.remove_prefix(scheme_end + 3);
    auto host = target.substr(0, target.find_first_of("/?"));
    // RFC 9110 section 4.2.1: no empty host; is_host() refuses userinfo (section 4.2.4).
    if (host.empty() || host.front() == ':' || !is_host(host)) return std::nullopt;
    target.remove_prefix(host.size());
    return host;
}

std::optional<PathError> append(Path& path, std::string_view raw, bool last)
{
    auto segment = decode(raw);
    if (!segment || segment->find('\0') != segment->npos) return PathError::malformed;
    if (*segment == "..") return PathError::escape;
    if (segment->find('/') != segment->npos || segment->size() > longest_name)
        return PathError::not_found;
    if (segment->empty() || *segment == ".") return std::nullopt;
    path.file += *segment;
    if (!last) path.file += '/';
    return std::nullopt;
}

} // namespace

std::expected<Path, PathError> parse_path(std::string_view target)
{
    Path path;
    if (!target.starts_with('/')) {
        auto host = take_authority(target);
        if (!host) return std::unexpected{PathError::malformed};
        path.host = *host;
    }
    auto path_end = std::min(target.find('?'), target.size());
    path.query = target.substr(path_end);
    target = target.substr(0, path_end);
    // The worst that is wrong decides, so that "/%2f/../x" is an escape and no mere 404.
    std::optional<PathError> worst;
    while (!target.empty()) {
        target.remove_prefix(1);
        auto end = std::min(target.find('/'), target.size());
        if (auto error = append(path, target.substr(0, end), end == target.size()))
            worst = std::min(worst.value_or(*error), *error);
        target.remove_prefix(end);
    }
    if (worst) return std::unexpected{*worst};
    return path;
}

std::string to_target(std::string_view file)
{
    static constexpr std::string_view hex = "0123456789ABCDEF";
    static constexpr std::string_view plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/";
    std::string target = "/";
    for (auto c : file) {
        if (plain.find(c) != plain.npos) {
            target += c;
        } else {
            auto octet = static_cast<unsigned char>(c);
            target += '%';
            target += hex[octet >> 4];
            target += hex[octet & 15];
        }
    }
    return target;
}

} // namespace portico::http
