#include "services/store/progress_line.hpp"

#include "services/control/table.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

namespace portico::store {

namespace {

constexpr std::size_t bar_width = 24;

std::string bar(double share)
{
    const auto full = static_cast<std::size_t>(share * bar_width);
    return fmt::format("[{}{}]", std::string(full, '#'), std::string(bar_width - full, '.'));
}

std::string to_time(double seconds)
{
    const auto whole = static_cast<std::uint64_t>(seconds + 0.5);
    if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

} // namespace

std::string with_commas(std::uint64_t number)
{
    auto text = std::to_string(number);
    for (auto place = text.size(); place > 3;) {
        place -= 3;
        text.insert(place, 1, ',');
    }
    return text;
}

std::string progress_line(const Progress& progress, std::size_t width)
{
    const auto done = std::min(progress.done, progress.total);
    const auto share =
        progress.total ? static_cast<double>(done) / static_cast<double>(progress.total) : 0;
    std::vector<std::string> parts{std::string{progress.what}};
    if (progress.total) {
        parts.push_back(bar(share));
        parts.push_back(fmt::format("{:3} %", static_cast<int>(share * 100)));
        parts.push_back(
            fmt::format("{} of {}", control::to_size(done), control::to_size(progress.total)));
    } else if (progress.done) {
        parts.push_back(control::to_size(progress.done));
    }
    if (!progress.item.empty())
        parts.push_back(fmt::format("{} {}", with_commas(progress.items), progress.item));
    const auto seconds = std::chrono::duration<double>(progress.elapsed).count();
    // Before that a guess would jump.
    if (share > 0.01 && seconds > 1)
        parts.push_back(fmt::format("{} left", to_time(seconds * (1 - share) / share)));
    std::string line;
    for (const auto& part : parts) {
        const auto longer = line + (line.empty() ? "" : "  ") + part;
        if (longer.size() > width) break;
        line = longer;
    }
    return line;
}

} // namespace portico::store
