#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace portico::http {

/// What a request target means beneath a root. Pure: knows no file system.
struct Path {
    /// Relative, without empty, "." or ".." segments and without NUL: "docs/a b.txt". A folder
    /// ends in "/"; the root itself is "".
    std::string file;
    std::string_view query; // with its "?", or empty; a view into the target
    std::string_view host;  // of an absolute-form target, else empty; a view into the target

    bool is_folder() const { return file.empty() || file.back() == '/'; }
};

enum class PathError : std::uint8_t {
    malformed, // no path, a bad escape, or NUL
    escape,    // a ".." segment, however spelled
    not_found, // well formed, but no file can have this name ("/" or too long within a segment)
};

/// Origin-form and absolute-form (RFC 9112 section 3.2). Split at "/" first, then each segment is
/// percent-decoded, once (RFC 3986 section 2.4).
std::expected<Path, PathError> parse_path(std::string_view target);

/// The other way: "/" and `file` with everything escaped that could mean something else. Begins
/// with exactly one "/", so it never names another host.
std::string to_target(std::string_view file);

} // namespace portico::http
