#include "services/console/wish.hpp"

#include "services/console/json.hpp"
#include "services/http/target.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace portico::console {

namespace {

bool contains(std::string_view text, const std::string& wanted)
{
    return wanted.empty() || lower(text).contains(lower(wanted));
}

bool is_address(const std::string& address, const std::string& wanted)
{
    return lower(address) == lower(wanted);
}

std::optional<std::chrono::milliseconds> parse_timeout(std::string_view text)
{
    double seconds = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed);
    if (error != std::errc{} || end != text.data() + text.size()) return {};
    if (!(seconds >= 0 && seconds <= static_cast<double>(longest_timeout.count()))) return {};
    return std::chrono::milliseconds{static_cast<std::int64_t>(seconds * 1000)};
}

} // namespace

std::string lower(std::string_view text)
{
    std::string made{text};
    std::ranges::transform(made, made.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return made;
}

std::expected<Wish, std::string> parse_wish(std::string_view query)
{
    const auto pairs = http::parse_urlencoded(query);
    if (!pairs) return std::unexpected("too many parameters");
    Wish wish;
    const std::pair<std::string_view, std::string*> texts[]{{"to", &wish.to},
                                                            {"from", &wish.from},
                                                            {"subject", &wish.subject},
                                                            {"contains", &wish.contains},
                                                            {"since", &wish.since}};
    for (const auto& [name, value] : *pairs) {
        if (name == "timeout") {
            const auto timeout = parse_timeout(value);
            if (!timeout)
                return std::unexpected("timeout is not a number of seconds from 0 to 300");
            wish.timeout = *timeout;
            continue;
        }
        const auto text =
            std::ranges::find(texts, name, &std::pair<std::string_view, std::string*>::first);
        if (text == std::end(texts))
            return std::unexpected("unknown parameter \"" + name +
                                   "\": to, from, subject, contains, since and timeout are known");
        *text->second = value;
    }
    wish.to = lower(wish.to);
    return wish;
}

bool may_fit(const Wish& wish, const mail::Arrival& arrival)
{
    const auto is_wanted = [&wish](const std::string& one) { return lower(one) == wish.to; };
    return wish.to.empty() || std::ranges::any_of(arrival.recipients, is_wanted) ||
           std::ranges::any_of(arrival.mailboxes, is_wanted);
}

bool fits(const Wish& wish, const mail::Arrival& arrival, const mime::Message& message)
{
    const bool sender = wish.from.empty() || is_address(arrival.reverse_path, wish.from) ||
                        is_address(message.from.address, wish.from);
    return sender && may_fit(wish, arrival) && contains(message.subject, wish.subject) &&
           (contains(message.subject, wish.contains) || contains(message.text, wish.contains) ||
            contains(message.html, wish.contains));
}

nlohmann::json arrival_document(const mail::Arrival& arrival)
{
    return {{"id", arrival.id},
            {"from", arrival.reverse_path},
            {"to", arrival.recipients},
            {"mailboxes", arrival.mailboxes},
            {"username", arrival.username},
            {"size", arrival.size},
            {"received", created_text(arrival.received)}};
}

} // namespace portico::console
