#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace portico::smtp {

/// Measures the text lines of a message as it passes, cut anywhere (RFC 5321 section 4.5.3.1.6).
/// Holds nothing of them.
class TextLines {
public:
    /// `most`: octets of a line, with its CR LF and without a dot that transparency added.
    explicit TextLines(std::uint64_t most) : most_{most} {}

    void read(std::string_view bytes);

    /// The first line that is longer, from 1.
    std::optional<std::uint64_t> too_long() const { return too_long_; }

private:
    void count(std::uint64_t octets);

    std::uint64_t most_;
    std::uint64_t octets_ = 0; // of the line so far
    std::uint64_t line_ = 1;
    std::optional<std::uint64_t> too_long_;
};

} // namespace portico::smtp
