#include "services/http/routes.hpp"

#include "services/http/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

namespace portico::http {

namespace {

[[noreturn]] void refuse(std::string_view pattern, std::string_view why)
{
    throw std::logic_error{fmt::format("route \"{}\": {}", pattern, why)};
}

} // namespace

std::vector<RouteTable::Segment> RouteTable::parse(std::string_view pattern)
{
    using Kind = Segment::Kind;
    const auto target = parse_target(pattern);
    if (!pattern.starts_with('/') || !target || target->path != pattern) refuse(pattern, "no path");
    std::vector<Segment> segments;
    std::set<std::string> names;
    for (const auto& text : target->segments) {
        if (!segments.empty() && segments.back().kind == Kind::rest)
            refuse(pattern, "something follows the rest");
        if (!text.starts_with('{')) {
            if (text.find_first_of("{}") != text.npos) refuse(pattern, "a brace in a literal");
            segments.push_back({Kind::literal, text});
            continue;
        }
        if (!text.ends_with('}')) refuse(pattern, "a brace is not closed");
        auto name = text.substr(1, text.size() - 2);
        const bool rest = name.ends_with("...");
        if (rest) name.resize(name.size() - 3);
        if (!is_token(name) || !names.insert(name).second)
            refuse(pattern, "a parameter without a name of its own");
        segments.push_back({rest ? Kind::rest : Kind::parameter, name});
    }
    return segments;
}

std::size_t RouteTable::add(std::string_view method, std::string_view pattern)
{
    if (!is_token(method)) refuse(pattern, "no method");
    Pattern added{parse(pattern), {}};
    auto place = std::ranges::lower_bound(patterns_, added, goes_before);
    if (place == patterns_.end() || goes_before(added, *place))
        place = patterns_.insert(place, std::move(added));
    // The same but for its names: two names for one thing would be a trap.
    else if (!std::ranges::equal(place->segments, added.segments, {}, &Segment::text,
                                 &Segment::text))
        refuse(pattern, "its parameters have other names elsewhere");
    if (place->find(method)) refuse(pattern, fmt::format("there is one for {} already", method));
    place->methods.push_back({std::string{method}, size_});
    return size_++;
}

// Only literals tell patterns of the same kinds apart.
bool RouteTable::goes_before(const Pattern& a, const Pattern& b)
{
    const auto literal = [](const Segment& segment) -> std::string_view {
        return segment.kind == Segment::Kind::literal ? segment.text : std::string_view{};
    };
    for (std::size_t i = 0; i < std::min(a.segments.size(), b.segments.size()); ++i) {
        const auto& left = a.segments[i];
        const auto& right = b.segments[i];
        if (left.kind != right.kind) return left.kind < right.kind;
        if (literal(left) != literal(right)) return literal(left) < literal(right);
    }
    return a.segments.size() < b.segments.size();
}

const RouteTable::Method* RouteTable::Pattern::find(std::string_view method) const
{
    const auto found = std::ranges::find(methods, method, &Method::name);
    return found == methods.end() ? nullptr : &*found;
}

bool RouteTable::Pattern::matches(const Target& target) const
{
    const auto& given = target.segments;
    const bool open = segments.back().kind == Segment::Kind::rest;
    const auto least = open ? segments.size() - 1 : segments.size(); // the rest may be missing
    if (given.size() < least || (!open && given.size() > least)) return false;
    for (std::size_t i = 0; i < least; ++i) {
        const auto& [kind, text] = segments[i];
        if (kind == Segment::Kind::literal ? given[i] != text : given[i].empty()) return false;
    }
    return true;
}

std::vector<Parameter> RouteTable::Pattern::parameters(const Target& target) const
{
    std::vector<Parameter> all;
    for (std::size_t i = 0; i < segments.size(); ++i) {
        const auto& [kind, name] = segments[i];
        if (kind == Segment::Kind::parameter) all.push_back({name, target.segments[i]});
        if (kind != Segment::Kind::rest) continue;
        std::string rest;
        for (auto j = i; j < target.segments.size(); ++j)
            rest += (j > i ? "/" : "") + target.segments[j];
        all.push_back({name, std::move(rest)});
    }
    return all;
}

RouteMatch RouteTable::match(std::string_view method, const Target& target) const
{
    std::set<std::string_view> allowed;
    for (const auto& pattern : patterns_) {
        if (!pattern.matches(target)) continue;
        const auto* found = pattern.find(method);
        if (!found && method == "HEAD") found = pattern.find("GET");
        if (!found) found = pattern.find("*");
        if (found) return Found{found->index, pattern.parameters(target)};
        for (const auto& other : pattern.methods) allowed.insert(other.name);
    }
    if (allowed.empty()) return NotFound{};
    if (allowed.contains("GET")) allowed.insert("HEAD");
    allowed.insert("OPTIONS");
    std::string allow;
    for (auto name : allowed) allow.append(allow.empty() ? "" : ", ").append(name);
    return MethodNotAllowed{std::move(allow)};
}

} // namespace portico::http
