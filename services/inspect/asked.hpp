#pragma once

#include "config/config.hpp"
#include "services/http/parse.hpp"
#include "services/http/reply.hpp"
#include "services/http/routes.hpp"
#include "services/http/target.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portico::inspect {

/// A request, with all that an answer may depend on. What it refers to outlives it.
struct Asked {
    const http::Request& head;
    const http::Target& target;
    std::vector<http::NameValue> query;      // of the target
    std::vector<http::Parameter> parameters; // of the route's pattern
    std::string_view content = {};
    std::string_view authority; // host[:port] as the client calls this server
    std::string_view origin;    // the client's address
    bool tls = false;
    std::uint64_t random = 0; // from which all that is random in an answer follows
    std::chrono::sys_seconds now = {};
    const config::Inspect& limits;

    /// The value of the pattern's parameter; it has one of this name.
    std::string_view parameter(std::string_view name) const;
    /// The URL as the client has it: scheme, authority, and the target as it came.
    std::string url() const;
    /// The URL of another path here.
    std::string url(std::string_view path) const;
};

struct Answer {
    http::Status status = http::Status::ok;
    std::string content_type = {}; // "": none
    std::string fields = {};       // more field lines, each with its line end
    std::string content = {};
};

/// 400, and why in one line.
Answer mistake(std::string_view why);

/// A field line; nothing can end it early: what is no visible ASCII is percent-encoded in `value`.
std::string location(std::string_view value);

/// The whole of `text` as a number in decimal.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// Seconds in decimal, perhaps with a fraction, as whole milliseconds; at most a year.
std::optional<config::Duration> parse_seconds(std::string_view text);

} // namespace portico::inspect
