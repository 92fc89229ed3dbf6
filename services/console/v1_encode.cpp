#include "services/console/v1_encode.hpp"

#include "services/accounts/base64.hpp"
#include "services/mime/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace portico::console {

namespace {

constexpr std::size_t most_plain = 900;     // octets of one line as it is
constexpr std::size_t word_octets = 42;     // of text, in base64 56, in an encoded word
constexpr std::size_t line_octets = 57;     // 76 characters in base64
constexpr std::size_t line_characters = 76; // RFC 2045 section 6.7, rule 5
constexpr std::size_t piece_octets = 20;    // of a parameter's value, each at most "%XX"

bool is_printable(char c)
{
    return c >= ' ' && c < 127;
}

bool is_plain(std::string_view text)
{
    return text.size() <= most_plain && std::ranges::all_of(text, is_printable) &&
           text.find("=?") == text.npos;
}

std::string encoded_words(std::string_view text)
{
    const auto clean = mime::scrub(text);
    std::string_view rest = clean;
    std::string words;
    while (!rest.empty()) {
        const auto piece = mime::cut(rest, word_octets);
        rest.remove_prefix(piece.size());
        if (!words.empty()) words += "\r\n ";
        words += "=?UTF-8?B?" + accounts::base64(piece) + "?=";
    }
    return words;
}

std::string quoted(std::string_view text)
{
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result + '"';
}

// RFC 5987 section 3.2.1 names those of RFC 2231 that stand for themselves.
bool is_attribute_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view{"-._~"}.find(c) != std::string_view::npos;
}

} // namespace

std::string header_text(std::string_view text)
{
    return is_plain(text) ? std::string{text} : encoded_words(text);
}

std::string display_name(std::string_view name)
{
    return is_plain(name) ? quoted(name) : encoded_words(name);
}

std::string parameter(std::string_view name, std::string_view value)
{
    constexpr std::size_t most_quoted = 60;
    if (value.size() <= most_quoted && std::ranges::all_of(value, is_printable))
        return fmt::format(";\r\n {}={}", name, quoted(value));
    const auto clean = mime::scrub(value);
    std::string_view rest = clean;
    std::string result;
    for (int number = 0; !rest.empty(); ++number) {
        const auto piece = mime::cut(rest, piece_octets);
        rest.remove_prefix(piece.size());
        result += fmt::format(";\r\n {}*{}*={}", name, number, number == 0 ? "UTF-8''" : "");
        for (const char c : piece) {
            if (is_attribute_char(c))
                result += c;
            else
                result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return result;
}

std::string base64_lines(std::string_view octets)
{
    std::string lines;
    lines.reserve(octets.size() / line_octets * 78 + 80);
    for (; !octets.empty(); octets.remove_prefix(std::min(line_octets, octets.size())))
        lines += accounts::base64(octets.substr(0, line_octets)) + "\r\n";
    return lines;
}

std::string quoted_printable(std::string_view text)
{
    std::string lines;
    std::size_t column = 0;
    const auto put = [&](std::string_view token) {
        if (column + token.size() >= line_characters) {
            lines += "=\r\n";
            column = 0;
        }
        lines += token;
        column += token.size();
    };
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '\r' && text.substr(at + 1).starts_with('\n')) continue;
        if (c == '\n') {
            lines += "\r\n";
            column = 0;
            continue;
        }
        const auto next = text.substr(at + 1);
        const bool line_ends = next.empty() || next.front() == '\n' || next.starts_with("\r\n");
        const bool blank = c == ' ' || c == '\t';
        // Rule 3: a blank at a line's end would get lost on the way.
        if ((is_printable(c) && c != '=' && !blank) || (blank && !line_ends))
            put({&c, 1});
        else
            put(fmt::format("={:02X}", static_cast<unsigned char>(c)));
    }
    return lines;
}

} // namespace portico::console
