#pragma once

#include "config/config.hpp"
#include "config/load.hpp"
#include "config/toml.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace portico::config {

/// Where something stands in the file; both count from 1.
struct Place {
    int line = 0;
    int column = 0;
};

Place place_of(const toml::source_region& region);
Place place_of(const toml::node& node);

/// Every problem found so far; none ends the reading.
struct Report {
    std::string file;
    std::vector<Problem> problems;

    void add(Place place, std::string what, std::string remedy)
    {
        problems.push_back({file, place.line, place.column, std::move(what), std::move(remedy)});
    }
};

/// What a number, a size or a time may be, both ends included. `why` names the rule that set an
/// end, if there is one: "RFC 1939 section 3".
struct Range {
    std::uint64_t least;
    std::uint64_t most;
    std::string_view why = {};
};
struct Span {
    Duration least = 1ms;
    Duration most = 24h;
    std::string_view why = {};
};

/// A string and where it stands.
struct Text {
    std::string value;
    Place place;
};

/// One table of the file while it is read: hands each key's value to the field it belongs to,
/// reports what is wrong with it, and in the end, by finish(), every key nobody asked for. A key
/// that is missing leaves its field alone. Outlived by the table and the report.
class Reader {
public:
    /// `name` as the operator knows the table: "[smtp]".
    Reader(const toml::table& table, std::string name, Report& report, Place place = {1, 1});

    void boolean(std::string_view key, bool& field);
    void path(std::string_view key, std::filesystem::path& field);
    void duration(std::string_view key, Duration& field, Span span = {});

    /// A string that `is_right`; `remedy` says what that is.
    void text(std::string_view key, std::string& field, bool (*is_right)(std::string_view),
              std::string_view remedy);
    /// The same, but no problem will ever quote the value.
    void secret(std::string_view key, std::string& field, bool (*is_right)(std::string_view),
                std::string_view remedy);

    template <typename Number>
    void number(std::string_view key, Number& field, Range range)
    {
        if (const auto value = number_in(key, range)) field = static_cast<Number>(*value);
    }

    template <typename Number>
    void size(std::string_view key, Number& field, Range range)
    {
        if (const auto value = size_in(key, range)) field = static_cast<Number>(*value);
    }

    template <typename Choice>
    void choice(std::string_view key, Choice& field,
                const std::vector<std::pair<std::string_view, Choice>>& choices)
    {
        std::vector<std::string_view> names;
        for (const auto& [name, value] : choices) names.push_back(name);
        if (const auto which = choice_of(key, names)) field = choices[*which].second;
    }

    /// For fields with rules of their own. Wrong types are reported, with `remedy`.
    const toml::node* node(std::string_view key);
    std::optional<Text> string(std::string_view key, std::string_view remedy);
    std::optional<std::vector<Text>> strings(std::string_view key, std::string_view remedy);
    std::optional<std::size_t> choice_of(std::string_view key,
                                         const std::vector<std::string_view>& names);

    /// [key], and each [[key]].
    std::optional<Reader> table(std::string_view key);
    std::vector<Reader> tables(std::string_view key);

    /// `key` must be there.
    void require(std::string_view key, std::string_view remedy);
    bool has(std::string_view key) const { return table_->contains(key); }

    /// Reports the keys nobody asked for. Of one that is at home in another table of `others`
    /// the remedy says so.
    void finish(const std::vector<KnownKeys>& others);

    void wrong_type(std::string_view key, const toml::node& node, std::string_view remedy);
    void problem(Place place, std::string what, std::string_view remedy);

    /// What the table is called from now on.
    void rename(std::string name) { name_ = std::move(name); }

    Place place() const { return place_; }
    const std::vector<std::string>& keys() const { return keys_; }

private:
    std::optional<std::uint64_t> number_in(std::string_view key, const Range& range);
    std::optional<std::uint64_t> size_in(std::string_view key, const Range& range);
    void unknown(const toml::key& key, const toml::node& value,
                 const std::vector<KnownKeys>& others);

    const toml::table* table_;
    std::string name_;
    Report* report_;
    Place place_;
    std::vector<std::string> keys_; // asked for so far
};

/// The name nearest to `wrong`, if one is near enough to be what was meant.
std::optional<std::string> nearest(std::string_view wrong, const std::vector<std::string>& names);

} // namespace portico::config
