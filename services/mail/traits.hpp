#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace portico::mail {

/// What a session has to know of a message before it reads it. Bits, as they are stored.
enum class Trait : std::uint8_t {
    lacks_final_crlf = 1, // not empty, and something else than CR LF is at its end
    utf8_header = 2,      // sent with SMTPUTF8, and octets over 127 are in a header
};

/// Learns a message's traits while its octets go by, cut anywhere; keeps none of them.
class Traits {
public:
    /// Without SMTPUTF8 octets over 127 are no UTF-8, but what old programs send (RFC 6532 section
    /// 3: only with it may they be there), and are not looked for.
    explicit Traits(bool smtputf8) : state_{smtputf8 ? State::header : State::none} {}

    void add(std::string_view bytes);

    std::int64_t bits() const;

private:
    /// Where in the message the next octet stands.
    enum class State : std::uint8_t {
        none,      // it does not matter
        header,    // of the message
        text,      // of the body, to the line's end
        line,      // a line of the body begins
        dash,      // with a dash
        delimiter, // with two: maybe a part's boundary (RFC 2046 section 5.1.1)
        part,      // behind one a line begins: maybe a field of the part's header
        part_name,
        part_field,
    };

    State after(char octet);
    State after_line() const;

    State state_;
    bool utf8_header_ = false;
    bool empty_line_ = true; // so far
    std::array<char, 2> last_{'\r', '\n'};
};

} // namespace portico::mail
