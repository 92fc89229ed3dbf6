#pragma once

#include "services/http/parse.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portico::http {

/// A request target as handlers see it: names of theirs, where Path has names of files. Its views
/// are into the text it was made of.
struct Target {
    std::string_view path; // as it came, from its "/" on: "/a%2Fb/c"; "" in "http://host"
    /// Of the path, each percent-decoded: "a/b", "c". What ends in "/" has an empty one last, and
    /// "/" and "" nothing but that. "." and ".." are segments like others: no file is behind them.
    std::vector<std::string> segments;
    std::string_view query; // as it came, without its "?"
    std::string_view host;  // host[:port] of an absolute-form, else ""
};

/// Origin-form and absolute-form (RFC 9112 section 3.2). Split at "/" first, then each segment is
/// percent-decoded, once (RFC 3986 section 2.4). Nothing if it is neither, or its path has a bad
/// escape or NUL.
std::optional<Target> parse_target(std::string_view target);

/// What the client calls this host: the host of an absolute-form counts before Host (RFC 9112
/// section 3.2.2). "" of a client of HTTP/1.0 that does not say.
std::string_view authority(const Request& request, const Target& target);

struct NameValue {
    std::string name;
    std::string value;

    bool operator==(const NameValue&) const = default;
};

inline constexpr std::size_t most_names = 1000; // in one query or form

/// A query or a form as application/x-www-form-urlencoded has it (URL Standard, section 5.1): in
/// the order in which they came, repeated names too; "+" is a space, and an escape that is none
/// stays as it is. Nothing if there are more than `most`.
std::optional<std::vector<NameValue>> parse_urlencoded(std::string_view text,
                                                       std::size_t most = most_names);

/// The value of the first of this name.
std::optional<std::string_view> find(const std::vector<NameValue>& pairs, std::string_view name);

} // namespace portico::http
