#pragma once

#include "services/smtp/line_ends.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace portico::smtp {

/// Cuts what the client said into lines. Only CR LF ends one (RFC 5321 section 2.3.8); remembers
/// no more of a line than it is told to keep, however long it is.
class Lines {
public:
    struct Line {
        std::string_view text; // without CR LF; cut short if the line is over `kept` octets
        std::uint64_t octets;  // of the whole line, with CR LF
        std::optional<BareLineEnd> bare;
    };

    /// The next line, taken off `input`; nothing if it does not end there. The line is valid
    /// until the next call and as long as what `input` views. `kept` only changes between lines.
    std::optional<Line> take(std::string_view& input, std::size_t kept);

private:
    void keep(std::string_view bytes, std::size_t kept);

    std::string partial_; // of a line that came in more than one piece
    std::uint64_t octets_ = 0;
    bool ends_in_cr_ = false;
    LineEnds line_ends_;
};

} // namespace portico::smtp
