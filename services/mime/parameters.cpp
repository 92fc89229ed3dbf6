#include "services/mime/parameters.hpp"

#include "services/mime/charset.hpp"
#include "services/mime/utf8.hpp"
#include "services/mime/words.hpp"

#include <algorithm>
#include <charconv>

namespace portico::mime {

namespace {

/// One "name=value" as it stands, or a piece of one: name*0, name*0*, name* (RFC 2231).
struct Piece {
    std::string name;
    unsigned number = 0;
    bool continued = false; // has a number
    bool encoded = false;   // ends in "*"
    std::string value = {};
};

std::string take_quoted(std::string_view& text)
{
    std::string value;
    text.remove_prefix(1);
    while (!text.empty() && text.front() != '"') {
        if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
        value += text.front();
        text.remove_prefix(1);
    }
    // Behind the closing quote; what stands there up to ";" belongs to nothing.
    text.remove_prefix(std::min(text.find(';'), text.size()));
    return value;
}

std::string take_value(std::string_view& text)
{
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    if (text.starts_with('"')) return take_quoted(text);
    const auto value = text.substr(0, text.find(';'));
    text.remove_prefix(value.size());
    return std::string{trim(value)};
}

Piece split_name(std::string_view name)
{
    Piece piece{.name = {}};
    piece.encoded = name.ends_with('*');
    if (piece.encoded) name.remove_suffix(1);
    const auto star = name.rfind('*');
    if (star != name.npos) {
        const auto digits = name.substr(star + 1);
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), piece.number);
        piece.continued = error == std::errc{} && end == digits.data() + digits.size();
        if (piece.continued) name = name.substr(0, star);
    }
    piece.name = ascii_lower(name);
    return piece;
}

std::vector<Piece> take_pieces(std::string_view text)
{
    std::vector<Piece> pieces;
    while (!text.empty()) {
        text.remove_prefix(std::min(text.find_first_not_of("; \t\r\n"), text.size()));
        const auto end = text.find_first_of("=;");
        const auto name = trim(text.substr(0, end));
        const bool has_value = end != text.npos && text[end] == '=';
        text.remove_prefix(std::min(end, text.size()));
        if (!has_value) continue;
        text.remove_prefix(1);
        auto piece = split_name(name);
        piece.value = take_value(text);
        if (!piece.name.empty()) pieces.push_back(std::move(piece));
    }
    return pieces;
}

std::string decode_percent(std::string_view text)
{
    std::string octets;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        const auto* digits = text.data() + i + 1;
        if (text[i] == '%' && i + 2 < text.size() &&
            std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
            octets += static_cast<char>(value);
            i += 2;
        } else {
            octets += text[i];
        }
    }
    return octets;
}

/// RFC 2231 sections 3 and 4: the pieces of one name, in order, 0 first, up to the first gap.
std::string join(std::vector<Piece>::const_iterator first, std::vector<Piece>::const_iterator last)
{
    std::string octets, charset;
    unsigned expected = 0;
    for (auto piece = first; piece != last; ++piece) {
        if (piece->continued && piece->number != expected) {
            if (piece->number < expected) continue; // a second one
            break;
        }
        std::string_view value = piece->value;
        const auto mark = value.find('\'');
        const auto second = mark == value.npos ? value.npos : value.find('\'', mark + 1);
        if (piece->encoded && expected == 0 && second != value.npos) {
            charset = value.substr(0, mark);
            value.remove_prefix(second + 1);
        }
        octets += piece->encoded ? decode_percent(value) : std::string{value};
        ++expected;
        if (!piece->continued) break;
    }
    return to_utf8(octets, charset);
}

} // namespace

std::string_view Parametrized::operator[](std::string_view name) const
{
    const auto found = std::ranges::find(parameters, name, &Parameter::name);
    return found == parameters.end() ? std::string_view{} : found->value;
}

Parametrized parse_parametrized(std::string_view text)
{
    text = trim(text);
    // A blank ends it, too: a comment may follow, or a parameter whose ";" was forgotten.
    const auto end = std::min(text.find_first_of("; \t\r\n("), text.size());
    Parametrized result{.value = ascii_lower(scrub(text.substr(0, end)))};
    auto pieces = take_pieces(text.substr(end));
    // By name; of one name those of RFC 2231 first, in their order, then the plain ones.
    std::ranges::stable_sort(pieces, [](const Piece& a, const Piece& b) {
        const auto plain = [](const Piece& p) { return !p.continued && !p.encoded; };
        if (a.name != b.name) return a.name < b.name;
        if (plain(a) != plain(b)) return plain(b);
        return a.number < b.number;
    });
    for (auto first = pieces.cbegin(); first != pieces.cend();) {
        const auto last = std::find_if(first, pieces.cend(),
                                       [&](const Piece& p) { return p.name != first->name; });
        const bool plain = !first->continued && !first->encoded;
        result.parameters.push_back(
            {first->name, plain ? decode_words(first->value) : join(first, last)});
        first = last;
    }
    return result;
}

} // namespace portico::mime
