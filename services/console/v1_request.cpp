#include "services/console/v1_request.hpp"

#include "services/catalog/tags.hpp"
#include "services/mime/utf8.hpp"

#include <charconv>

namespace portico::console {

namespace {

using nlohmann::json;

constexpr int most_depth = 16; // of lists and objects within one another

std::optional<std::uint64_t> number(std::optional<std::string_view> text)
{
    if (!text) return std::nullopt;
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
    return value;
}

std::unexpected<std::string> wrong(std::string_view name, std::string_view wanted)
{
    return std::unexpected{std::string{name} + " must be " + std::string{wanted}};
}

/// Of a request that does nothing without JSON.
std::expected<json, std::string> object_of(std::string_view content)
{
    auto parsed = parse_json(content);
    if (!parsed || !parsed->is_object())
        return std::unexpected{std::string{"the request's content is no JSON object"}};
    return std::move(*parsed);
}

} // namespace

catalog::Range range_of(const Query& query, Listing listing, const catalog::Zone& zone)
{
    catalog::Range range;
    range.start = number(http::find(query, "start")).value_or(0);
    range.limit = number(http::find(query, "limit")).value_or(50);
    if (const auto before = http::find(query, "before"))
        range.before = catalog::parse_when(*before, zone);
    if (listing == Listing::all && range.limit == 0) {
        range.start = 0;
        range.limit = std::numeric_limits<std::uint64_t>::max();
    }
    return range;
}

std::string collapsed(std::string_view path)
{
    std::string result;
    for (const char c : path)
        if (c != '/' || !result.ends_with('/')) result += c;
    return result;
}

std::optional<json> parse_json(std::string_view text, std::size_t values)
{
    std::size_t count = 0;
    const auto bounded = [&](int depth, json::parse_event_t, json&) {
        return depth <= most_depth && ++count <= values;
    };
    auto parsed = json::parse(text, bounded, false);
    if (parsed.is_discarded() || count > values) return std::nullopt;
    return parsed;
}

const json* member(const json& object, std::string_view name)
{
    if (!object.is_object()) return nullptr;
    for (const auto& [key, value] : object.items())
        if (!value.is_null() && mime::equals_ignoring_case(key, name)) return &value;
    return nullptr;
}

std::expected<std::vector<std::string>, std::string> texts(const json& object,
                                                           std::string_view name)
{
    std::vector<std::string> list;
    const auto* value = member(object, name);
    if (!value) return list;
    if (!value->is_array()) return wrong(name, "a list of texts");
    for (const auto& entry : *value) {
        if (!entry.is_string()) return wrong(name, "a list of texts");
        list.push_back(entry.get<std::string>());
    }
    return list;
}

std::expected<std::string, std::string> text(const json& object, std::string_view name)
{
    const auto* value = member(object, name);
    if (!value) return std::string{};
    if (!value->is_string()) return wrong(name, "a text");
    return value->get<std::string>();
}

std::expected<std::optional<std::vector<std::string>>, std::string>
to_delete(std::string_view content)
{
    const auto parsed = parse_json(content);
    if (!parsed || parsed->is_null()) return std::nullopt;
    if (!parsed->is_object()) return wrong("the request's content", "a JSON object");
    auto ids = texts(*parsed, "IDs");
    if (!ids) return std::unexpected{std::move(ids.error())};
    if (ids->empty()) return std::nullopt;
    return std::move(*ids);
}

std::expected<ReadRequest, std::string> to_read(std::string_view content)
{
    const auto object = object_of(content);
    if (!object) return std::unexpected{object.error()};
    ReadRequest request;
    if (const auto* read = member(*object, "Read")) {
        if (!read->is_boolean()) return wrong("Read", "true or false");
        request.read = read->get<bool>();
    }
    auto ids = texts(*object, "IDs");
    auto search = text(*object, "Search");
    if (!ids) return std::unexpected{std::move(ids.error())};
    if (!search) return std::unexpected{std::move(search.error())};
    request.ids = std::move(*ids);
    request.search = mime::trim(*search);
    if (!request.ids.empty() && !request.search.empty())
        return std::unexpected{std::string{"IDs and Search exclude each other"}};
    return request;
}

std::expected<TagRequest, std::string> to_tag(std::string_view content)
{
    const auto object = object_of(content);
    if (!object) return std::unexpected{object.error()};
    auto ids = texts(*object, "IDs");
    auto tags = texts(*object, "Tags");
    if (!ids) return std::unexpected{std::move(ids.error())};
    if (!tags) return std::unexpected{std::move(tags.error())};
    return TagRequest{std::move(*ids), catalog::clean_tags(*tags)};
}

std::expected<std::string, std::string> to_rename(std::string_view content)
{
    const auto object = object_of(content);
    if (!object) return std::unexpected{object.error()};
    const auto name = text(*object, "Name");
    if (!name) return std::unexpected{name.error()};
    auto tag = catalog::clean_tag(*name);
    // What cleaning would change is not what was asked for.
    if (tag.empty() || tag != mime::trim(*name))
        return std::unexpected{std::string{"Name is no tag: 1 to 100 of A-Z, a-z, 0-9, blank and "
                                           "\"._@-\""}};
    return tag;
}

} // namespace portico::console
