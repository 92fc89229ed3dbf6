#pragma once

#include "services/mail/error.hpp"
#include "services/smtp/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace portico::smtp {

/// What we say (RFC 5321 section 4.2).
struct Reply {
    std::uint16_t code;
    // RFC 2034: not in the greeting, in answers to EHLO and HELO, and in 3yz replies.
    std::string_view enhanced;
    std::string_view text; // without line ends but '\n' between two lines; outlives the reply
};

/// Nothing yet: what was asked for takes more than this command.
inline constexpr Reply later{0, "", ""};

/// Which path a command is about, since their enhanced codes differ (RFC 3463 section 3.2).
enum class PathOf : std::uint8_t { sender, recipient };

Reply reply_to(ParseError error, PathOf path);
Reply reply_to(mail::StoreError error);

/// Adds the reply as it is sent, every line with code, enhanced code and CR LF. Calls
/// `line(std::string_view)` for each line, without CR LF.
template <class Line>
void append(std::string& bytes, const Reply& reply, Line line)
{
    auto rest = reply.text;
    for (bool more = true; more;) {
        const auto end = rest.find('\n');
        more = end != rest.npos;
        const auto start = bytes.size();
        bytes += std::to_string(reply.code);
        bytes += more ? '-' : ' ';
        if (!reply.enhanced.empty()) (bytes += reply.enhanced) += ' ';
        bytes += rest.substr(0, end);
        line(std::string_view{bytes}.substr(start));
        bytes += "\r\n";
        if (more) rest.remove_prefix(end + 1);
    }
}

} // namespace portico::smtp
