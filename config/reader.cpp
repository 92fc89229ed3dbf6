#include "config/reader.hpp"

#include "config/syntax.hpp"
#include "config/units.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

namespace portico::config {

namespace {

std::string_view kind_of(const toml::node& node)
{
    switch (node.type()) {
    case toml::node_type::none: break;
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "an array";
    case toml::node_type::string: return "a string";
    case toml::node_type::integer: return "an integer";
    case toml::node_type::floating_point: return "a floating-point number";
    case toml::node_type::boolean: return "a boolean";
    case toml::node_type::date: return "a date";
    case toml::node_type::time: return "a time of day";
    case toml::node_type::date_time: return "a date and time";
    }
    return "nothing";
}

std::string because(std::string_view why)
{
    return why.empty() ? std::string{} : fmt::format(", by {}", why);
}

std::string remedy_of(const Range& range)
{
    return fmt::format("a number from {} to {}{}", range.least, range.most, because(range.why));
}

std::string size_remedy(const Range& range)
{
    return fmt::format("a size from \"{}\" to \"{}\", in B, KiB, MiB or GiB, or in octets{}",
                       format_size(range.least), format_size(range.most), because(range.why));
}

std::string remedy_of(const Span& span)
{
    return fmt::format("a time from \"{}\" to \"{}\", in ms, s, m, h or d, or in seconds{}",
                       format_duration(span.least), format_duration(span.most), because(span.why));
}

std::string one_of(const std::vector<std::string>& names)
{
    return fmt::format("one of {}", fmt::join(names, ", "));
}

std::string home_of(const KnownKeys& other)
{
    return other.table.empty() ? "outside of any table" : fmt::format("in {}", other.table);
}

// Seconds that are too many to be counted in milliseconds are out of every range.
std::optional<Duration> duration_of(const toml::node& node)
{
    if (const auto text = node.value_exact<std::string_view>()) return parse_duration(*text);
    constexpr auto most = std::chrono::duration_cast<std::chrono::seconds>(Duration::max()).count();
    const auto seconds = node.value_exact<std::int64_t>().value_or(0);
    return std::chrono::seconds{std::clamp<std::int64_t>(seconds, -1, most)};
}

std::string spelling_of(const toml::node& node)
{
    if (const auto text = node.value_exact<std::string_view>()) return in_quotes(*text);
    return std::to_string(node.value_exact<std::int64_t>().value_or(0));
}

bool is_string_or_integer(const toml::node& node)
{
    return node.is_string() || node.is_integer();
}

} // namespace

Place place_of(const toml::source_region& region)
{
    constexpr auto most = static_cast<toml::source_index>(std::numeric_limits<int>::max());
    return {static_cast<int>(std::clamp(region.begin.line, toml::source_index{1}, most)),
            static_cast<int>(std::clamp(region.begin.column, toml::source_index{1}, most))};
}

Place place_of(const toml::node& node)
{
    return place_of(node.source());
}

Reader::Reader(const toml::table& table, std::string name, Report& report, Place place)
    : table_{&table}, name_{std::move(name)}, report_{&report}, place_{place}
{
}

const toml::node* Reader::node(std::string_view key)
{
    if (std::ranges::find(keys_, key) == keys_.end()) keys_.emplace_back(key);
    return table_->get(key);
}

void Reader::problem(Place place, std::string what, std::string_view remedy)
{
    report_->add(place, std::move(what), std::string{remedy});
}

void Reader::wrong_type(std::string_view key, const toml::node& node, std::string_view remedy)
{
    problem(place_of(node), fmt::format("{} is {}", key, kind_of(node)), remedy);
}

void Reader::boolean(std::string_view key, bool& field)
{
    const auto* found = node(key);
    if (!found) return;
    if (const auto value = found->value_exact<bool>())
        field = *value;
    else
        wrong_type(key, *found, "true or false, without quotes");
}

std::optional<Text> Reader::string(std::string_view key, std::string_view remedy)
{
    const auto* found = node(key);
    if (!found) return {};
    if (const auto value = found->value_exact<std::string>()) return Text{*value, place_of(*found)};
    wrong_type(key, *found, remedy);
    return {};
}

std::optional<std::vector<Text>> Reader::strings(std::string_view key, std::string_view remedy)
{
    const auto* found = node(key);
    if (!found) return {};
    const auto* array = found->as_array();
    if (!array) {
        wrong_type(key, *found, remedy);
        return {};
    }
    std::vector<Text> texts;
    for (const auto& element : *array) {
        if (const auto text = element.value_exact<std::string>())
            texts.push_back({*text, place_of(element)});
        else
            wrong_type(fmt::format("an entry of {}", key), element, remedy);
    }
    return texts;
}

void Reader::text(std::string_view key, std::string& field, bool (*is_right)(std::string_view),
                  std::string_view remedy)
{
    auto text = string(key, remedy);
    if (!text) return;
    if (is_right(text->value))
        field = std::move(text->value);
    else
        problem(text->place, fmt::format("{} {} is not right", key, in_quotes(text->value)),
                remedy);
}

void Reader::secret(std::string_view key, std::string& field, bool (*is_right)(std::string_view),
                    std::string_view remedy)
{
    auto text = string(key, remedy);
    if (!text) return;
    if (is_right(text->value))
        field = std::move(text->value);
    else
        problem(text->place, fmt::format("{} is not right", key), remedy);
}

void Reader::path(std::string_view key, std::filesystem::path& field)
{
    constexpr std::string_view remedy = "a path, in quotes";
    const auto text = string(key, remedy);
    if (!text) return;
    // The system's calls would take it for the end of the path.
    if (text->value.find('\0') != std::string::npos)
        problem(text->place, fmt::format("{} holds a zero byte", key), remedy);
    else
        field = text->value;
}

std::optional<std::uint64_t> Reader::number_in(std::string_view key, const Range& range)
{
    const auto* found = node(key);
    if (!found) return {};
    const auto value = found->value_exact<std::int64_t>();
    if (!value) {
        wrong_type(key, *found, remedy_of(range));
        return {};
    }
    const auto number = static_cast<std::uint64_t>(*value);
    if (*value >= 0 && number >= range.least && number <= range.most) return number;
    problem(place_of(*found), fmt::format("{} {} is out of range", key, *value), remedy_of(range));
    return {};
}

std::optional<std::uint64_t> Reader::size_in(std::string_view key, const Range& range)
{
    const auto* found = node(key);
    if (!found) return {};
    if (found->is_integer()) {
        const auto octets = *found->value_exact<std::int64_t>();
        const auto size = static_cast<std::uint64_t>(octets);
        if (octets >= 0 && size >= range.least && size <= range.most) return size;
    } else if (const auto text = found->value_exact<std::string_view>()) {
        const auto size = parse_size(*text);
        if (size && *size >= range.least && *size <= range.most) return size;
        if (!size) {
            problem(place_of(*found), fmt::format("{} {} is not a size", key, in_quotes(*text)),
                    size_remedy(range));
            return {};
        }
    } else {
        wrong_type(key, *found, size_remedy(range));
        return {};
    }
    problem(place_of(*found), fmt::format("{} {} is out of range", key, spelling_of(*found)),
            size_remedy(range));
    return {};
}

void Reader::duration(std::string_view key, Duration& field, Span span)
{
    const auto* found = node(key);
    if (!found) return;
    if (!is_string_or_integer(*found)) {
        wrong_type(key, *found, remedy_of(span));
        return;
    }
    const auto value = duration_of(*found);
    if (value && *value >= span.least && *value <= span.most) {
        field = *value;
        return;
    }
    problem(
        place_of(*found),
        fmt::format("{} {} is {}", key, spelling_of(*found), value ? "out of range" : "not a time"),
        remedy_of(span));
}

std::optional<std::size_t> Reader::choice_of(std::string_view key,
                                             const std::vector<std::string_view>& names)
{
    const auto remedy = fmt::format("\"{}\"", fmt::join(names, "\" or \""));
    const auto text = string(key, remedy);
    if (!text) return {};
    const auto found = std::ranges::find(names, std::string_view{text->value});
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    const auto near = nearest(text->value, {names.begin(), names.end()});
    problem(text->place, fmt::format("unknown {} {}", key, in_quotes(text->value)),
            near ? fmt::format("\"{}\"", *near) : remedy);
    return {};
}

std::optional<Reader> Reader::table(std::string_view key)
{
    const auto* found = node(key);
    if (!found) return {};
    if (const auto* table = found->as_table())
        return Reader{*table, fmt::format("[{}]", key), *report_, place_of(*found)};
    wrong_type(key, *found, fmt::format("[{}], in single brackets: there is one", key));
    return {};
}

std::vector<Reader> Reader::tables(std::string_view key)
{
    const auto remedy = fmt::format("[[{}]], in double brackets: there may be many", key);
    std::vector<Reader> readers;
    const auto* found = node(key);
    if (!found) return readers;
    const auto* array = found->as_array();
    if (!array) {
        wrong_type(key, *found, remedy);
        return readers;
    }
    for (const auto& element : *array) {
        if (const auto* table = element.as_table())
            readers.emplace_back(*table, fmt::format("[[{}]]", key), *report_, place_of(element));
        else
            wrong_type(fmt::format("an entry of {}", key), element, remedy);
    }
    return readers;
}

void Reader::require(std::string_view key, std::string_view remedy)
{
    if (!has(key)) problem(place_, fmt::format("{} has no {}", name_, key), remedy);
}

void Reader::finish(const std::vector<KnownKeys>& others)
{
    for (auto&& [key, value] : *table_) {
        if (std::ranges::find(keys_, key.str()) == keys_.end()) unknown(key, value, others);
    }
}

void Reader::unknown(const toml::key& key, const toml::node& value,
                     const std::vector<KnownKeys>& others)
{
    const bool is_table = value.is_table() || value.is_array_of_tables();
    auto what = fmt::format("unknown {} {}{}{}", is_table ? "table" : "key", in_quotes(key.str()),
                            name_.empty() ? "" : " in ", name_);

    std::vector<std::string> homes;
    for (const KnownKeys& other : others) {
        if (std::ranges::find(other.keys, key.str()) != other.keys.end())
            homes.push_back(home_of(other));
    }
    const auto near = nearest(key.str(), keys_);
    auto remedy = !homes.empty() ? fmt::format("it {}, where it belongs", fmt::join(homes, " or "))
                  : near         ? *near
                                 : one_of(keys_);
    problem(place_of(key.source()), std::move(what), remedy);
}

std::optional<std::string> nearest(std::string_view wrong, const std::vector<std::string>& names)
{
    const std::string* best = nullptr;
    std::size_t least = std::numeric_limits<std::size_t>::max();
    for (const std::string& name : names) {
        // A third of the letters may be wrong; what is more is another word.
        const std::size_t most = std::max<std::size_t>(1, name.size() / 3);
        if (wrong.size() > name.size() + most || name.size() > wrong.size() + most) continue;
        const std::size_t distance = edit_distance(wrong, name);
        if (distance > most || distance >= least) continue;
        least = distance;
        best = &name;
    }
    if (!best) return {};
    return *best;
}

} // namespace portico::config
