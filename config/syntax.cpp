#include "config/syntax.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <iterator>
#include <netinet/in.h>
#include <numeric>
#include <sys/socket.h>
#include <vector>

namespace portico::config {

namespace {

bool is_control(char byte)
{
    const auto octet = static_cast<unsigned char>(byte);
    return octet < 0x20 || octet == 0x7f;
}

// By hand, since isalnum() depends on the locale.
bool is_letter_or_digit(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9');
}

bool is_beyond_ascii(char byte)
{
    return static_cast<unsigned char>(byte) > 0x7f;
}

bool is_ascii_label_byte(char byte)
{
    return is_letter_or_digit(byte) || byte == '-';
}

// RFC 6531 section 3.3: sub-domain =/ U-label. TOML is UTF-8, so what is beyond ASCII is, too.
bool is_label_byte(char byte)
{
    return is_ascii_label_byte(byte) || is_beyond_ascii(byte);
}

bool is_label(std::string_view text, bool (*belongs)(char))
{
    return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
           std::ranges::all_of(text, belongs);
}

bool is_domain(std::string_view text, bool (*belongs)(char))
{
    if (text.size() > 255) return false;
    for (;;) {
        const auto dot = text.find('.');
        if (!is_label(text.substr(0, dot), belongs)) return false;
        if (dot == std::string_view::npos) return true;
        text.remove_prefix(dot + 1);
    }
}

std::optional<std::string> canonical_ip(int family, const std::string& text)
{
    std::array<unsigned char, sizeof(in6_addr)> address{};
    std::array<char, INET6_ADDRSTRLEN> spelling{};
    if (inet_pton(family, text.c_str(), address.data()) != 1) return {};
    if (!inet_ntop(family, address.data(), spelling.data(), spelling.size())) return {};
    return spelling.data();
}

} // namespace

bool is_domain(std::string_view text)
{
    return is_domain(text, is_ascii_label_byte);
}

bool is_address(std::string_view text)
{
    const auto at = text.rfind('@');
    if (at == std::string_view::npos || !is_domain(text.substr(at + 1), is_label_byte))
        return false;
    const auto local_part = text.substr(0, at);
    if (local_part == "*") return true;
    // RFC 5321 section 4.5.3.1.1: 64 octets. A star elsewhere would be a legal letter, but is
    // refused because it looks like a pattern and would match nothing.
    return !local_part.empty() && local_part.size() <= 64 &&
           std::ranges::none_of(local_part,
                                [](char byte) { return is_control(byte) || byte == '*'; });
}

bool is_account_name(std::string_view text)
{
    return !text.empty() && text.size() <= 255 && text.front() != '@' && text.back() != '@' &&
           std::ranges::none_of(text, [](char byte) { return is_control(byte) || byte == ' '; });
}

std::optional<CacheRule> to_cache_rule(std::string_view text)
{
    const auto colon = text.find(": ");
    if (colon == text.npos || colon == 0 || colon + 2 == text.size()) return std::nullopt;
    const auto pattern = text.substr(0, colon);
    // Only one with a "/" in front is for the whole path.
    if (pattern.find('/', 1) != pattern.npos && pattern.front() != '/') return std::nullopt;
    const auto value = text.substr(colon + 2);
    const bool visible = std::ranges::none_of(
        value, [](char byte) { return is_control(byte) || is_beyond_ascii(byte); });
    if (!visible || value.front() == ' ') return std::nullopt;
    return CacheRule{std::string{pattern}, std::string{value}};
}

bool is_hsts(std::string_view text)
{
    if (text.empty()) return true;
    const auto at = text.find("max-age=");
    if (at == text.npos || at + 8 == text.size()) return false;
    if (text[at + 8] < '0' || text[at + 8] > '9') return false;
    return std::ranges::all_of(text, [](char byte) {
        return is_letter_or_digit(byte) || std::string_view{"-=; "}.contains(byte);
    });
}

bool is_password_hash(std::string_view text)
{
    // crypt(5): a hash is "$id$salt$hash" in printable ASCII without ':' and spaces.
    return text.starts_with('$') && text.find('$', 1) != std::string_view::npos &&
           text.size() <= 511 && std::ranges::all_of(text, [](char byte) {
               return byte > ' ' && byte < 0x7f && byte != ':' && byte != '*' && byte != '!';
           });
}

bool is_login(std::string_view text)
{
    const auto colon = text.find(':');
    return colon != text.npos && colon > 0 && colon + 1 < text.size() &&
           std::ranges::none_of(text, is_control);
}

bool is_origin(std::string_view text)
{
    for (const std::string_view scheme : {"http://", "https://"})
        if (text.starts_with(scheme)) text.remove_prefix(scheme.size());
    const auto bracket = text.rfind(']');
    const auto colon = text.find(':', bracket == text.npos ? 0 : bracket);
    if (colon != text.npos) {
        const auto port = text.substr(colon + 1);
        const bool digits =
            std::ranges::all_of(port, [](char byte) { return byte >= '0' && byte <= '9'; });
        if (port.empty() || port.size() > 5 || !digits) return false;
        text = text.substr(0, colon);
    }
    if (text.starts_with('[') && text.ends_with(']'))
        return canonical_ip(text.substr(1, text.size() - 2)).has_value();
    return is_domain(text);
}

std::optional<std::string> to_webroot(std::string_view text)
{
    if (text.starts_with('/')) text.remove_prefix(1);
    if (text.ends_with('/')) text.remove_suffix(1);
    std::string root;
    while (!text.empty()) {
        const auto segment = text.substr(0, text.find('/'));
        const bool plain = std::ranges::all_of(segment, [](char byte) {
            return is_letter_or_digit(byte) || std::string_view{"-._~"}.contains(byte);
        });
        if (segment.empty() || segment == "." || segment == ".." || !plain) return std::nullopt;
        root.append("/").append(segment);
        text.remove_prefix(std::min(segment.size() + 1, text.size()));
    }
    return root;
}

std::optional<std::string> canonical_ip(std::string_view text)
{
    if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) return {};
    const std::string terminated{text};
    if (auto address = canonical_ip(AF_INET, terminated)) return address;
    return canonical_ip(AF_INET6, terminated);
}

bool is_loopback(std::string_view ip)
{
    return ip.starts_with("127.") || ip == "::1";
}

std::string lower(std::string_view text)
{
    std::string result{text};
    for (char& byte : result) {
        if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
    }
    return result;
}

std::string in_quotes(std::string_view text)
{
    constexpr std::size_t most = 60;
    std::string result = "\"";
    for (const char byte : text.substr(0, most)) {
        if (is_control(byte))
            fmt::format_to(std::back_inserter(result), "\\x{:02x}", byte);
        else
            result += byte;
    }
    if (text.size() > most) result += "...";
    return result + '"';
}

std::size_t edit_distance(std::string_view one, std::string_view other)
{
    // Three rows of the table: row[i] is the way from `one` so far to the first i letters of
    // `other`; the one before the last is for two letters that changed places.
    std::vector<std::size_t> before_last(other.size() + 1);
    std::vector<std::size_t> last(other.size() + 1);
    std::vector<std::size_t> row(other.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t at = 0; at < one.size(); ++at) {
        before_last.swap(last);
        last.swap(row);
        row[0] = at + 1;
        for (std::size_t i = 0; i < other.size(); ++i) {
            const std::size_t changed = last[i] + (one[at] == other[i] ? 0 : 1);
            row[i + 1] = std::min({changed, row[i] + 1, last[i + 1] + 1});
            if (at > 0 && i > 0 && one[at] == other[i - 1] && one[at - 1] == other[i])
                row[i + 1] = std::min(row[i + 1], before_last[i - 1] + 1);
        }
    }
    return row.back();
}

} // namespace portico::config
