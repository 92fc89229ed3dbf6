#include "services/mime/utf8.hpp"

#include <algorithm>
#include <unicase.h>

namespace portico::mime {

namespace {

struct Lead {
    unsigned more; // octets that follow; 0: it leads nothing
    unsigned char low = 0x80, high = 0xBF;
};

Lead lead(unsigned char octet)
{
    if (octet >= 0xC2 && octet <= 0xDF) return {1};
    if (octet == 0xE0) return {2, 0xA0, 0xBF}; // shorter forms exist
    if (octet == 0xED) return {2, 0x80, 0x9F}; // surrogates
    if (octet >= 0xE1 && octet <= 0xEF) return {2};
    if (octet == 0xF0) return {3, 0x90, 0xBF};
    if (octet == 0xF4) return {3, 0x80, 0x8F}; // past U+10FFFF
    if (octet >= 0xF1 && octet <= 0xF3) return {3};
    return {0};
}

char to_ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

/// How many octets at the front are ASCII.
std::size_t ascii_octets(std::string_view text)
{
    const auto found = std::ranges::find_if(text, [](char c) { return c < 0; });
    return static_cast<std::size_t>(found - text.begin());
}

} // namespace

void append(std::string& text, char32_t c)
{
    const auto add = [&](char32_t octet) { text += static_cast<char>(octet); };
    if (c < 0x80) {
        add(c);
    } else if (c < 0x800) {
        add(0xC0 | c >> 6);
        add(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        if (c >= 0xD800 && c <= 0xDFFF) c = replacement;
        add(0xE0 | c >> 12);
        add(0x80 | (c >> 6 & 0x3F));
        add(0x80 | (c & 0x3F));
    } else if (c <= 0x10FFFF) {
        add(0xF0 | c >> 18);
        add(0x80 | (c >> 12 & 0x3F));
        add(0x80 | (c >> 6 & 0x3F));
        add(0x80 | (c & 0x3F));
    } else {
        append(text, replacement);
    }
}

char32_t take(std::string_view& text)
{
    const auto first = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    if (first < 0x80) return first;
    auto [more, low, high] = lead(first);
    if (more == 0) return replacement;
    char32_t c = first & (0x3Fu >> more);
    for (; more > 0; --more, low = 0x80, high = 0xBF) {
        const auto next = text.empty() ? 0u : static_cast<unsigned char>(text.front());
        if (next < low || next > high) return replacement;
        c = c << 6 | (next & 0x3F);
        text.remove_prefix(1);
    }
    return c;
}

std::string scrub(std::string_view text)
{
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const auto ascii = ascii_octets(text);
        result += text.substr(0, ascii);
        text.remove_prefix(ascii);
        if (!text.empty()) append(result, take(text));
    }
    return result;
}

bool is_utf8(std::string_view text)
{
    for (;;) {
        text.remove_prefix(ascii_octets(text));
        if (text.empty()) return true;
        const bool says_so = text.starts_with("\xEF\xBF\xBD");
        if (take(text) == replacement && !says_so) return false;
    }
}

std::string lower(std::string_view text)
{
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        if (text.front() >= 0) {
            result += to_ascii_lower(text.front());
            text.remove_prefix(1);
        } else {
            append(result, uc_tolower(take(text)));
        }
    }
    return result;
}

std::string ascii_lower(std::string_view text)
{
    std::string result{text};
    std::ranges::transform(result, result.begin(), to_ascii_lower);
    return result;
}

bool equals_ignoring_case(std::string_view a, std::string_view b)
{
    return std::ranges::equal(a, b, {}, to_ascii_lower, to_ascii_lower);
}

std::string_view trim(std::string_view text)
{
    constexpr std::string_view blanks = " \t\r\n";
    const auto first = text.find_first_not_of(blanks);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string_view cut(std::string_view text, std::size_t octets)
{
    if (text.size() <= octets) return text;
    while (octets > 0 && (static_cast<unsigned char>(text[octets]) & 0xC0) == 0x80) --octets;
    return text.substr(0, octets);
}

} // namespace portico::mime
