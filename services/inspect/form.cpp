#include "services/inspect/form.hpp"

#include "services/http/parse.hpp"

#include <algorithm>

namespace portico::inspect {

namespace {

using http::equals_ignoring_case;
using http::trim;

constexpr std::size_t most_header = 8 << 10; // octets, of one part

/// The value at the front of `text`: a quoted string, or all up to the next ";".
std::string take_value(std::string_view& text)
{
    std::string value;
    if (!text.starts_with('"')) {
        value = trim(text.substr(0, text.find(';')));
        text.remove_prefix(std::min(text.find(';'), text.size()));
        return value;
    }
    text.remove_prefix(1);
    while (!text.empty() && text.front() != '"') {
        const bool escape = text.starts_with("\\\"") || text.starts_with("\\\\");
        value += text[escape ? 1 : 0];
        text.remove_prefix(escape ? 2 : 1);
    }
    text.remove_prefix(std::min(text.find(';'), text.size()));
    return value;
}

std::string_view media_type(std::string_view content_type)
{
    return trim(content_type.substr(0, content_type.find(';')));
}

// RFC 2046 section 5.1.1: 1 to 70 characters, the last no space.
bool is_boundary(std::string_view text)
{
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view{"'()+_,-./:=? "}.find(c) != std::string_view::npos;
    };
    return !text.empty() && text.size() <= 70 && text.back() != ' ' &&
           std::ranges::all_of(text, allowed);
}

/// The head of a part: of its fields only two mean something (RFC 7578 section 4.8).
struct PartHead {
    std::string_view disposition;
    std::string_view content_type;
};

std::optional<PartHead> parse_head(std::string_view head)
{
    PartHead parsed;
    while (!head.empty()) {
        const auto end = head.find("\r\n");
        const auto line = head.substr(0, end);
        head.remove_prefix(end == head.npos ? head.size() : end + 2);
        const auto colon = line.find(':');
        if (colon == line.npos || !http::is_token(line.substr(0, colon))) return std::nullopt;
        const auto name = line.substr(0, colon);
        const auto value = trim(line.substr(colon + 1));
        if (equals_ignoring_case(name, "Content-Disposition")) parsed.disposition = value;
        if (equals_ignoring_case(name, "Content-Type")) parsed.content_type = value;
    }
    return parsed;
}

std::optional<FormError> add_part(Form& form, std::string_view part)
{
    if (form.fields.size() + form.files.size() == http::most_names)
        return FormError::too_many_fields;
    const auto head_end = part.starts_with("\r\n") ? 0 : part.find("\r\n\r\n");
    if (head_end == part.npos || head_end > most_header) return FormError::multipart;
    const auto head = parse_head(part.substr(0, head_end));
    if (!head || !equals_ignoring_case(media_type(head->disposition), "form-data"))
        return FormError::multipart;
    part.remove_prefix(head_end + (head_end == 0 ? 2 : 4));
    auto name = parameter(head->disposition, "name");
    if (!name) return FormError::multipart; // RFC 7578 section 4.2: each has one
    if (parameter(head->disposition, "filename") || parameter(head->disposition, "filename*"))
        form.files.push_back({std::move(*name), head->content_type, part});
    else
        form.fields.push_back({std::move(*name), std::string{part}});
    return std::nullopt;
}

// RFC 2046 section 5.1.1: a delimiter is a line; what stands before the first and after the last
// means nothing.
std::expected<Form, FormError> parse_multipart(std::string_view boundary, std::string_view content)
{
    const auto delimiter = "\r\n--" + std::string{boundary};
    auto at = content.starts_with(std::string_view{delimiter}.substr(2)) ? std::size_t{0}
                                                                         : content.find(delimiter);
    if (at == content.npos) return std::unexpected{FormError::multipart};
    content.remove_prefix(at + delimiter.size() - (at == 0 && content[0] == '-' ? 2 : 0));
    Form form;
    while (!content.starts_with("--")) {
        const auto line_end = content.find("\r\n");
        if (line_end == content.npos || !trim(content.substr(0, line_end)).empty())
            return std::unexpected{FormError::multipart};
        content.remove_prefix(line_end + 2);
        const auto end = content.find(delimiter);
        if (end == content.npos) return std::unexpected{FormError::multipart};
        if (auto error = add_part(form, content.substr(0, end))) return std::unexpected{*error};
        content.remove_prefix(end + delimiter.size());
    }
    return form;
}

} // namespace

std::string_view describe(FormError error)
{
    switch (error) {
    case FormError::too_many_fields: return "the form has more than 1000 fields";
    case FormError::boundary: return "the multipart/form-data has no boundary, or no valid one";
    case FormError::multipart: return "the multipart/form-data is malformed";
    }
    return "";
}

std::optional<std::string> parameter(std::string_view value, std::string_view name)
{
    value.remove_prefix(std::min(value.find(';'), value.size()));
    while (!value.empty()) {
        value.remove_prefix(1); // the ";"
        const auto end = value.find_first_of("=;");
        const auto found = trim(value.substr(0, end));
        value.remove_prefix(std::min(end, value.size()));
        if (!value.starts_with('=')) continue;
        value = value.substr(1);
        auto text = take_value(value);
        if (equals_ignoring_case(found, name)) return text;
    }
    return std::nullopt;
}

std::expected<std::optional<Form>, FormError> parse_form(std::string_view content_type,
                                                         std::string_view content)
{
    const auto type = media_type(content_type);
    if (equals_ignoring_case(type, "application/x-www-form-urlencoded")) {
        auto fields = http::parse_urlencoded(content);
        if (!fields) return std::unexpected{FormError::too_many_fields};
        return Form{std::move(*fields), {}};
    }
    if (!equals_ignoring_case(type, "multipart/form-data")) return std::nullopt;
    const auto boundary = parameter(content_type, "boundary");
    if (!boundary || !is_boundary(*boundary)) return std::unexpected{FormError::boundary};
    auto form = parse_multipart(*boundary, content);
    if (!form) return std::unexpected{form.error()};
    return std::move(*form);
}

} // namespace portico::inspect
