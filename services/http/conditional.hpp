#pragma once

#include "services/http/parse.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace portico::http {

/// What tells one state of a representation from another (RFC 9110 section 8.8). Ours are
/// both there for every file; the entity-tag is strong.
struct Validators {
    std::string etag; // with its quotes
    std::chrono::sys_seconds last_modified;
};

enum class Verdict : std::uint8_t {
    fulfilled,
    not_modified,        // 304
    precondition_failed, // 412
};

/// Steps 1 to 4 of RFC 9110 section 13.2.2, for a request that would succeed without them.
Verdict evaluate(const Request& request, const Validators& validators,
                 std::chrono::sys_seconds now);

/// Step 5: whether Range counts. False if there is none.
bool wants_range(const Request& request, const Validators& validators,
                 std::chrono::sys_seconds now);

enum class Comparison : std::uint8_t { strong, weak };

/// Whether two entity-tags match (section 8.8.3.2).
bool matches(std::string_view one, std::string_view other, Comparison comparison);

} // namespace portico::http
