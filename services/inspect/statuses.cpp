#include "services/inspect/answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <random>

namespace portico::inspect {

namespace {

using http::Status;

constexpr std::uint64_t most_redirects = 1000;

struct Weighted {
    unsigned code;
    double weight;
};

// Interim responses (1xx) are followed by another one, and past 599 is nothing (RFC 9110
// section 15): either would confuse where the response ends.
std::optional<Weighted> parse_code(std::string_view text)
{
    Weighted parsed{0, 1};
    const auto colon = std::min(text.find(':'), text.size());
    const auto code = parse_number(text.substr(0, colon));
    if (!code || *code < 200 || *code > 599) return std::nullopt;
    parsed.code = static_cast<unsigned>(*code);
    if (colon == text.size()) return parsed;
    const auto end = text.data() + text.size();
    const auto [stopped, error] =
        std::from_chars(text.data() + colon + 1, end, parsed.weight, std::chars_format::fixed);
    // Not written as a comparison with < so that NaN fails too.
    const bool sound = parsed.weight >= 0 && parsed.weight <= 1e6;
    if (error != std::errc{} || stopped != end || !sound) return std::nullopt;
    return parsed;
}

/// Which of them it is this time, by their weights.
std::optional<unsigned> choose(const std::vector<Weighted>& codes, std::uint64_t seed)
{
    double sum = 0;
    for (const auto& code : codes) sum += code.weight;
    if (!(sum > 0)) return std::nullopt;
    std::mt19937_64 random{seed};
    auto left = static_cast<double>(random() >> 11) * 0x1p-53 * sum;
    for (const auto& code : codes) {
        if (left < code.weight) return code.code;
        left -= code.weight;
    }
    return codes.back().code; // rounding
}

// What the RFC wants beside some statuses, so that a client may act on them.
std::string fields_of(unsigned code)
{
    switch (code) {
    case 301: // RFC 9110 sections 15.4.2 to 15.4.9
    case 302:
    case 303:
    case 307:
    case 308: return "Location: /redirect/1\r\n";
    case 401: return "WWW-Authenticate: Basic realm=\"portico\"\r\n";   // section 15.5.2
    case 405: return "Allow: GET, HEAD, OPTIONS\r\n";                   // section 15.5.6
    case 407: return "Proxy-Authenticate: Basic realm=\"portico\"\r\n"; // section 15.5.8
    case 426: return "Upgrade: websocket\r\n";                          // section 15.5.22
    default: return "";
    }
}

Answer moved(std::string_view to, Status status = static_cast<Status>(302))
{
    return {.status = status, .fields = location(to)};
}

/// The next of n redirects: to /<kind>-redirect/{n - 1}, the last to /get.
Answer redirect_once(const Asked& asked, bool absolute)
{
    const auto count = parse_number(asked.parameter("n"));
    if (!count || *count == 0 || *count > most_redirects)
        return mistake("the number of redirects is 1 to 1000");
    const auto path = *count == 1 ? std::string{"/get"}
                                  : fmt::format("/{}-redirect/{}",
                                                absolute ? "absolute" : "relative", *count - 1);
    return moved(absolute ? asked.url(path) : path);
}

} // namespace

Answer status(const Asked& asked)
{
    std::vector<Weighted> codes;
    auto list = asked.parameter("code");
    for (bool last = false; !last;) {
        const auto comma = std::min(list.find(','), list.size());
        last = comma == list.size();
        const auto code = parse_code(list.substr(0, comma));
        if (!code)
            return mistake("a status is a number from 200 to 599, since what is below is no final "
                           "one; several as 200,404:0.5");
        codes.push_back(*code);
        list.remove_prefix(last ? comma : comma + 1);
    }
    const auto code = choose(codes, asked.random);
    if (!code) return mistake("no status has any weight");
    return {.status = static_cast<Status>(*code), .fields = fields_of(*code)};
}

Answer redirect(const Asked& asked)
{
    const auto absolute = http::find(asked.query, "absolute").value_or("");
    return redirect_once(asked, http::equals_ignoring_case(absolute, "true"));
}

Answer relative_redirect(const Asked& asked)
{
    return redirect_once(asked, false);
}

Answer absolute_redirect(const Asked& asked)
{
    return redirect_once(asked, true);
}

Answer redirect_to(const Asked& asked)
{
    const auto url = http::find(asked.query, "url");
    if (!url || url->empty()) return mistake("the query has no url");
    const auto code = parse_number(http::find(asked.query, "status_code").value_or("302"));
    if (!code || *code < 300 || *code > 399) return mistake("status_code is 300 to 399");
    return moved(*url, static_cast<Status>(*code));
}

} // namespace portico::inspect
