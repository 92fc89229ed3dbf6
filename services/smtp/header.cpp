#include "services/smtp/header.hpp"

#include "services/smtp/cursor.hpp"

namespace portico::smtp {

namespace {

// What has no colon by then is no field: RFC 5322 section 2.1.1.
constexpr std::size_t max_undecided = 998;
constexpr std::size_t longest_known = std::string_view{"Message-ID"}.size();

bool is_ftext(char c) // RFC 5322 section 3.6.8
{
    return c > ' ' && c <= '~' && c != ':';
}
bool is_white(char c)
{
    return c == ' ' || c == '\t';
}

} // namespace

HeaderSection::Extent HeaderSection::read(std::string_view bytes)
{
    std::size_t inside = 0;
    for (std::size_t at = 0; at < bytes.size() && state_ != State::ended;) {
        if (state_ == State::rest) {
            const auto lf = bytes.find('\n', at);
            at = lf == bytes.npos ? bytes.size() : lf + 1;
            if (lf != bytes.npos) state_ = State::line_start;
            inside = at;
        } else {
            state_ = step(bytes[at++]);
            if (state_ == State::rest) inside = at;
        }
    }
    return {inside, ended()};
}

HeaderSection::State HeaderSection::step(char octet)
{
    if (state_ == State::line_start) {
        name_.clear();
        undecided_ = 0;
        if (octet == '\r') return State::cr;
        empty_line_ = octet == '\n';
        if (is_white(octet)) return has_fields_ ? State::rest : State::ended; // a folded field
    } else if (state_ == State::cr) {
        empty_line_ = octet == '\n';
        return State::ended;
    } else if (octet == ':') {
        return end_of_name();
    } else if (is_white(octet)) {
        // RFC 5322 section 4.5: space before the colon is obsolete, and still around.
        return ++undecided_ < max_undecided ? State::after_name : State::ended;
    }
    if (state_ == State::after_name || !is_ftext(octet) || ++undecided_ >= max_undecided)
        return State::ended;
    if (name_.size() <= longest_known) name_ += octet;
    return State::name;
}

HeaderSection::State HeaderSection::end_of_name()
{
    has_fields_ = true;
    if (same_word(name_, "Received")) ++received_;
    if (same_word(name_, "Date")) has_date_ = true;
    if (same_word(name_, "Message-ID")) has_message_id_ = true;
    return State::rest;
}

} // namespace portico::smtp
