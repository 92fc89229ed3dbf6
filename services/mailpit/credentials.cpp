#include "services/mailpit/credentials.hpp"

#include "config/syntax.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace portico::mailpit {

std::vector<std::string> split(std::string_view text, std::string_view separators)
{
    std::vector<std::string> parts;
    while (!text.empty()) {
        const auto end = std::min(text.find_first_of(separators), text.size());
        if (end > 0) parts.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

std::expected<std::vector<Login>, std::string> parse_logins(std::string_view text)
{
    std::vector<Login> logins;
    for (const auto& entry : split(text, " \t\r\n")) {
        const auto colon = entry.find(':');
        if (!config::is_login(entry))
            return std::unexpected{
                fmt::format("entry {} is no \"user:password\"", logins.size() + 1)};
        Login login{entry.substr(0, colon), entry.substr(colon + 1)};
        for (const std::string_view unknown : {"{SHA}", "{SSHA}", "$apr1$"})
            if (login.secret.starts_with(unknown))
                return std::unexpected{
                    fmt::format("the password of {} is a hash of a kind that is not known here: {}",
                                config::in_quotes(login.name), unknown)};
        logins.push_back(std::move(login));
    }
    return logins;
}

} // namespace portico::mailpit
