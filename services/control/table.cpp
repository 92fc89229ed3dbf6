#include "services/control/table.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace portico::control {

std::string to_table(const std::vector<std::vector<std::string>>& rows)
{
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t column = 0; column < row.size(); ++column)
            widths[column] = std::max(widths[column], row[column].size());
    }
    auto is_number = [](std::string_view cell) {
        return !cell.empty() && cell.find_first_not_of("0123456789") == cell.npos;
    };
    std::string table;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t column = 0; column < row.size(); ++column) {
            auto cell = row[column];
            std::ranges::replace_if(
                cell, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; }, '?');
            line += is_number(cell) ? fmt::format("{:>{}}  ", cell, widths[column])
                                    : fmt::format("{:<{}}  ", cell, widths[column]);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        table += line + "\n";
    }
    return table;
}

std::string to_size(std::uint64_t octets)
{
    if (octets < 1024) return fmt::format("{} B", octets);
    auto amount = static_cast<double>(octets);
    constexpr std::array<std::string_view, 4> units{"KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    for (amount /= 1024; amount >= 1024 && unit + 1 < units.size(); ++unit) amount /= 1024;
    return fmt::format("{:.1f} {}", amount, units[unit]);
}

std::string to_age(std::uint64_t seconds)
{
    if (seconds < 120) return fmt::format("{} s", seconds);
    if (seconds < 120 * 60) return fmt::format("{} min", seconds / 60);
    if (seconds < 48 * 3600) return fmt::format("{} h", seconds / 3600);
    return fmt::format("{} d", seconds / 86400);
}

} // namespace portico::control
