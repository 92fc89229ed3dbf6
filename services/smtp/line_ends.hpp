#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace portico::smtp {

/// A CR or LF outside the pair CR LF, which alone ends a line (RFC 5321 section 2.3.8).
struct BareLineEnd {
    char octet;
    std::uint64_t at; // of what was read, from 1

    std::string_view name() const { return octet == '\r' ? "<CR>" : "<LF>"; }
    bool operator==(const BareLineEnd&) const = default;
};

/// Looks for the first bare CR or LF in what passes, cut anywhere.
class LineEnds {
public:
    void read(std::string_view bytes);
    const std::optional<BareLineEnd>& bare() const { return bare_; }

private:
    std::uint64_t octets_ = 0;
    bool after_cr_ = false;
    std::optional<BareLineEnd> bare_;
};

} // namespace portico::smtp
