#include "services/http/conditional.hpp"
#include "services/inspect/answers.hpp"
#include "services/inspect/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace portico::inspect {

namespace {

// RFC 6265 section 4.1.1: cookie-octet.
bool is_cookie_value(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) {
        return c > 0x20 && c < 0x7f && std::string_view{"\",;\\"}.find(c) == std::string_view::npos;
    });
}

/// A redirect to /cookies, which shows what has become of these.
Answer to_cookies(std::string fields)
{
    return {.status = static_cast<http::Status>(302), .fields = location("/cookies") + fields};
}

Answer set(const std::vector<http::NameValue>& cookies)
{
    std::string fields;
    for (const auto& [name, value] : cookies) {
        if (!http::is_token(name) || !is_cookie_value(value))
            return mistake("a cookie's name or value has characters that it may not have");
        fields += fmt::format("Set-Cookie: {}={}; Path=/\r\n", name, value);
    }
    return to_cookies(std::move(fields));
}

// RFC 6265 section 5.4: name=value pairs with "; " between them.
std::vector<http::NameValue> parse_cookies(std::string_view value)
{
    std::vector<http::NameValue> cookies;
    while (!value.empty()) {
        const auto end = std::min(value.find(';'), value.size());
        const auto pair = http::trim(value.substr(0, end));
        value.remove_prefix(std::min(end + 1, value.size()));
        const auto equals = pair.find('=');
        if (equals == pair.npos) continue;
        cookies.push_back(
            {std::string{pair.substr(0, equals)}, std::string{pair.substr(equals + 1)}});
    }
    return cookies;
}

// RFC 9110 section 5.5, and no white space around it.
bool is_field_value(std::string_view text)
{
    return http::trim(text) == text && std::ranges::all_of(text, [](char c) {
               return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
           });
}

} // namespace

bool is_ours(std::string_view name)
{
    static constexpr std::array names{"Connection", "Content-Length",   "Date",
                                      "Keep-Alive", "Server",           "Trailer",
                                      "Upgrade",    "Transfer-Encoding"};
    return std::ranges::any_of(
        names, [&](std::string_view one) { return http::equals_ignoring_case(one, name); });
}

Answer cookies(const Asked& asked)
{
    std::vector<http::NameValue> all;
    for (const auto& [name, value] : asked.head.fields)
        if (http::equals_ignoring_case(name, "Cookie"))
            std::ranges::move(parse_cookies(value), std::back_inserter(all));
    return as_json({{"cookies", to_json(all)}});
}

Answer set_cookies(const Asked& asked)
{
    return set(asked.query);
}

Answer set_cookie(const Asked& asked)
{
    return set({{std::string{asked.parameter("name")}, std::string{asked.parameter("value")}}});
}

Answer delete_cookies(const Asked& asked)
{
    std::string fields;
    for (const auto& [name, value] : asked.query) {
        if (!http::is_token(name)) return mistake("a cookie's name is a token");
        fields += fmt::format("Set-Cookie: {}=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; "
                              "Path=/\r\n",
                              name);
    }
    return to_cookies(std::move(fields));
}

Answer response_headers(const Asked& asked)
{
    Answer answer{.content_type = "application/json"};
    for (const auto& [name, value] : asked.query) {
        if (!http::is_token(name) || !is_field_value(value))
            return mistake("a field's name is a token, and its value has no control characters "
                           "and no white space around it");
        if (is_ours(name)) return mistake(name + " is written by the server itself");
        if (http::equals_ignoring_case(name, "Content-Type"))
            answer.content_type = value;
        else
            answer.fields += fmt::format("{}: {}\r\n", name, value);
    }
    auto json = to_json(asked.query);
    json["Content-Type"] = answer.content_type;
    // The content tells its own length, which grows with that: after two or three times it fits.
    do {
        json["Content-Length"] = std::to_string(answer.content.size());
        answer.content = to_text(json);
    } while (json["Content-Length"] != std::to_string(answer.content.size()));
    return answer;
}

Answer cache(const Asked& asked)
{
    if (asked.head.field("If-None-Match") || asked.head.field("If-Modified-Since"))
        return {.status = http::Status::not_modified};
    auto answer = as_json(told(asked));
    answer.fields = fmt::format("ETag: \"{:016x}\"\r\nLast-Modified: {}\r\n", asked.random,
                                http::imf_fixdate(asked.now));
    return answer;
}

Answer cache_for(const Asked& asked)
{
    const auto seconds = parse_number(asked.parameter("seconds"));
    // RFC 9111 section 1.2.2: recipients need not know more.
    if (!seconds || *seconds > 2147483648) return mistake("the seconds are 0 to 2147483648");
    auto answer = as_json(told(asked));
    answer.fields = fmt::format("Cache-Control: public, max-age={}\r\n", *seconds);
    return answer;
}

// RFC 9110 section 8.8.3: etagc. The quotes are ours.
Answer etag(const Asked& asked)
{
    const auto tag = asked.parameter("etag");
    if (!std::ranges::all_of(tag, [](char c) { return c > 0x20 && c != '"' && c < 0x7f; }))
        return mistake("an entity-tag has visible characters but no quotes");
    const http::Validators validators{fmt::format("\"{}\"", tag), asked.now};
    const auto field = fmt::format("ETag: {}\r\n", validators.etag);
    switch (http::evaluate(asked.head, validators, asked.now)) {
    case http::Verdict::not_modified:
        return {.status = http::Status::not_modified, .fields = field};
    case http::Verdict::precondition_failed:
        return {.status = http::Status::precondition_failed, .fields = field};
    case http::Verdict::fulfilled: break;
    }
    auto answer = as_json(told(asked));
    answer.fields = field;
    return answer;
}

} // namespace portico::inspect
