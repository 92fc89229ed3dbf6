#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace portico::smtp {

/// Cuts what the client said into command lines. Only CR LF ends one (RFC 5321 section 2.3.8);
/// remembers no more of a line than `kept` octets, however long it is.
class Lines {
public:
    explicit Lines(std::size_t kept) : kept_{kept} {}

    struct Line {
        std::string_view text; // without CR LF; cut short if the line is over `kept` octets
        std::uint64_t octets;  // of the whole line, with CR LF
    };

    /// The next line, taken off `input`; nothing if it does not end there. The line is valid
    /// until the next call and as long as what `input` views.
    std::optional<Line> take(std::string_view& input);

private:
    void keep(std::string_view bytes);

    std::size_t kept_;
    std::string partial_; // of a line that came in more than one piece
    std::uint64_t octets_ = 0;
    bool ends_in_cr_ = false;
};

} // namespace portico::smtp
