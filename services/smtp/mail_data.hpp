#pragma once

#include <cstdint>
#include <string_view>

namespace portico::smtp {

/// Takes the mail data off what the client sends after DATA (RFC 5321 section 4.1.1.4), undoing
/// the transparency of section 4.5.2. Only CR LF "." CR LF ends it: a bare CR or LF is data like
/// any other, which is what keeps one message from being read as two.
class MailData {
public:
    /// The next piece, as large as can be had without copying: a view into what `input` views,
    /// or into static storage. Empty: all of `input` is used up, or ended().
    std::string_view take(std::string_view& input);

    bool ended() const { return state_ == State::ended; }

private:
    /// What came last.
    enum class State : std::uint8_t {
        line_start, // CR LF, or nothing yet: the CR LF of the command counts
        text,
        cr,
        dot,    // line start and "."; not handed out, and never will be
        dot_cr, // the same and CR; handed out if no LF follows
        ended,
    };

    std::string_view take_text(std::string_view& input);

    State state_ = State::line_start;
};

} // namespace portico::smtp
