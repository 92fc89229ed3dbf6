#pragma once

#include "config/config.hpp"

#include <optional>
#include <string>
#include <string_view>

/// What the values in a configuration may look like. Pure; asks no resolver.
namespace portico::config {

/// RFC 1035 section 2.3.1 with the first character relaxed by RFC 1123 section 2.1: labels of
/// letters, digits and inner hyphens, 63 octets each (section 2.3.4) and 255 in all.
bool is_domain(std::string_view text);

/// An address as an account lists it: "ana@example.test" (RFC 5321 section 4.1.2, and UTF-8
/// as RFC 6531 section 3.3 adds it) or "*@example.test", everything at that domain.
bool is_address(std::string_view text);

/// A login name: not empty, without spaces, control bytes or '@' at its ends, at most 255 octets.
bool is_account_name(std::string_view text);

/// "PATTERN: VALUE" as [http] cache_control has it; nothing if it is something else. In a pattern
/// "*" is any run of characters but "/", "**" any at all; with a "/" in front it is for the whole
/// path, else for the last name in it.
std::optional<CacheRule> to_cache_rule(std::string_view text);

/// A value of Strict-Transport-Security (RFC 6797 section 6.1): directives with a max-age; or "".
bool is_hsts(std::string_view text);

/// The hash part is left to crypt(3); here only what tells a hash from a forgotten clear text.
bool is_password_hash(std::string_view text);

/// "NAME:REST", neither of them empty, without control bytes: a login of the console.
bool is_login(std::string_view text);

/// "example.test:8080" or "https://example.test": [scheme "://"] host [":" port], the host a name,
/// an IPv4 address or an IPv6 one in brackets.
bool is_origin(std::string_view text);

/// A path that others stand under, as "/a/b": from "a/b", "/a/b" or "/a/b/"; "" from "" and "/".
/// Nothing if it has segments that are empty, "." or "..", or other than letters, digits and
/// "-._~".
std::optional<std::string> to_webroot(std::string_view text);

/// An IPv4 or IPv6 address in its one canonical spelling ("::1" for "0:0::1"); nothing if the
/// text is neither.
std::optional<std::string> canonical_ip(std::string_view text);

/// Whether only this machine can reach `ip`, which is canonical.
bool is_loopback(std::string_view ip);

std::string lower(std::string_view text);

/// For messages: in quotes, with control bytes shown as \xNN, and cut when it is long.
std::string in_quotes(std::string_view text);

/// How many letters must be added, dropped, changed or swapped with their neighbour to make one of
/// the other.
std::size_t edit_distance(std::string_view one, std::string_view other);

} // namespace portico::config
