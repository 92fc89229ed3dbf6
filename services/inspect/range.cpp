#include "services/http/range.hpp"

#include "services/http/conditional.hpp"
#include "services/inspect/answers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace portico::inspect {

namespace {

constexpr std::uint64_t most = 1 << 20; // octets, all in memory

/// "abc...xyzabc...": where a piece comes from can be seen.
std::string letters(const http::ByteRange& range)
{
    std::string text(range.length, '\0');
    for (std::size_t i = 0; i < text.size(); ++i)
        text[i] = static_cast<char>('a' + (range.offset + i) % 26);
    return text;
}

} // namespace

// RFC 9110 section 14: one range; of several the whole is a sound answer too (section 14.2).
Answer range(const Asked& asked)
{
    const auto size = parse_number(asked.parameter("n"));
    const auto limit = std::min(most, asked.limits.max_bytes);
    if (!size || *size > limit) return mistake(fmt::format("the octets are 0 to {}", limit));
    const http::Validators validators{fmt::format("\"range{}\"", *size), asked.now};
    Answer answer{.content_type = "application/octet-stream",
                  .fields = fmt::format("ETag: {}\r\nAccept-Ranges: bytes\r\n", validators.etag)};
    http::ByteRange sent{0, *size};
    if (http::wants_range(asked.head, validators, asked.now)) {
        const auto ranges = http::parse_range(asked.head.combined("Range").value_or(""), *size);
        if (!ranges && ranges.error() == http::RangeError::unsatisfiable)
            return {.status = http::Status::range_not_satisfiable,
                    .fields = answer.fields + http::unsatisfied_range(*size)};
        if (ranges && ranges->size() == 1) {
            sent = ranges->front();
            answer.status = http::Status::partial_content;
            answer.fields += http::content_range(sent, *size);
        }
    }
    answer.content = letters(sent);
    return answer;
}

} // namespace portico::inspect
