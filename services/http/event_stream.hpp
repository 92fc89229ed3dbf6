#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

/// Server-sent events (HTML, section 9.2.5 "Parsing an event stream"): what a server writes. Pure.
namespace portico::http {

inline constexpr std::string_view event_stream_type = "text/event-stream";

/// All text is UTF-8, which is not checked. What is absent is not written.
struct Event {
    /// Split at its line ends (CRLF, CR, LF), each of which arrives as LF. Without it, though not
    /// with "", the client is shown no event; id and retry count all the same.
    std::optional<std::string_view> data = {};
    std::string_view type = {};                          // "": the client calls it "message"
    std::optional<std::string_view> id = {};             // sent back in Last-Event-ID; "" resets it
    std::optional<std::chrono::milliseconds> retry = {}; // not negative: wait before a reconnect
};

enum class EventError : std::uint8_t {
    type, // has a line end
    id,   // has a line end or a NUL, for which the client would ignore it
};

/// The event with the empty line that ends it.
std::expected<std::string, EventError> to_text(const Event& event);

/// A line that the client ignores, which keeps the connection busy; `text` is split as data is.
std::string event_comment(std::string_view text = {});

} // namespace portico::http
