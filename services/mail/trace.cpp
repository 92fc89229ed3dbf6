#include "services/mail/trace.hpp"

#include <fmt/core.h>

#include <array>
#include <vector>

namespace portico::mail {

namespace {

constexpr std::size_t max_line = 78; // RFC 5322 section 2.1.1, without CR LF
constexpr std::string_view fold = "\r\n    ";

/// One header field that grows word by word.
class Field {
public:
    explicit Field(std::string_view name) : text_{name}, name_{name.size()}, column_{name_} {}

    /// Adds a clause, on a line of its own if it does not fit and word by word if not even that.
    void add(const std::vector<std::string>& clause)
    {
        std::string whole;
        for (const auto& word : clause) (whole += whole.empty() ? "" : " ") += word;
        if (column_ + 1 + whole.size() <= max_line || fold.size() - 2 + whole.size() <= max_line)
            place(whole);
        else
            for (const auto& word : clause) place(word);
    }

    std::string end() { return text_ + "\r\n"; }

private:
    void place(std::string_view word)
    {
        const bool folding_helps = column_ > name_ || fold.size() - 2 + word.size() <= max_line;
        if (column_ + 1 + word.size() <= max_line || !folding_helps) {
            text_ += ' ';
            column_ += 1;
        } else {
            text_ += fold;
            column_ = fold.size() - 2;
        }
        text_ += word;
        column_ += word.size();
    }

    std::string text_;
    std::size_t name_; // its length
    std::size_t column_;
};

std::string return_path(const Trace& trace)
{
    Field field{"Return-Path:"};
    field.add({fmt::format("<{}>", trace.reverse_path)});
    return field.end();
}

std::string received(const Trace& trace)
{
    Field field{"Received:"};
    std::vector<std::string> from{"from", std::string{trace.client_name}};
    if (!trace.client_address.empty()) from.push_back(fmt::format("({})", trace.client_address));
    field.add(from);
    field.add({"by", std::string{trace.host_name}});
    if (!trace.transmission_type.empty()) field.add({"with", std::string{trace.transmission_type}});
    const bool alone = !trace.recipient.empty();
    field.add({"id", fmt::format("{}{}", trace.id, alone ? "" : ";")});
    if (alone) field.add({"for", fmt::format("<{}>;", trace.recipient)});
    field.add({date_time(trace.time)});
    return field.end();
}

} // namespace

std::string trace_fields(const Trace& trace)
{
    return return_path(trace) + received(trace);
}

std::string date_time(std::chrono::system_clock::time_point time)
{
    using namespace std::chrono;
    constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = floor<std::chrono::days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{floor<seconds>(time - day)};
    return fmt::format("{}, {} {} {:04} {:02}:{:02}:{:02} +0000", days[weekday{day}.c_encoding()],
                       static_cast<unsigned>(date.day()),
                       months[static_cast<unsigned>(date.month()) - 1],
                       static_cast<int>(date.year()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count());
}

} // namespace portico::mail
