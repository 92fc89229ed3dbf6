#include "services/catalog/when.hpp"

#include "services/mime/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>

namespace portico::catalog {

namespace {

using std::chrono::milliseconds;

/// Takes numbers and marks from the front; once something is missing all else fails, too.
class Scanner {
public:
    explicit Scanner(std::string_view text) : rest_{text} {}

    bool failed() const { return failed_; }
    bool at_end() const { return rest_.empty(); }
    char front() const { return rest_.empty() ? '\0' : rest_.front(); }

    bool skip(std::string_view any_of)
    {
        if (rest_.empty() || any_of.find(rest_.front()) == any_of.npos) return false;
        rest_.remove_prefix(1);
        return true;
    }
    void expect(std::string_view any_of) { failed_ |= !skip(any_of); }

    int number(std::size_t least, std::size_t most)
    {
        const auto digits = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
        int value = 0;
        failed_ |= digits < least || digits > most;
        if (failed_) return 0;
        std::from_chars(rest_.data(), rest_.data() + digits, value);
        rest_.remove_prefix(digits);
        return value;
    }

    /// Digits behind a decimal point, as milliseconds.
    milliseconds fraction()
    {
        int value = 0;
        std::size_t digits = 0;
        for (; front() >= '0' && front() <= '9'; ++digits, rest_.remove_prefix(1))
            if (digits < 3) value = value * 10 + (front() - '0');
        failed_ |= digits == 0;
        for (; digits < 3; ++digits) value *= 10;
        return milliseconds{value};
    }

private:
    std::string_view rest_;
    bool failed_ = false;
};

std::optional<std::chrono::local_days> parse_day(Scanner& in)
{
    const int first = in.number(1, 4);
    in.expect("-/");
    const int second = in.number(1, 2);
    in.expect("-/");
    const int third = in.number(1, 4);
    if (in.failed()) return std::nullopt;
    const bool american = first <= 12 && third > 31;
    const auto [y, m, d] =
        american ? std::tuple{third, first, second} : std::tuple{first, second, third};
    const std::chrono::year_month_day day{std::chrono::year{y},
                                          std::chrono::month{static_cast<unsigned>(m)},
                                          std::chrono::day{static_cast<unsigned>(d)}};
    if (y < 1000 || !day.ok()) return std::nullopt;
    return std::chrono::local_days{day};
}

std::optional<milliseconds> parse_time(Scanner& in)
{
    const int hours = in.number(1, 2);
    in.expect(":");
    const int minutes = in.number(2, 2);
    const int seconds = in.skip(":") ? in.number(2, 2) : 0;
    const auto fraction = in.skip(".") ? in.fraction() : milliseconds{0};
    if (in.failed() || hours > 23 || minutes > 59 || seconds > 60) return std::nullopt;
    return std::chrono::hours{hours} + std::chrono::minutes{minutes} +
           std::chrono::seconds{seconds} + fraction;
}

/// "Z" or "+hh:mm" (RFC 3339 section 5.6), the latter without its colon, too.
std::optional<std::chrono::minutes> parse_offset(Scanner& in)
{
    if (in.skip("zZ")) return std::chrono::minutes{0};
    const bool west = in.front() == '-';
    in.expect("+-");
    const int front = in.number(2, 4);
    const bool colon = in.skip(":");
    const int hours = colon ? front : front / 100;
    const int minutes = colon ? in.number(2, 2) : front % 100;
    if (in.failed() || hours > 23 || minutes > 59) return std::nullopt;
    const auto offset = std::chrono::hours{hours} + std::chrono::minutes{minutes};
    return west ? -offset : offset;
}

std::optional<std::chrono::sys_time<milliseconds>> since_1970(std::string_view text)
{
    std::int64_t value = 0;
    const auto* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value);
    if (result.ec != std::errc{} || result.ptr != end || value < 0) return std::nullopt;
    // Seconds of the year 5138 or milliseconds of 1973: nobody means the former.
    constexpr std::int64_t least_milliseconds = 100'000'000'000, most = 253'402'300'799'000;
    if (value > most) return std::nullopt;
    const auto time = milliseconds{value < least_milliseconds ? value * 1000 : value};
    return std::chrono::sys_time<milliseconds>{time};
}

} // namespace

bool is_zone_name(std::string_view name)
{
    if (name.empty() || name.size() > 64 || name.front() == '/') return false;
    return name.find("..") == name.npos && std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      std::string_view{"/_+-"}.find(c) != std::string_view::npos;
           });
}

std::optional<std::chrono::sys_time<milliseconds>> parse_when(std::string_view text,
                                                              const Zone& zone)
{
    text = mime::trim(text);
    if (text.size() > 4)
        if (const auto time = since_1970(text)) return time;
    Scanner in{text};
    const auto day = parse_day(in);
    if (!day) return std::nullopt;
    milliseconds time{0};
    if (in.skip(" tT")) {
        const auto parsed = parse_time(in);
        if (!parsed) return std::nullopt;
        time = *parsed;
        in.skip(" ");
        if (!in.at_end()) {
            const auto offset = parse_offset(in);
            if (!offset || !in.at_end()) return std::nullopt;
            return std::chrono::sys_days{day->time_since_epoch()} + time - *offset;
        }
    }
    if (!in.at_end()) return std::nullopt;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    return zone.to_utc(*day + seconds) + (time - seconds);
}

} // namespace portico::catalog
