#include "services/http/event_stream.hpp"

#include <algorithm>

namespace portico::http {

namespace {

constexpr std::string_view line_ends = "\r\n";

/// A line for each line of `text`, and so one at least, with `name` before it.
void append_lines(std::string& output, std::string_view name, std::string_view text)
{
    for (bool more = true; more;) {
        const auto end = std::min(text.find_first_of(line_ends), text.size());
        // The client takes one space away after the colon, so that the value may begin with one.
        output.append(name).append(": ").append(text.substr(0, end)).append("\n");
        more = end < text.size();
        text.remove_prefix(end);
        if (more) text.remove_prefix(text.starts_with("\r\n") ? 2 : 1);
    }
}

} // namespace

std::expected<std::string, EventError> to_text(const Event& event)
{
    if (event.type.find_first_of(line_ends) != event.type.npos)
        return std::unexpected{EventError::type};
    if (event.id && event.id->find_first_of(std::string_view{"\r\n\0", 3}) != event.id->npos)
        return std::unexpected{EventError::id};
    std::string text;
    if (event.id) append_lines(text, "id", *event.id);
    if (!event.type.empty()) append_lines(text, "event", event.type);
    if (event.retry)
        append_lines(
            text, "retry",
            std::to_string(std::max<std::chrono::milliseconds::rep>(event.retry->count(), 0)));
    if (event.data) append_lines(text, "data", *event.data);
    text += '\n';
    return text;
}

std::string event_comment(std::string_view text)
{
    std::string comment;
    append_lines(comment, "", text);
    return comment;
}

} // namespace portico::http
