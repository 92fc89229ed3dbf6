#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace portico::store {

/// The line that begins a message in an mbox file (RFC 4155 appendix A): its envelope.
struct FromLine {
    std::string reverse_path;                       // "" is the null one, written as MAILER-DAEMON
    std::chrono::system_clock::time_point received; // the line has whole seconds, in UTC
    // Ours, behind the date, where others look for nothing: the message is no sequence of lines
    // that end in CR LF, so it stands there as it is stored, and one LF behind it.
    bool verbatim = false;
};

/// "From ana@example.net Tue Nov 24 20:15:01 2026\n"
std::string to_line(const FromLine& line);

/// Nothing if `line` (its end is of no account) is none. Takes the dates of other programs too:
/// with a time zone, which is taken as UTC if it is not a number, and without seconds.
std::optional<FromLine> parse_from_line(std::string_view line);

} // namespace portico::store
