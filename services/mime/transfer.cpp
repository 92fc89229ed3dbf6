#include "services/mime/transfer.hpp"

#include "services/mime/utf8.hpp"

#include <array>
#include <cstdint>

namespace portico::mime {

namespace {

constexpr auto base64_values = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
    return values;
}();

int hex_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10; // section 6.7: robust decoders take these, too
    return -1;
}

std::size_t line_end(std::string_view text)
{
    if (text.starts_with("\r\n")) return 2;
    return text.starts_with('\n') ? 1 : 0;
}

std::string_view take_line(std::string_view& text)
{
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    return line;
}

/// RFC 2045 section 6.7 rule 3: what was added to a line's end on the way.
std::string_view without_blanks_at_line_ends(std::string_view& text)
{
    const auto blanks = text.find_first_not_of(" \t");
    const auto rest = text.substr(blanks == text.npos ? text.size() : blanks);
    if (rest.empty() || line_end(rest) > 0) {
        text = rest;
        return {};
    }
    const auto kept = text.substr(0, blanks);
    text = rest;
    return kept;
}

} // namespace

std::string decode_base64(std::string_view text)
{
    std::string octets;
    octets.reserve(text.size() / 4 * 3);
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (char c : text) {
        const auto value = base64_values[static_cast<unsigned char>(c)];
        if (value < 0) {
            // Padding ends it; some mailers encode piece by piece, and the next begins anew.
            if (c == '=') count = 0;
            continue;
        }
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        switch (++count) {
        case 2: octets += static_cast<char>(bits >> 4); break;
        case 3: octets += static_cast<char>(bits >> 2); break;
        case 4:
            octets += static_cast<char>(bits);
            count = 0;
            break;
        default: break;
        }
    }
    return octets;
}

std::string decode_quoted_printable(std::string_view text, bool underscores)
{
    std::string octets;
    octets.reserve(text.size());
    while (!text.empty()) {
        const auto c = text.front();
        if (!underscores && (c == ' ' || c == '\t')) {
            octets += without_blanks_at_line_ends(text);
            continue;
        }
        text.remove_prefix(1);
        if (c == '=') {
            const auto high = text.empty() ? -1 : hex_value(text[0]);
            const auto low = text.size() < 2 ? -1 : hex_value(text[1]);
            if (high >= 0 && low >= 0) {
                octets += static_cast<char>(high << 4 | low);
                text.remove_prefix(2);
                continue;
            }
            auto rest = text;
            if (without_blanks_at_line_ends(rest).empty() && (rest.empty() || line_end(rest) > 0))
                text = rest.substr(line_end(rest)); // a soft line break
            else
                octets += c;
        } else {
            octets += underscores && c == '_' ? ' ' : c;
        }
    }
    return octets;
}

std::string decode_uuencode(std::string_view text)
{
    std::string octets;
    bool begun = false;
    while (!text.empty()) {
        auto line = take_line(text);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!begun) {
            begun = line.starts_with("begin ");
            continue;
        }
        if (line.empty() || line == "end") break;
        const auto value = [&](std::size_t i) {
            return i < line.size() ? (static_cast<unsigned char>(line[i]) - 32u) & 63u : 0u;
        };
        std::string decoded;
        for (std::size_t i = 1; i < line.size(); i += 4) {
            decoded += static_cast<char>(value(i) << 2 | value(i + 1) >> 4);
            decoded += static_cast<char>(value(i + 1) << 4 | value(i + 2) >> 2);
            decoded += static_cast<char>(value(i + 2) << 6 | value(i + 3));
        }
        octets += std::string_view{decoded}.substr(0, value(0));
    }
    return octets;
}

std::string decode_transfer(std::string_view body, std::string_view encoding)
{
    // Some mailers add a comment or a parameter that nothing defines.
    const auto name = trim(encoding.substr(0, encoding.find_first_of(";(")));
    if (equals_ignoring_case(name, "base64")) return decode_base64(body);
    if (equals_ignoring_case(name, "quoted-printable")) return decode_quoted_printable(body);
    for (std::string_view uuencode : {"x-uuencode", "x-uue", "uuencode"})
        if (equals_ignoring_case(name, uuencode)) return decode_uuencode(body);
    return std::string{body};
}

} // namespace portico::mime
