#pragma once

#include "services/inspect/answers.hpp"
#include "services/inspect/json.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace portico::inspect::test {

/// A request as tests write it.
struct Case {
    std::string method = "GET";
    std::string target = "/";
    std::vector<http::Field> fields = {};
    std::string content = {};
    std::uint64_t random = 1;
    config::Inspect limits = {};
    bool tls = false;
};

inline constexpr std::chrono::sys_seconds noon{std::chrono::seconds{784111777}};

/// Calls `make` with what the service would make of the request; of its pattern, too.
template <class Make>
auto with(const Case& request, std::string_view pattern, Make make)
{
    http::Request head;
    head.method = request.method;
    head.target = request.target;
    head.fields = request.fields;
    auto target = http::parse_target(request.target);
    EXPECT_TRUE(target.has_value()) << request.target;
    http::RouteTable table;
    table.add("*", pattern);
    auto match = table.match(request.method, *target);
    EXPECT_TRUE(std::holds_alternative<http::Found>(match)) << request.target;
    return make(Asked{.head = head,
                      .target = *target,
                      .query = http::parse_urlencoded(target->query).value(),
                      .parameters = std::get<http::Found>(match).parameters,
                      .content = request.content,
                      .authority = "h:8080",
                      .origin = "192.0.2.7",
                      .tls = request.tls,
                      .random = request.random,
                      .now = noon,
                      .limits = request.limits});
}

/// What the inspector answers: the row is looked up as the service does.
inline Answer ask(const Case& request)
{
    http::RouteTable table;
    for (const auto& row : rows()) table.add(row.listed.method, row.listed.pattern);
    const auto target = http::parse_target(request.target);
    if (!target) throw std::invalid_argument{request.target};
    const auto match = table.match(request.method, *target);
    const auto& row = rows()[std::get<http::Found>(match).index];
    return with(request, row.listed.pattern, row.answer);
}

inline Answer get(std::string target)
{
    return ask(Case{.target = std::move(target)});
}

inline unsigned code(const Answer& answer)
{
    return static_cast<unsigned>(answer.status);
}

/// The content as JSON; that it is written as httpbin writes it is seen to here.
inline Json parsed(const Answer& answer)
{
    EXPECT_EQ(answer.content_type, "application/json");
    auto json = Json::parse(answer.content, nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << answer.content;
    EXPECT_EQ(answer.content, to_text(json));
    return json;
}

} // namespace portico::inspect::test
