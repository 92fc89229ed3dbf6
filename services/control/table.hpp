#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace portico::control {

/// Rows of text in columns as wide as their widest cell, the first row being the heading. Cells
/// that are numbers are aligned to the right; control bytes are shown as '?'.
std::string to_table(const std::vector<std::vector<std::string>>& rows);

/// "0 B", "1023 B", "1.0 KiB", "52.4 MiB".
std::string to_size(std::uint64_t octets);

/// "5 s", "4 min", "3 h", "12 d".
std::string to_age(std::uint64_t seconds);

} // namespace portico::control
