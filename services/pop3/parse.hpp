#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace portico::pop3 {

/// Why a line is no command, whatever it says.
enum class LineError : std::uint8_t {
    too_long, // more octets than the limit, with its CRLF
    bare_lf,  // ended by LF alone
    bare_cr,  // CR within the line
    nul,      // an octet 0: C code behind us would read the line only up to there
};

/// Cuts what the client sends into lines. Holds no more than was fed at once and one line's
/// limit: of an over-long line only that it is one.
class Lines {
public:
    /// Including CRLF (RFC 2449 section 4, which raises the 47 octets of RFC 1939).
    static constexpr std::size_t command_limit = 255;

    void feed(std::string_view bytes);

    /// How long the lines after the last one may be, CRLF included.
    void limit(std::size_t octets) { limit_ = octets; }

    /// Forgets what was fed and not handed out; so many octets.
    std::size_t drop();

    /// The next line without its CRLF, valid until the next call of either function; nothing if
    /// none is whole. LF alone ends a line too, though a refused one: so somebody who types into
    /// netcat is told at once what is wrong, and every line he sent has its one reply.
    std::optional<std::expected<std::string_view, LineError>> next();

private:
    std::string buffer_;
    std::size_t limit_ = command_limit;
    std::size_t start_ = 0;   // of the first line not yet handed out
    std::size_t scanned_ = 0; // before it is no LF, from start_ on
    bool too_long_ = false;   // the line's beginning was dropped
};

/// A command line (RFC 1939 section 3): a keyword, and what follows the first space.
struct CommandLine {
    std::string_view verb;
    std::optional<std::string_view> argument;
};

/// Spaces at the end of a line are no argument, except in PASS, whose argument is all that
/// follows the first space ("a password may contain spaces", RFC 1939 section 7).
CommandLine parse_command(std::string_view line);

/// Compares as RFC 1939 section 3 compares keywords: without case.
bool same_verb(std::string_view left, std::string_view right);

/// Decimal digits and nothing else. What no 64 bits can hold is the largest number they can: as
/// a message it does not exist, as a count of lines it is all of them.
std::optional<std::uint64_t> parse_number(std::string_view text);

struct TopArguments {
    std::uint64_t message;
    std::uint64_t lines;
};

/// RFC 1939 section 7: two numbers, one space between them.
std::optional<TopArguments> parse_top(std::string_view argument);

struct ApopArguments {
    std::string_view name;
    std::string_view digest;
};

/// RFC 1939 section 7: a name, one space, and 16 octets in lower-case hexadecimal.
std::optional<ApopArguments> parse_apop(std::string_view argument);

struct AuthArguments {
    std::string_view mechanism;
    std::optional<std::string_view> initial_response; // base64, or "=" for an empty one
};

/// RFC 5034 section 4: the mechanism's name, and perhaps one space and an initial response.
std::optional<AuthArguments> parse_auth(std::string_view argument);

/// The line as a transcript may show it: secrets masked, also where the command is misspelt. What
/// answers a challenge of AUTH is a secret as a whole: that is for the caller to know.
std::string masked(std::string_view line);

} // namespace portico::pop3
