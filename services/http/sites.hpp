#pragma once

#include "config/config.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace portico::http {

/// Which site a request is for, by what it calls the host (RFC 9110 section 7.2). Built once; then
/// every call only reads, and takes nothing from the heap but for an IPv6 address.
class Sites {
public:
    /// Of [http] itself, for every name that no [[site]] has. The site at `i` in the
    /// configuration is i + 1.
    static constexpr std::size_t by_default = 0;

    explicit Sites(const std::vector<config::Site>& sites);

    /// `authority` is Host's value or the authority of an absolute-form target: port and a final
    /// dot do not count, nor does case; an IPv6 address stands in brackets, in any spelling. A name
    /// itself goes before "*.domain", and of these the longest.
    std::size_t find(std::string_view authority) const;

    /// The site that has this very name in the configuration (a [[port]]'s `site`); by_default if
    /// none has.
    std::size_t named(std::string_view name) const;

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const
        {
            return std::hash<std::string_view>{}(text);
        }
    };
    using Index = std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>>;

    Index names_;
    Index domains_; // "example.test" for "*.example.test"
};

/// The host of an authority, without port and final dot, as it is written: "[::1]".
std::string_view host_of(std::string_view authority);

} // namespace portico::http
