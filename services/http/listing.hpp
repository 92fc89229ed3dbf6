#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace portico::http {

/// What is in a folder, as its listing shows it.
struct Entry {
    std::string name; // any octets but "/" and NUL, as in the file system
    bool is_folder = false;
    std::uint64_t size = 0; // in octets; of a folder nothing is said
    std::chrono::sys_seconds modified{};

    bool operator==(const Entry&) const = default;
};

struct Listing {
    std::vector<Entry> entries;
    bool more = false; // there are others that are not in `entries`
};

/// An HTML page of a folder (see Path::file: "" or "docs/a/"), in UTF-8, complete in itself and
/// without scripts: folders first, each part sorted by name, with links that are relative to the
/// folder's own URL.
std::string listing_page(std::string_view folder, Listing listing);

/// What the page needs and no more, as a field line: its one style sheet stands in it.
inline constexpr std::string_view listing_policy =
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'\r\n";

/// "0 B", "1023 B", "1.0 KiB", "17 MiB": three digits at most, or a fourth below the next unit.
std::string human_size(std::uint64_t octets);

} // namespace portico::http
