#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace portico::store {

/// How far something is.
struct Progress {
    std::string_view what;   // "Backing up"
    std::uint64_t done = 0;  // octets
    std::uint64_t total = 0; // 0: nobody knows
    std::uint64_t items = 0; // of which there are so many so far
    std::string_view item;   // "messages"; "": they are not counted
    std::chrono::milliseconds elapsed{0};
};

/// One line of text, at most `width` columns, to be drawn over the last one:
/// "Backing up  [######......]  50 %  1.2 GiB of 2.4 GiB  12,345 messages  0:07 left".
/// On a narrow terminal what stands at its end is left out first.
std::string progress_line(const Progress& progress, std::size_t width);

/// "12,345"
std::string with_commas(std::uint64_t number);

} // namespace portico::store
