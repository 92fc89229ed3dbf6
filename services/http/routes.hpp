#pragma once

#include "services/http/target.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace portico::http {

/// What a pattern's "{name}" stands for in a target.
struct Parameter {
    std::string_view name; // of the table, valid until its next add()
    std::string value;     // decoded
};

struct Found {
    std::size_t index; // as add() has answered it
    std::vector<Parameter> parameters;
};
struct NotFound {};
/// The path is known, the method is not among its own (RFC 9110 section 15.5.6). Of OPTIONS that is
/// no mistake: `allow` is what to answer (section 9.3.7).
struct MethodNotAllowed {
    std::string allow; // value of Allow: sorted, with HEAD beside GET, and OPTIONS
};
using RouteMatch = std::variant<Found, NotFound, MethodNotAllowed>;

/// Which handler a request goes to, by its method and path. Knows no handler, only its number.
///
/// A pattern is a path of segments: "/status/{code}" has a parameter, which is one segment that
/// is not empty; "/anything/{rest...}" ends in one that is everything that follows, its segments
/// joined by "/": perhaps nothing, and then the slash may be missing too. Where several patterns
/// fit, the first segment in which they differ decides: a literal goes before a parameter,
/// a parameter before the rest.
class RouteTable {
public:
    /// `method` "*" is for every one that has no route of its own there. A pattern that is none,
    /// or that is there with this method already, is a mistake of ours: std::logic_error.
    std::size_t add(std::string_view method, std::string_view pattern);

    /// HEAD goes where GET does, unless there is a route for it (RFC 9110 section 9.3.2).
    RouteMatch match(std::string_view method, const Target& target) const;

private:
    struct Segment {
        enum class Kind { literal, parameter, rest } kind; // in the order of precedence
        std::string text;                                  // or the parameter's name
    };
    struct Method {
        std::string name;
        std::size_t index;
    };
    struct Pattern {
        std::vector<Segment> segments;
        std::vector<Method> methods;

        const Method* find(std::string_view method) const;
        bool matches(const Target& target) const;
        std::vector<Parameter> parameters(const Target& target) const;
    };

    static std::vector<Segment> parse(std::string_view pattern);
    static bool goes_before(const Pattern& a, const Pattern& b);

    std::vector<Pattern> patterns_; // the more special ones first
    std::size_t size_ = 0;
};

} // namespace portico::http
