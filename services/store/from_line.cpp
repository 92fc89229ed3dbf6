#include "services/store/from_line.hpp"

#include <fmt/chrono.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace portico::store {

namespace {

constexpr std::string_view start = "From ";
constexpr std::string_view nobody = "MAILER-DAEMON";
constexpr std::string_view verbatim_mark = "verbatim";
constexpr std::array<std::string_view, 7> days{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

using Words = std::vector<std::string_view>;

Words words_of(std::string_view text)
{
    Words words;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find(' ', at), text.size());
        if (end > at) words.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return words;
}

std::optional<int> number(std::string_view text, std::size_t least_digits, std::size_t most_digits)
{
    int value = 0;
    const auto* end = text.data() + text.size();
    if (text.size() < least_digits || text.size() > most_digits) return {};
    const auto parsed = std::from_chars(text.data(), end, value);
    if (parsed.ec != std::errc{} || parsed.ptr != end || value < 0) return {};
    return value;
}

/// "20:15" or "20:15:01"
std::optional<std::chrono::seconds> time_of_day(std::string_view word)
{
    const auto hours = number(word.substr(0, word.find(':')), 1, 2);
    if (!hours || *hours > 23 || !word.contains(':')) return {};
    word.remove_prefix(word.find(':') + 1);
    const auto minutes = number(word.substr(0, word.find(':')), 2, 2);
    if (!minutes || *minutes > 59) return {};
    std::optional<int> seconds = 0;
    if (word.contains(':')) seconds = number(word.substr(word.find(':') + 1), 2, 2);
    if (!seconds || *seconds > 60) return {};
    return std::chrono::hours{*hours} + std::chrono::minutes{*minutes} +
           std::chrono::seconds{*seconds};
}

/// "+0100"; a name of a zone is as good as none.
std::optional<std::chrono::minutes> zone(std::string_view word)
{
    if (word.starts_with('+') || word.starts_with('-')) {
        const auto digits = number(word.substr(1), 4, 4);
        if (!digits) return {};
        const std::chrono::minutes offset{*digits / 100 * 60 + *digits % 100};
        return word.front() == '-' ? -offset : offset;
    }
    const auto is_letter = [](char c) { return c >= 'A' && c <= 'Z'; };
    if (!std::ranges::all_of(word, is_letter)) return {};
    return std::chrono::minutes{0};
}

/// What stands behind the sender: day of the week, month, day, time, perhaps zones, and a year.
std::optional<FromLine> parse_date(const Words& words)
{
    if (words.size() < 5) return {};
    const auto month = std::ranges::find(months, words[1]);
    const auto day = number(words[2], 1, 2);
    const auto time = time_of_day(words[3]);
    if (std::ranges::find(days, words[0]) == days.end() || month == months.end() || !day || !time)
        return {};
    std::chrono::minutes offset{0};
    std::optional<int> year;
    auto word = words.begin() + 4;
    for (; word != words.end() && !year; ++word) {
        year = number(*word, 4, 4);
        if (year) continue;
        const auto found = zone(*word);
        if (!found) return {};
        offset = *found;
    }
    // Some put the zone behind the year.
    if (word != words.end() && (word->starts_with('+') || word->starts_with('-')))
        if (const auto found = zone(*word)) offset = *found;
    if (!year) return {};
    const std::chrono::year_month_day date{
        std::chrono::year{*year},
        std::chrono::month{static_cast<unsigned>(month - months.begin() + 1)},
        std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok()) return {};
    FromLine line;
    line.received = std::chrono::sys_days{date} + *time - offset;
    line.verbatim = word != words.end() && *word == verbatim_mark;
    return line;
}

} // namespace

std::string to_line(const FromLine& line)
{
    const auto seconds = std::chrono::floor<std::chrono::seconds>(line.received);
    return fmt::format("{}{} {:%a %b %e %H:%M:%S %Y}{}{}\n", start,
                       line.reverse_path.empty() ? nobody : std::string_view{line.reverse_path},
                       fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                       line.verbatim ? " " : "", line.verbatim ? verbatim_mark : "");
}

std::optional<FromLine> parse_from_line(std::string_view line)
{
    if (!line.starts_with(start)) return {};
    line.remove_prefix(start.size());
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    const auto words = words_of(line);
    // A quoted local part can have spaces, and words that look like a date's beginning.
    for (std::size_t first = words.size(); first-- > 0;) {
        auto parsed = parse_date({words.begin() + static_cast<std::ptrdiff_t>(first), words.end()});
        if (!parsed) continue;
        auto sender = line.substr(0, static_cast<std::size_t>(words[first].data() - line.data()));
        while (sender.ends_with(' ')) sender.remove_suffix(1);
        if (sender != nobody && sender != "-") parsed->reverse_path = sender;
        return parsed;
    }
    return {};
}

} // namespace portico::store
