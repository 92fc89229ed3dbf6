#include "services/mime/date.hpp"

#include "services/mime/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace portico::mime {

namespace {

constexpr std::array<std::string_view, 12> months{"jan", "feb", "mar", "apr", "may", "jun",
                                                  "jul", "aug", "sep", "oct", "nov", "dec"};

/// RFC 5322 section 4.3. The letters that the military use mean nothing there: -0000.
struct Zone {
    std::string_view name;
    int hours;
};
constexpr Zone zones[] = {{"edt", -4}, {"est", -5}, {"cdt", -5}, {"cst", -6},
                          {"mdt", -6}, {"mst", -7}, {"pdt", -7}, {"pst", -8}};

/// The words of a date, with comments left out.
std::vector<std::string_view> words(std::string_view text)
{
    std::vector<std::string_view> found;
    std::size_t depth = 0, start = 0, size = 0;
    const auto finish = [&] {
        if (size > 0) found.push_back(text.substr(start, size));
        size = 0;
    };
    for (std::size_t i = 0; i < text.size() && found.size() < 10; ++i) {
        const auto c = text[i];
        const bool separates = depth > 0 || c == ' ' || c == '\t' || c == ',' || c == '(' ||
                               c == ')' || c == '\r' || c == '\n';
        if (c == '(') ++depth;
        if (c == ')' && depth > 0) --depth;
        if (separates) {
            finish();
            continue;
        }
        if (size++ == 0) start = i;
    }
    finish();
    return found;
}

std::optional<int> number(std::string_view text)
{
    int value = 0;
    const auto* end = text.data() + text.size();
    if (text.empty() || text.size() > 4 || text.front() == '-') return std::nullopt;
    const auto result = std::from_chars(text.data(), end, value);
    return result.ptr == end && result.ec == std::errc{} ? std::optional{value} : std::nullopt;
}

// hour ":" minute [ ":" second ]
std::optional<std::chrono::seconds> parse_time(std::string_view text)
{
    const auto first = text.find(':');
    if (first == text.npos) return std::nullopt;
    const auto second = text.find(':', first + 1);
    const auto hours = number(text.substr(0, first));
    const auto minutes = number(text.substr(first + 1, second - first - 1));
    const auto seconds = second == text.npos ? 0 : number(text.substr(second + 1));
    if (!hours || !minutes || !seconds) return std::nullopt;
    if (*hours > 23 || *minutes > 59 || *seconds > 60) return std::nullopt; // 60: a leap second
    return std::chrono::hours{*hours} + std::chrono::minutes{*minutes} +
           std::chrono::seconds{*seconds};
}

std::optional<std::chrono::minutes> parse_zone(std::string_view text)
{
    if (text.starts_with('+') || text.starts_with('-')) {
        const auto digits = number(text.substr(1));
        if (!digits || text.size() != 5 || *digits % 100 > 59 || *digits / 100 > 23)
            return std::nullopt;
        const std::chrono::minutes offset{*digits / 100 * 60 + *digits % 100};
        return text.front() == '-' ? -offset : offset;
    }
    const auto name = ascii_lower(text);
    const auto* known = std::ranges::find(zones, std::string_view{name}, &Zone::name);
    return std::chrono::hours{known == std::end(zones) ? 0 : known->hours};
}

std::optional<std::chrono::year> parse_year(std::string_view text)
{
    auto year = number(text);
    if (!year || text.size() < 2) return std::nullopt;
    // RFC 5322 section 4.3: two digits are of 1950 to 2049, three count from 1900.
    if (text.size() == 2) *year += *year < 50 ? 2000 : 1900;
    if (text.size() == 3) *year += 1900;
    return std::chrono::year{*year};
}

std::optional<std::chrono::month> parse_month(std::string_view text)
{
    const auto name = ascii_lower(text.substr(0, 3)); // some write it out
    const auto* found = std::ranges::find(months, std::string_view{name});
    if (found == months.end()) return std::nullopt;
    return std::chrono::month{static_cast<unsigned>(found - months.begin() + 1)};
}

} // namespace

std::optional<Date> parse_date(std::string_view text)
{
    auto parts = words(text);
    // [ day-name "," ] day month year time zone
    if (!parts.empty() && !number(parts.front())) parts.erase(parts.begin());
    if (parts.size() < 4) return std::nullopt;
    const auto day = number(parts[0]);
    const auto month = parse_month(parts[1]);
    const auto year = parse_year(parts[2]);
    const auto time = parse_time(parts[3]);
    // A zone is due; without one UTC is as good as any.
    const auto offset = parts.size() > 4 ? parse_zone(parts[4]) : std::chrono::minutes{0};
    if (!day || !month || !year || !time || !offset) return std::nullopt;
    const std::chrono::year_month_day date{*year, *month,
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok()) return std::nullopt;
    return Date{std::chrono::sys_days{date} + *time - *offset, *offset};
}

std::string to_rfc3339(const Date& date)
{
    const auto local = date.time + date.offset;
    const auto days = std::chrono::floor<std::chrono::days>(local);
    const std::chrono::year_month_day day{days};
    const std::chrono::hh_mm_ss time{local - days};
    auto text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", int{day.year()},
                            unsigned{day.month()}, unsigned{day.day()}, time.hours().count(),
                            time.minutes().count(), time.seconds().count());
    if (date.offset.count() == 0) return text + "Z";
    const auto minutes = std::abs(date.offset.count());
    return text + fmt::format("{}{:02}:{:02}", date.offset.count() < 0 ? '-' : '+', minutes / 60,
                              minutes % 60);
}

} // namespace portico::mime
