#include "services/mime/header.hpp"

#include "services/mime/utf8.hpp"

#include <algorithm>

namespace portico::mime {

namespace {

/// The name of the field that begins on this line, or "". RFC 5322 section 4.5: blanks may stand
/// before the colon.
std::string_view field_name(std::string_view line)
{
    const auto colon = line.find(':');
    if (colon == line.npos) return {};
    const auto name = line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1);
    if (colon == 0 || name.empty()) return {};
    const auto visible = [](char c) { return c > 0x20 && c < 0x7F && c != ':'; };
    return std::ranges::all_of(name, visible) ? name : std::string_view{};
}

void go_on(std::string& value, std::string_view line)
{
    const auto more = trim(line);
    if (!value.empty() && !more.empty()) value += ' ';
    value += more;
}

} // namespace

std::string_view line_at(std::string_view text, std::size_t offset)
{
    const auto end = text.find('\n', offset);
    return text.substr(offset, end == text.npos ? text.npos : end + 1 - offset);
}

std::string_view without_line_end(std::string_view line)
{
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

std::string_view Header::operator[](std::string_view name) const
{
    const auto* field = find(name);
    return field == nullptr ? std::string_view{} : field->value;
}

const Field* Header::find(std::string_view name) const
{
    const auto found = std::ranges::find_if(
        fields, [&](const Field& field) { return equals_ignoring_case(field.name, name); });
    return found == fields.end() ? nullptr : &*found;
}

Header parse_header(std::string_view source)
{
    Header header;
    // What mbox puts before a message, if it was copied out of one.
    if (source.starts_with("From ")) header.body = line_at(source, 0).size();
    while (header.body < source.size()) {
        const auto whole = line_at(source, header.body);
        const auto line = without_line_end(whole);
        const bool folded = line.starts_with(' ') || line.starts_with('\t');
        const auto name = folded ? std::string_view{} : field_name(line);
        if (name.empty() && header.fields.empty() && !line.empty()) break;
        header.body += whole.size();
        if (line.empty()) break;
        if (name.empty())
            go_on(header.fields.back().value, line);
        else
            header.fields.push_back(
                {std::string{name}, std::string{trim(line.substr(line.find(':') + 1))}});
    }
    for (auto& field : header.fields)
        if (!is_utf8(field.value)) field.value = scrub(field.value);
    return header;
}

std::string canonical_name(std::string_view name)
{
    auto result = ascii_lower(name);
    bool first = true;
    for (auto& c : result) {
        if (first && c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
        first = c == '-';
    }
    return result;
}

} // namespace portico::mime
