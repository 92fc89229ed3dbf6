#include "services/mail/traits.hpp"

#include <utility>

namespace portico::mail {

namespace {

bool is_beyond_ascii(char octet)
{
    return static_cast<unsigned char>(octet) > 127;
}

bool is_ftext(char octet) // RFC 5322 section 3.6.8
{
    return octet > ' ' && octet <= '~' && octet != ':';
}

} // namespace

void Traits::add(std::string_view bytes)
{
    if (state_ != State::none) {
        for (const char octet : bytes) {
            if (octet == '\n' && last_[1] == '\r') {
                state_ = after_line();
                empty_line_ = true;
            } else {
                state_ = after(octet);
                empty_line_ = empty_line_ && octet == '\r';
            }
            last_ = {last_[1], octet};
        }
    } else if (bytes.size() > 1) {
        last_ = {bytes[bytes.size() - 2], bytes.back()};
    } else if (bytes.size() == 1) {
        last_ = {last_[1], bytes.front()};
    }
}

Traits::State Traits::after(char octet)
{
    switch (state_) {
    case State::header:
    case State::part_field: utf8_header_ = utf8_header_ || is_beyond_ascii(octet); return state_;
    case State::line: return octet == '-' ? State::dash : State::text;
    case State::dash: return octet == '-' ? State::delimiter : State::text;
    case State::part:
        if (octet == ' ' || octet == '\t') return State::part_field; // a folded one
        return is_ftext(octet) ? State::part_name : octet == '\r' ? state_ : State::text;
    case State::part_name:
        if (octet == ':') return State::part_field;
        return is_ftext(octet) ? state_ : State::text;
    case State::none:
    case State::text:
    case State::delimiter: return state_;
    }
    std::unreachable();
}

Traits::State Traits::after_line() const
{
    switch (state_) {
    case State::header: return empty_line_ ? State::line : state_;
    // No boundary ends with a space, but the line above a signature does: "-- ".
    case State::delimiter: return last_[0] == ' ' ? State::line : State::part;
    case State::part: return empty_line_ ? State::line : state_;
    case State::part_field: return State::part;
    case State::none:
    case State::text:
    case State::line:
    case State::dash:
    case State::part_name: return State::line;
    }
    std::unreachable();
}

std::int64_t Traits::bits() const
{
    std::int64_t bits = 0;
    if (last_ != std::array{'\r', '\n'}) bits |= static_cast<int>(Trait::lacks_final_crlf);
    if (utf8_header_) bits |= static_cast<int>(Trait::utf8_header);
    return bits;
}

} // namespace portico::mail
