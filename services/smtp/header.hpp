#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace portico::smtp {

/// Reads along the header section of a message (RFC 5322 section 2.1) as it passes, cut anywhere.
/// The section ends at an empty line, or where a line is neither a field nor its continuation:
/// such a message has no empty line, or no header section at all. A bare LF ends a line here, so
/// that with `strict = false` a header is known for one all the same.
class HeaderSection {
public:
    struct Extent {
        std::size_t inside; // so many octets of what was read belong to the section for certain;
        bool ended;         // what follows does not if it ended, and is undecided if not
    };
    Extent read(std::string_view bytes);

    std::uint32_t received() const { return received_; } // fields of that name
    bool has_date() const { return has_date_; }
    bool has_message_id() const { return has_message_id_; }
    bool has_fields() const { return has_fields_; }
    bool ended() const { return state_ == State::ended; }
    bool ended_by_empty_line() const { return empty_line_; }

private:
    enum class State : std::uint8_t { line_start, cr, name, after_name, rest, ended };

    State step(char octet);
    State end_of_name();

    State state_ = State::line_start;
    std::string name_;          // of the field, as far as it can be one we know
    std::size_t undecided_ = 0; // octets of a line that may be a field
    std::uint32_t received_ = 0;
    bool has_date_ = false;
    bool has_message_id_ = false;
    bool has_fields_ = false;
    bool empty_line_ = false;
};

} // namespace portico::smtp
