#include "services/http/date.hpp"

#include <algorithm>
#include <array>

namespace portico::http {

namespace {

using std::chrono::sys_seconds;

constexpr std::array<std::string_view, 7> days{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                               "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Parts {
    unsigned weekday = 0;
    int year = 0;
    unsigned month = 0, day = 0;
    unsigned hour = 0, minute = 0, second = 0;
};

/// Takes a date apart from its front. What is missing makes all of it wrong.
class Taker {
public:
    explicit Taker(std::string_view text) : rest_{text} {}

    bool over() const { return right_ && rest_.empty(); }

    void literal(std::string_view text)
    {
        if (rest_.starts_with(text))
            rest_.remove_prefix(text.size());
        else
            right_ = false;
    }

    unsigned digits(std::size_t count)
    {
        unsigned number = 0;
        if (rest_.size() < count) right_ = false;
        for (std::size_t i = 0; right_ && i < count; ++i) {
            if (rest_[i] < '0' || rest_[i] > '9') right_ = false;
            number = number * 10 + static_cast<unsigned>(rest_[i] - '0');
        }
        if (right_) rest_.remove_prefix(count);
        return right_ ? number : 0;
    }

    // RFC 9110 section 5.6.7: the names are case-sensitive.
    template <std::size_t Count>
    unsigned name(const std::array<std::string_view, Count>& names, std::size_t letters)
    {
        for (unsigned i = 0; i < Count; ++i) {
            auto name = names[i].substr(0, letters);
            if (!rest_.starts_with(name)) continue;
            rest_.remove_prefix(name.size());
            return i;
        }
        right_ = false;
        return 0;
    }

    void time_of_day(Parts& parts)
    {
        parts.hour = digits(2);
        literal(":");
        parts.minute = digits(2);
        literal(":");
        parts.second = digits(2);
    }

    bool has(char c) const { return rest_.starts_with(c); }

private:
    std::string_view rest_;
    bool right_ = true;
};

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<Parts> imf_fixdate(std::string_view text)
{
    Taker take{text};
    Parts parts;
    parts.weekday = take.name(days, 3);
    take.literal(", ");
    parts.day = take.digits(2);
    take.literal(" ");
    parts.month = take.name(months, 3) + 1;
    take.literal(" ");
    parts.year = static_cast<int>(take.digits(4));
    take.literal(" ");
    take.time_of_day(parts);
    take.literal(" GMT");
    return take.over() ? std::optional{parts} : std::nullopt;
}

// "Sunday, 06-Nov-94 08:49:37 GMT"
std::optional<Parts> rfc850_date(std::string_view text, sys_seconds now)
{
    Taker take{text};
    Parts parts;
    parts.weekday = take.name(days, std::string_view::npos);
    take.literal(", ");
    parts.day = take.digits(2);
    take.literal("-");
    parts.month = take.name(months, 3) + 1;
    take.literal("-");
    parts.year = static_cast<int>(take.digits(2));
    take.literal(" ");
    take.time_of_day(parts);
    take.literal(" GMT");
    if (!take.over()) return std::nullopt;
    // Section 5.6.7: what seems to be more than 50 years in the future is in the past.
    auto this_year = static_cast<int>(
        std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(now)}.year());
    parts.year += this_year - this_year % 100;
    if (parts.year > this_year + 50) parts.year -= 100;
    return parts;
}

// "Sun Nov  6 08:49:37 1994"
std::optional<Parts> asctime_date(std::string_view text)
{
    Taker take{text};
    Parts parts;
    parts.weekday = take.name(days, 3);
    take.literal(" ");
    parts.month = take.name(months, 3) + 1;
    take.literal(" ");
    const bool one_digit = take.has(' ');
    if (one_digit) take.literal(" ");
    parts.day = take.digits(one_digit ? 1 : 2);
    take.literal(" ");
    take.time_of_day(parts);
    take.literal(" ");
    parts.year = static_cast<int>(take.digits(4));
    return take.over() ? std::optional{parts} : std::nullopt;
}

std::optional<sys_seconds> to_time(const Parts& parts)
{
    using namespace std::chrono;
    const year_month_day date{year{parts.year}, month{parts.month}, day{parts.day}};
    // RFC 9110 section 5.6.7: second 60 is a leap second.
    if (!date.ok() || parts.hour > 23 || parts.minute > 59 || parts.second > 60)
        return std::nullopt;
    const sys_days midnight{date};
    if (weekday{midnight}.c_encoding() != parts.weekday) return std::nullopt;
    return midnight + hours{parts.hour} + minutes{parts.minute} + seconds{parts.second};
}

} // namespace

std::optional<sys_seconds> parse_date(std::string_view text, sys_seconds now)
{
    auto parts = imf_fixdate(text);
    if (!parts) parts = rfc850_date(text, now);
    if (!parts) parts = asctime_date(text);
    return parts ? to_time(*parts) : std::nullopt;
}

} // namespace portico::http
