#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace portico::mime {

/// A header field (RFC 5322 section 2.2).
struct Field {
    std::string name;  // as it came; visible ASCII
    std::string value; // unfolded, each fold one blank; not decoded; UTF-8
};

/// The fields in front of `source`, in order, and where the body begins. Ends at an empty line, at
/// a first line that is no field (then there is no header), or where `source` does. A later line
/// that is no field goes on with the field before it. Line ends are CRLF or LF.
struct Header {
    std::vector<Field> fields = {};
    std::size_t body = 0;

    /// The value of the first field of this name in any case, or "".
    std::string_view operator[](std::string_view name) const;
    const Field* find(std::string_view name) const;
};

Header parse_header(std::string_view source);

/// "message-ID" -> "Message-Id": how the API spells names.
std::string canonical_name(std::string_view name);

/// The line at the front of `text` with its end, CRLF or LF, or none at the end of `text`.
std::string_view line_at(std::string_view text, std::size_t offset);
std::string_view without_line_end(std::string_view line);

} // namespace portico::mime
