#include "services/inspect/json.hpp"

#include "services/accounts/base64.hpp"
#include "services/accounts/saslprep.hpp"
#include "services/inspect/form.hpp"

#include <algorithm>
#include <map>

namespace portico::inspect {

namespace {

// Writing deep JSON takes stack for each level, and nobody means more than this.
constexpr std::size_t most_levels = 100;

bool is_deep(std::string_view text)
{
    std::size_t levels = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = text[i];
        if (quoted && c == '\\') ++i;
        if (c == '"') quoted = !quoted;
        if (quoted) continue;
        if ((c == '[' || c == '{') && ++levels > most_levels) return true;
        if ((c == ']' || c == '}') && levels > 0) --levels;
    }
    return false;
}

/// What `text` means as JSON; null if it is none.
Json parse(std::string_view text)
{
    if (text.empty() || is_deep(text)) return nullptr;
    auto parsed = Json::parse(text, nullptr, false);
    return parsed.is_discarded() ? Json{} : parsed;
}

std::string spelled(std::string_view name)
{
    std::string result{name};
    bool first = true;
    for (auto& c : result) {
        if (first && c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
        if (!first && c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
        first = c == '-';
    }
    return result;
}

std::string text_or_url(std::string_view octets, std::string_view media_type)
{
    return accounts::is_utf8(octets) ? std::string{octets} : data_url(media_type, octets);
}

Json told_files(const std::vector<File>& files)
{
    std::vector<http::NameValue> contents;
    for (const auto& file : files)
        contents.push_back({file.name, text_or_url(file.content, file.content_type.empty()
                                                                     ? "application/octet-stream"
                                                                     : file.content_type)});
    return to_json(contents);
}

} // namespace

std::string to_text(const Json& json)
{
    return json.dump(2, ' ', true, Json::error_handler_t::replace) + "\n";
}

Answer as_json(const Json& json, http::Status status)
{
    return {.status = status, .content_type = "application/json", .content = to_text(json)};
}

std::string data_url(std::string_view media_type, std::string_view octets)
{
    return "data:" + std::string{media_type} + ";base64," + accounts::base64(octets);
}

Json to_json(const std::vector<http::NameValue>& pairs)
{
    auto object = Json::object();
    for (const auto& [name, value] : pairs) {
        auto& member = object[name];
        if (member.is_null())
            member = value;
        else if (member.is_array())
            member.push_back(value);
        else
            member = Json::array({member, value});
    }
    return object;
}

Json headers(const http::Request& request)
{
    std::map<std::string, std::string> joined;
    for (const auto& [name, value] : request.fields) {
        const auto [at, added] = joined.try_emplace(spelled(name), value);
        if (!added) at->second.append(", ").append(value);
    }
    return joined;
}

Json told(const Asked& asked)
{
    return {{"args", to_json(asked.query)},
            {"headers", headers(asked.head)},
            {"origin", asked.origin},
            {"url", asked.url()}};
}

std::expected<void, std::string_view> tell_content(const Asked& asked, Json& json)
{
    const auto type = asked.head.field("Content-Type").value_or("");
    const auto form = parse_form(type, asked.content);
    if (!form) return std::unexpected{describe(form.error())};
    const bool is_form = form->has_value();
    json["form"] = to_json(is_form ? (*form)->fields : std::vector<http::NameValue>{});
    json["files"] = told_files(is_form ? (*form)->files : std::vector<File>{});
    json["data"] = is_form ? std::string{} : text_or_url(asked.content, "application/octet-stream");
    json["json"] = is_form ? Json{} : parse(asked.content);
    return {};
}

} // namespace portico::inspect
