#include "services/inspect/asked.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <optional>

namespace portico::inspect {

std::string_view Asked::parameter(std::string_view name) const
{
    const auto found = std::ranges::find(parameters, name, &http::Parameter::name);
    return found == parameters.end() ? std::string_view{} : std::string_view{found->value};
}

std::string Asked::url() const
{
    const auto path = target.path.empty() ? std::string_view{"/"} : target.path;
    // The target, not the query, tells whether there is a "?".
    const auto query_start = std::min(head.target.find('?'), head.target.size());
    return url(path) + std::string{head.target.substr(query_start)};
}

std::string Asked::url(std::string_view path) const
{
    return fmt::format("{}://{}{}", tls ? "https" : "http", authority, path);
}

Answer mistake(std::string_view why)
{
    return {.status = http::Status::bad_request,
            .content_type = "text/plain; charset=utf-8",
            .content = fmt::format("{}\n", why)};
}

std::string location(std::string_view value)
{
    std::string line = "Location: ";
    for (auto c : value) {
        if (c > 0x20 && c < 0x7f)
            line += c;
        else
            fmt::format_to(std::back_inserter(line), "%{:02X}", static_cast<unsigned char>(c));
    }
    return line + "\r\n";
}

std::optional<std::uint64_t> parse_number(std::string_view text)
{
    std::uint64_t value = 0;
    const auto end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stopped != end) return std::nullopt;
    return value;
}

std::optional<config::Duration> parse_seconds(std::string_view text)
{
    double value = 0;
    const auto end = text.data() + text.size();
    const auto [stopped, error] =
        std::from_chars(text.data(), end, value, std::chars_format::fixed);
    if (error != std::errc{} || stopped != end || !std::isfinite(value) || std::signbit(value))
        return std::nullopt;
    constexpr double year = 366.0 * 24 * 3600;
    return config::Duration{std::llround(std::min(value, year) * 1000)};
}

} // namespace portico::inspect
