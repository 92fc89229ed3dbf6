#include "services/http/target.hpp"

#include "services/http/path.hpp"

#include <algorithm>

namespace portico::http {

namespace {

std::optional<unsigned> hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return std::nullopt;
}

/// The octet of the escape that `text` begins with.
std::optional<char> escaped(std::string_view text)
{
    if (text.size() < 3 || text[0] != '%') return std::nullopt;
    const auto high = hex_digit(text[1]);
    const auto low = hex_digit(text[2]);
    if (!high || !low) return std::nullopt;
    return static_cast<char>(*high * 16 + *low);
}

std::optional<std::string> decode_segment(std::string_view segment)
{
    std::string decoded;
    decoded.reserve(segment.size());
    while (!segment.empty()) {
        const auto octet = segment[0] == '%' ? escaped(segment) : std::optional{segment[0]};
        if (!octet || *octet == '\0') return std::nullopt;
        decoded += *octet;
        segment.remove_prefix(segment[0] == '%' ? 3 : 1);
    }
    return decoded;
}

std::string decode_form(std::string_view text)
{
    std::string decoded;
    decoded.reserve(text.size());
    while (!text.empty()) {
        const auto octet = escaped(text);
        decoded += octet ? *octet : text[0] == '+' ? ' ' : text[0];
        text.remove_prefix(octet ? 3 : 1);
    }
    return decoded;
}

/// What stands before the next `separator`, taken away from `text` with it.
std::string_view take_until(std::string_view& text, char separator)
{
    const auto end = std::min(text.find(separator), text.size());
    const auto taken = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return taken;
}

} // namespace

std::optional<Target> parse_target(std::string_view target)
{
    Target parsed;
    if (!target.starts_with('/')) {
        const auto scheme = target.find("://");
        if (scheme == target.npos) return std::nullopt;
        const auto authority = target.substr(0, target.find_first_of("/?", scheme + 3));
        const auto root = parse_path(authority);
        if (!root) return std::nullopt;
        parsed.host = root->host;
        target.remove_prefix(authority.size());
    }
    parsed.path = take_until(target, '?');
    parsed.query = target;
    auto left = parsed.path.substr(std::min<std::size_t>(1, parsed.path.size()));
    for (bool last = false; !last;) {
        last = left.find('/') == left.npos;
        auto segment = decode_segment(take_until(left, '/'));
        if (!segment) return std::nullopt;
        parsed.segments.push_back(std::move(*segment));
    }
    return parsed;
}

std::optional<std::vector<NameValue>> parse_urlencoded(std::string_view text, std::size_t most)
{
    std::vector<NameValue> pairs;
    while (!text.empty()) {
        auto pair = take_until(text, '&');
        if (pair.empty()) continue;
        if (pairs.size() == most) return std::nullopt;
        const auto name = take_until(pair, '=');
        pairs.push_back({decode_form(name), decode_form(pair)});
    }
    return pairs;
}

std::optional<std::string_view> find(const std::vector<NameValue>& pairs, std::string_view name)
{
    const auto found = std::ranges::find(pairs, name, &NameValue::name);
    if (found == pairs.end()) return std::nullopt;
    return found->value;
}

std::string_view authority(const Request& request, const Target& target)
{
    return target.host.empty() ? request.field("Host").value_or("") : target.host;
}

} // namespace portico::http
