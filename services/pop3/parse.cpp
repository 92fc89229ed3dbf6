#include "services/pop3/parse.hpp"

#include "services/accounts/sasl.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <system_error>

namespace portico::pop3 {

void Lines::feed(std::string_view bytes)
{
    buffer_.erase(0, start_);
    scanned_ -= start_;
    start_ = 0;
    buffer_.append(bytes);
}

std::size_t Lines::drop()
{
    auto octets = buffer_.size() - start_;
    buffer_.clear();
    start_ = scanned_ = 0;
    too_long_ = false;
    return octets;
}

std::optional<std::expected<std::string_view, LineError>> Lines::next()
{
    auto lf = buffer_.find('\n', scanned_);
    if (lf == std::string::npos) {
        // With the LF that is still to come it would be longer than the limit.
        if (buffer_.size() - start_ >= limit_) too_long_ = true;
        if (too_long_ || start_ == buffer_.size()) {
            // An idle session keeps no more than a line's worth of memory.
            if (buffer_.capacity() > 2 * limit_) buffer_ = {};
            buffer_.clear();
            start_ = 0;
        }
        scanned_ = buffer_.size();
        return std::nullopt;
    }
    auto line = std::string_view{buffer_}.substr(start_, lf + 1 - start_);
    start_ = scanned_ = lf + 1;
    if (too_long_ || line.size() > limit_) {
        too_long_ = false;
        return std::unexpected{LineError::too_long};
    }
    if (!line.ends_with("\r\n")) return std::unexpected{LineError::bare_lf};
    line.remove_suffix(2);
    if (line.contains('\r')) return std::unexpected{LineError::bare_cr};
    if (line.contains('\0')) return std::unexpected{LineError::nul};
    return line;
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool same_verb(std::string_view left, std::string_view right)
{
    return std::ranges::equal(left, right, {}, upper, upper);
}

CommandLine parse_command(std::string_view line)
{
    auto space = line.find(' ');
    if (!same_verb(line.substr(0, space), "PASS")) {
        line = line.substr(0, line.find_last_not_of(' ') + 1);
        space = line.find(' ');
    }
    if (space == std::string_view::npos) return {line, std::nullopt};
    return {line.substr(0, space), line.substr(space + 1)};
}

std::optional<std::uint64_t> parse_number(std::string_view text)
{
    if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos)
        return std::nullopt;
    std::uint64_t number = 0;
    auto result = std::from_chars(text.data(), text.data() + text.size(), number);
    if (result.ec == std::errc::result_out_of_range)
        return std::numeric_limits<std::uint64_t>::max();
    return number;
}

std::optional<TopArguments> parse_top(std::string_view argument)
{
    auto space = argument.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    auto message = parse_number(argument.substr(0, space));
    auto lines = parse_number(argument.substr(space + 1));
    if (!message || !lines) return std::nullopt;
    return TopArguments{*message, *lines};
}

std::optional<ApopArguments> parse_apop(std::string_view argument)
{
    auto space = argument.find(' ');
    if (space == 0 || space == std::string_view::npos) return std::nullopt;
    auto digest = argument.substr(space + 1);
    if (digest.size() != 32 || digest.find_first_not_of("0123456789abcdef") != digest.npos)
        return std::nullopt;
    return ApopArguments{argument.substr(0, space), digest};
}

std::optional<AuthArguments> parse_auth(std::string_view argument)
{
    auto space = argument.find(' ');
    auto mechanism = argument.substr(0, space);
    if (mechanism.empty()) return std::nullopt;
    if (space == std::string_view::npos) return AuthArguments{mechanism, std::nullopt};
    auto initial_response = argument.substr(space + 1);
    if (initial_response.empty() || initial_response.contains(' ')) return std::nullopt;
    return AuthArguments{mechanism, initial_response};
}

/// How much of a line that begins with this verb, after `end` octets, may be shown.
static std::size_t shown_of(std::string_view line, std::string_view verb, std::size_t end)
{
    auto rest = line.substr(end);
    if (!rest.starts_with(' ')) return end;
    rest.remove_prefix(1);
    auto word = rest.substr(0, rest.find(' '));
    if (same_verb(verb, "AUTH") && accounts::mechanism_named(word)) return end + 1 + word.size();
    if (same_verb(verb, "APOP") && parse_apop(rest)) return end + 1 + word.size();
    return end;
}

std::string masked(std::string_view line)
{
    static constexpr std::array<std::string_view, 3> secret{"PASS", "AUTH", "APOP"};
    // "PASS<tab>secret" and " PASS secret" are no commands, but a password all the same.
    auto start = std::min(line.find_first_not_of(" \t"), line.size());
    auto end = std::min(start + 4, line.size());
    auto verb = line.substr(start, end - start);
    auto is_verb = [verb](std::string_view word) { return same_verb(verb, word); };
    if (std::ranges::none_of(secret, is_verb)) return std::string{line};
    auto shown = shown_of(line, verb, end);
    if (shown == line.size()) return std::string{line};
    return std::string{line.substr(0, shown)} + " ****";
}

} // namespace portico::pop3
