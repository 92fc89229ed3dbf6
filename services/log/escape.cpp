#include "services/log/escape.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>

namespace portico::log {

namespace {

/// How many octets the character at the front of `text` has; 0 if it is not UTF-8. RFC 3629
/// section 4: no overlong forms, no surrogates, nothing past U+10FFFF.
std::size_t character_length(std::string_view text)
{
    const auto octet = [&](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
    const auto tails = [&](std::size_t from, std::size_t to) {
        if (text.size() < to) return false;
        for (std::size_t at = from; at < to; ++at) {
            if ((octet(at) & 0xc0) != 0x80) return false;
        }
        return true;
    };
    const auto within = [&](std::uint8_t least, std::uint8_t most) {
        return text.size() > 1 && octet(1) >= least && octet(1) <= most;
    };
    const auto first = octet(0);
    if (first <= 0x7f) return 1;
    if (first >= 0xc2 && first <= 0xdf) return tails(1, 2) ? 2 : 0;
    if (first == 0xe0) return within(0xa0, 0xbf) && tails(2, 3) ? 3 : 0;
    if (first == 0xed) return within(0x80, 0x9f) && tails(2, 3) ? 3 : 0;
    if (first >= 0xe1 && first <= 0xef) return tails(1, 3) ? 3 : 0;
    if (first == 0xf0) return within(0x90, 0xbf) && tails(2, 4) ? 4 : 0;
    if (first >= 0xf1 && first <= 0xf3) return tails(1, 4) ? 4 : 0;
    if (first == 0xf4) return within(0x80, 0x8f) && tails(2, 4) ? 4 : 0;
    return 0;
}

// C0, DEL, and C1 (U+0080 to U+009F), which some terminals obey like escape sequences.
bool is_control(std::string_view character)
{
    const auto first = static_cast<std::uint8_t>(character[0]);
    if (character.size() == 2)
        return first == 0xc2 && static_cast<std::uint8_t>(character[1]) < 0xa0;
    return first < 0x20 || first == 0x7f;
}

void append_hex(std::string& line, std::string_view bytes)
{
    for (const char byte : bytes)
        fmt::format_to(std::back_inserter(line), "\\x{:02x}", static_cast<std::uint8_t>(byte));
}

void append_json(std::string& line, char byte)
{
    switch (byte) {
    case '"': line += "\\\""; break;
    case '\\': line += "\\\\"; break;
    case '\n': line += "\\n"; break;
    case '\r': line += "\\r"; break;
    case '\t': line += "\\t"; break;
    default: fmt::format_to(std::back_inserter(line), "\\u{:04x}", static_cast<std::uint8_t>(byte));
    }
}

} // namespace

std::string printable(std::string_view text)
{
    std::string line;
    line.reserve(text.size());
    while (!text.empty()) {
        const auto length = character_length(text);
        const auto character = text.substr(0, length == 0 ? 1 : length);
        if (length == 0 || is_control(character))
            append_hex(line, character);
        else
            line += character;
        text.remove_prefix(character.size());
    }
    return line;
}

std::string printable_ascii(std::string_view text)
{
    std::string line;
    line.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto byte = text.substr(at, 1);
        if (static_cast<std::uint8_t>(byte[0]) > 0x7f || is_control(byte))
            append_hex(line, byte);
        else
            line += byte;
    }
    return line;
}

std::string json_string(std::string_view text)
{
    std::string line = "\"";
    line.reserve(text.size() + 2);
    while (!text.empty()) {
        const auto length = character_length(text);
        const auto character = text.substr(0, length == 0 ? 1 : length);
        if (length == 0)
            line += "\xef\xbf\xbd";
        else if (length == 1 && (is_control(character) || character == "\"" || character == "\\"))
            append_json(line, character[0]);
        else
            line += character;
        text.remove_prefix(character.size());
    }
    return line + '"';
}

} // namespace portico::log
