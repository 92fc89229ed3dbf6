#include "services/http/access_record.hpp"

#include "services/http/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <cstring>
#include <iterator>

namespace portico::http {

namespace {

constexpr std::string_view digits = "0123456789ABCDEF";

/// A line that grows in a place of fixed size. Once it does not fit it stays so.
class Line {
public:
    explicit Line(std::span<char> room) : room_{room} {}

    Line& operator<<(std::string_view text)
    {
        if (text.size() > room_.size() - size_) fits_ = false;
        if (!fits_ || text.empty()) return *this;
        std::memcpy(room_.data() + size_, text.data(), text.size());
        size_ += text.size();
        return *this;
    }
    template <std::unsigned_integral Number>
    Line& operator<<(Number number)
    {
        std::array<char, 20> text; // of 2^64
        const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
        return *this << std::string_view{text.data(), end};
    }

    std::optional<std::size_t> size() const { return fits_ ? std::optional{size_} : std::nullopt; }

private:
    std::span<char> room_;
    std::size_t size_ = 0;
    bool fits_ = true;
};

bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

void put_hex(Line& line, std::string_view text, auto as_it_is)
{
    while (!text.empty()) {
        const auto end = std::ranges::find_if_not(text, as_it_is);
        line << std::string_view{text.begin(), end};
        text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
        if (text.empty()) return;
        const auto octet = static_cast<unsigned char>(text.front());
        const std::array escape{'\\', 'x', digits[octet >> 4], digits[octet & 15]};
        line << std::string_view{escape.data(), escape.size()};
        text.remove_prefix(1);
    }
}

void put_u(Line& line, unsigned unit)
{
    const std::array escape{'\\',
                            'u',
                            digits[unit >> 12 & 15],
                            digits[unit >> 8 & 15],
                            digits[unit >> 4 & 15],
                            digits[unit & 15]};
    line << std::string_view{escape.data(), escape.size()};
}

/// Takes a character off the front of `text`, or U+FFFD for an octet that begins none.
char32_t take_character(std::string_view& text)
{
    Utf8 utf8;
    for (std::size_t i = 0; i < text.size() && utf8.take(static_cast<unsigned char>(text[i]));
         ++i) {
        if (!utf8.whole()) continue;
        text.remove_prefix(i + 1);
        return utf8.character();
    }
    text.remove_prefix(1);
    return U'\uFFFD';
}

void put_json(Line& line, std::string_view text)
{
    while (!text.empty()) {
        const auto end = std::ranges::find_if_not(text, is_plain);
        line << std::string_view{text.begin(), end};
        text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
        if (text.empty()) return;
        const auto character = take_character(text);
        if (character == U'"' || character == U'\\') {
            const std::array escape{'\\', static_cast<char>(character)};
            line << std::string_view{escape.data(), escape.size()};
        } else if (character > 0xFFFF) { // RFC 8259 section 7: as UTF-16 has it
            put_u(line, 0xD800u + ((character - 0x10000u) >> 10));
            put_u(line, 0xDC00u + (character & 0x3FFu));
        } else {
            put_u(line, character);
        }
    }
}

/// Takes the user-info off the front of `text`, if an authority (RFC 3986 section 3.2) is there. A
/// space does not end it, lest of what is malformed the second half is shown.
void skip_user_info(std::string_view& text)
{
    const auto at = text.substr(0, text.find_first_of("/?#")).rfind('@');
    if (at != text.npos) text.remove_prefix(at + 1);
}

/// Shows `text` in pieces: all of it but the user-info of the URIs that are in it.
template <class Put>
void each_public_piece(std::string_view text, Put put)
{
    const auto show = [&](std::size_t length) {
        put(text.substr(0, length));
        text.remove_prefix(length);
        skip_user_info(text);
    };
    constexpr std::string_view connect = "CONNECT "; // its target is an authority alone
    if (text.starts_with(connect)) show(connect.size());
    constexpr std::string_view before_authority = "://";
    for (std::size_t at = 0; (at = text.find(before_authority)) != text.npos;)
        show(at + before_authority.size());
    put(text);
}

/// What a text is searched for.
enum class May : std::uint8_t { hold_uris, hold_none };

template <class Put>
void each_piece(std::string_view text, May may, Put put)
{
    if (may == May::hold_uris)
        each_public_piece(text, put);
    else
        put(text);
}

/// As words of a combined line: "-" if there are none.
void put_quoted(Line& line, std::string_view text, May may)
{
    line << " \"";
    if (text.empty()) line << "-";
    each_piece(text, may, [&](std::string_view piece) { put_hex(line, piece, is_plain); });
    line << "\"";
}

/// As one word of it.
void put_word(Line& line, std::string_view text)
{
    if (text.empty()) line << "-";
    put_hex(line, text, [](char c) { return is_plain(c) && c != ' '; });
}

/// As a member of the object, if there is any.
void put_member(Line& line, std::string_view name, std::string_view text, May may = May::hold_none)
{
    if (text.empty()) return;
    line << ",\"" << name << "\":\"";
    each_piece(text, may, [&](std::string_view piece) { put_json(line, piece); });
    line << "\"";
}

void put_combined(Line& line, std::string_view date, const AccessRecord& record)
{
    put_word(line, record.client);
    line << " - ";
    put_word(line, record.user);
    line << " " << date;
    put_quoted(line, record.line, May::hold_uris);
    line << " " << record.status << " " << record.octets;
    put_quoted(line, record.referer, May::hold_uris);
    put_quoted(line, record.user_agent, May::hold_none);
    line << "\n";
}

void put_object(Line& line, std::string_view date, const AccessRecord& record)
{
    const auto second = std::chrono::floor<std::chrono::seconds>(record.when);
    const auto milliseconds = static_cast<unsigned>(
        std::chrono::floor<std::chrono::milliseconds>(record.when - second).count());
    const std::array fraction{digits[milliseconds / 100], digits[milliseconds / 10 % 10],
                              digits[milliseconds % 10]};
    line << "{\"time\":\"" << date << std::string_view{fraction.data(), fraction.size()} << "Z\"";
    line << ",\"connection\":" << record.connection;
    put_member(line, "client", record.client);
    line << ",\"tls\":" << std::string_view{record.tls ? "true" : "false"};
    put_member(line, "user", record.user);
    auto host = record.host;
    skip_user_info(host);
    put_member(line, "host", host);
    put_member(line, "request", record.line, May::hold_uris);
    const auto took = std::max<std::chrono::microseconds::rep>(record.took.count(), 0);
    line << ",\"status\":" << record.status << ",\"octets\":" << record.octets
         << ",\"took_us\":" << static_cast<std::uint64_t>(took);
    put_member(line, "referer", record.referer, May::hold_uris);
    put_member(line, "user_agent", record.user_agent);
    line << "}\n";
}

} // namespace

std::string_view AccessFormatter::date(std::chrono::sys_seconds second)
{
    if (second_ == second) return date_;
    static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(second);
    const std::chrono::year_month_day civil{day};
    const std::chrono::hh_mm_ss clock{second - day};
    const auto month = static_cast<unsigned>(civil.month());
    date_.clear(); // and keeps its memory
    const auto out = std::back_inserter(date_);
    if (format_ == AccessFormat::combined)
        fmt::format_to(out, "[{:02}/{}/{:04}:{:02}:{:02}:{:02} +0000]",
                       static_cast<unsigned>(civil.day()), months[month - 1],
                       static_cast<int>(civil.year()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count());
    else
        fmt::format_to(out, "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.", static_cast<int>(civil.year()),
                       month, static_cast<unsigned>(civil.day()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count());
    second_ = second;
    return date_;
}

std::optional<std::size_t> AccessFormatter::write(std::span<char> room, const AccessRecord& record)
{
    Line line{room};
    const auto text = date(std::chrono::floor<std::chrono::seconds>(record.when));
    if (format_ == AccessFormat::combined)
        put_combined(line, text, record);
    else
        put_object(line, text, record);
    return line.size();
}

} // namespace portico::http
