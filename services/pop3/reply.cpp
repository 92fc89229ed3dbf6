#include "services/pop3/reply.hpp"

#include <fmt/core.h>

#include <array>
#include <charconv>

namespace portico::pop3 {

std::string_view reply_to(LineError error)
{
    switch (error) {
    case LineError::too_long: return "-ERR line too long (255 octets at most)"; // RFC 2449, 4
    case LineError::bare_lf: return "-ERR bare LF: a line ends with CRLF";
    case LineError::bare_cr: return "-ERR bare CR: a line ends with CRLF";
    case LineError::nul: return "-ERR NUL octet in the line";
    }
    return unknown_command;
}

std::string_view reply_to(LoginError error)
{
    switch (error) {
    case LoginError::wrong: return "-ERR [AUTH] wrong user name or password"; // RFC 3206, 5
    case LoginError::malformed: return "-ERR not how this mechanism goes on";
    case LoginError::in_use:
        return "-ERR [IN-USE] another session has this maildrop";               // 2449, 8.1.2
    case LoginError::damaged: return "-ERR [SYS/PERM] the maildrop is damaged"; // RFC 3206, 4
    case LoginError::failing:
        return "-ERR [SYS/TEMP] logging in is not possible now"; // RFC 3206, 4
    }
    return unknown_command;
}

std::string_view reply_to(mail::StoreError error)
{
    switch (error) {
    case mail::StoreError::gone: return no_such_message;
    case mail::StoreError::damaged: return damaged_message;
    case mail::StoreError::full:
    case mail::StoreError::mailbox_full:
    case mail::StoreError::failing:
    case mail::StoreError::in_use: return unreadable_message;
    }
    return unreadable_message;
}

static std::string_view plural(std::size_t count)
{
    return count == 1 ? "" : "s";
}

std::string greeting(std::string_view host, std::string_view timestamp)
{
    if (timestamp.empty()) return fmt::format("+OK {} POP3 portico ready", host);
    // It names the host already: twice might be more than the 512 octets of RFC 1939 section 3.
    return fmt::format("+OK POP3 portico ready {}", timestamp);
}

std::string signing_off(std::string_view host)
{
    return fmt::format("+OK {} POP3 portico signing off", host);
}

std::string signing_off(std::string_view host, std::size_t messages_left)
{
    if (messages_left == 0)
        return fmt::format("+OK {} POP3 portico signing off (maildrop empty)", host);
    return fmt::format("+OK {} POP3 portico signing off ({} message{} left)", host, messages_left,
                       plural(messages_left));
}

std::string maildrop_has(std::size_t messages, std::uint64_t octets)
{
    return fmt::format("+OK maildrop has {} message{} ({} octets)", messages, plural(messages),
                       octets);
}

std::string drop_listing(std::size_t messages, std::uint64_t octets)
{
    return fmt::format("+OK {} {}", messages, octets);
}

std::string scan_listings_follow(std::size_t messages, std::uint64_t octets)
{
    return fmt::format("+OK {} message{} ({} octets)", messages, plural(messages), octets);
}

namespace {

void add_number(std::uint64_t number, std::string& output)
{
    std::array<char, 20> digits{};
    char* const end = std::to_chars(digits.begin(), digits.end(), number).ptr;
    output.append(digits.begin(), end);
}

} // namespace

void add_scan_listing(std::size_t number, const mail::Message& message, std::string& output)
{
    add_number(number, output);
    output += ' ';
    add_number(message.octets_on_the_wire(), output);
}

void add_unique_id_listing(std::size_t number, const mail::Message& message, std::string& output)
{
    add_number(number, output);
    output += ' ';
    output += message.unique_id();
}

std::string octets_follow(std::uint64_t octets)
{
    return fmt::format("+OK {} octets", octets);
}

std::string message_deleted(std::size_t number)
{
    return fmt::format("+OK message {} deleted", number);
}

namespace {

/// Where in `text` a dot stands behind an LF; its size if nowhere. Nearly every message is asked,
/// octet for octet, and nearly none has one: so blocks are, by a loop that compilers make parallel.
std::size_t find_dot_after_lf(std::string_view text)
{
    constexpr std::size_t block = 256;
    std::size_t at = 1;
    for (; at + block <= text.size(); at += block) {
        const char* octets = text.data() + at;
        unsigned char found = 0;
        for (std::size_t i = 0; i != block; ++i)
            found |= static_cast<unsigned char>((octets[i] == '.') & (octets[i - 1] == '\n'));
        if (found != 0) break;
    }
    for (; at < text.size(); ++at)
        if (text[at] == '.' && text[at - 1] == '\n') return at;
    return text.size();
}

/// The beginning of `text`, to where a line that begins with a dot does: behind CRLF. All of it
/// if none does. `before` is the octet before it.
std::string_view up_to_dotted_line(std::string_view text, char before)
{
    for (std::size_t end = 0; end != text.size();) {
        end += find_dot_after_lf(text.substr(end));
        if (end == text.size()) break;
        if ((end > 1 ? text[end - 2] : before) == '\r') return text.substr(0, end);
    }
    return text;
}

} // namespace

void Body::add(std::string_view piece, std::string& output)
{
    if (lines_ == all) return add_all(piece, output);
    while (!piece.empty() && !enough()) {
        // RFC 1939 section 3: a line that begins with the termination octet gets one before it.
        if (line_octets_ == 0 && piece.front() == '.') output += '.';
        auto lf = piece.find('\n');
        auto part = piece.substr(0, lf == std::string_view::npos ? lf : lf + 1);
        piece.remove_prefix(part.size());
        output += part;
        octets_ += part.size();
        line_octets_ += part.size();
        auto before_last = part.size() > 1 ? part[part.size() - 2] : last_;
        last_ = part.back();
        if (last_ == '\n' && before_last == '\r') line_ended();
    }
}

void Body::add_all(std::string_view piece, std::string& output)
{
    octets_ += piece.size();
    while (!piece.empty()) {
        if (line_octets_ == 0 && piece.front() == '.') output += '.';
        const auto part = up_to_dotted_line(piece, last_);
        piece.remove_prefix(part.size());
        output += part;
        const auto before_last = part.size() > 1 ? part[part.size() - 2] : last_;
        last_ = part.back();
        line_octets_ = last_ == '\n' && before_last == '\r' ? 0 : 1; // or more
    }
}

void Body::line_ended()
{
    auto blank = line_octets_ == 2; // nothing but CRLF
    line_octets_ = 0;
    if (!header_)
        --lines_;
    else if (blank)
        header_ = false;
}

void Body::end(std::string& output)
{
    if (line_octets_ != 0) output += "\r\n";
    output += ".\r\n";
}

} // namespace portico::pop3
