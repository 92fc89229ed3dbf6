#include "services/smtp/mail_data.hpp"

namespace portico::smtp {

std::string_view MailData::take(std::string_view& input)
{
    while (!input.empty()) {
        const char next = input.front();
        switch (state_) {
        case State::line_start:
            if (next != '.') return take_text(input);
            state_ = State::dot;
            input.remove_prefix(1);
            break;
        case State::dot:
            // Section 4.5.2: with other characters on the line, the dot is deleted.
            if (next != '\r') return take_text(input);
            state_ = State::dot_cr;
            input.remove_prefix(1);
            break;
        case State::dot_cr:
            if (next != '\n') {
                state_ = State::cr;
                return "\r";
            }
            state_ = State::ended;
            input.remove_prefix(1);
            return {};
        case State::text:
        case State::cr: return take_text(input);
        case State::ended: return {};
        }
    }
    return {};
}

// Everything up to a dot that starts a line. Dots are rarer than line ends in text and absent
// from base64, so they are what to look for. The first octet is known to be no such dot.
std::string_view MailData::take_text(std::string_view& input)
{
    const bool after_cr = state_ == State::cr;
    const auto line_ends_before = [&](std::size_t at) {
        if (at >= 2) return input[at - 1] == '\n' && input[at - 2] == '\r';
        return at == 1 && after_cr && input[0] == '\n';
    };
    auto end = input.find('.', 1);
    while (end != input.npos && !line_ends_before(end)) end = input.find('.', end + 1);
    if (end == input.npos) end = input.size();

    if (line_ends_before(end))
        state_ = State::line_start;
    else
        state_ = input[end - 1] == '\r' ? State::cr : State::text;
    const auto piece = input.substr(0, end);
    input.remove_prefix(end);
    return piece;
}

} // namespace portico::smtp
