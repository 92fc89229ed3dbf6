#include "services/accounts/base64.hpp"
#include "services/inspect/answers.hpp"
#include "services/inspect/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace portico::inspect {

namespace {

/// What Authorization has behind this scheme (RFC 9110 section 11.4); its case means nothing.
std::optional<std::string_view> credentials(const Asked& asked, std::string_view scheme)
{
    const auto value = asked.head.field("Authorization");
    if (!value) return std::nullopt;
    const auto space = std::min(value->find(' '), value->size());
    if (!http::equals_ignoring_case(value->substr(0, space), scheme)) return std::nullopt;
    return http::trim(value->substr(space));
}

// RFC 7617 section 2: user-id ":" password in base64; the user-id holds no colon.
bool is_logged_in(const Asked& asked)
{
    const auto given = credentials(asked, "Basic");
    if (!given) return false;
    const auto login = accounts::from_base64(*given);
    return login && asked.parameter("user").find(':') == std::string_view::npos &&
           *login == fmt::format("{}:{}", asked.parameter("user"), asked.parameter("password"));
}

Answer welcome(const Asked& asked)
{
    return as_json({{"authenticated", true}, {"user", asked.parameter("user")}});
}

} // namespace

Answer basic_auth(const Asked& asked)
{
    if (is_logged_in(asked)) return welcome(asked);
    return {.status = http::Status::unauthorized,
            .fields = "WWW-Authenticate: Basic realm=\"portico\", charset=\"UTF-8\"\r\n"};
}

Answer hidden_basic_auth(const Asked& asked)
{
    if (is_logged_in(asked)) return welcome(asked);
    return {.status = http::Status::not_found};
}

Answer bearer(const Asked& asked) // RFC 6750 section 2.1
{
    const auto token = credentials(asked, "Bearer");
    if (token && !token->empty()) return as_json({{"authenticated", true}, {"token", *token}});
    return {.status = http::Status::unauthorized,
            .fields = "WWW-Authenticate: Bearer realm=\"portico\"\r\n"};
}

} // namespace portico::inspect
