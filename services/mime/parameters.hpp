#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace portico::mime {

struct Parameter {
    std::string name;  // in lower case
    std::string value; // decoded, UTF-8
};

/// The value of Content-Type or Content-Disposition (RFC 2045 section 5.1, RFC 2183).
struct Parametrized {
    std::string value; // "text/plain", "attachment": in lower case
    std::vector<Parameter> parameters = {};

    /// The first of that name, or "".
    std::string_view operator[](std::string_view name) const;
};

/// Takes what mailers write: values with blanks and no quotes, words of RFC 2047 where RFC 2231 has
/// its own way (which is decoded, whatever the order of its pieces), missing and doubled ";".
Parametrized parse_parametrized(std::string_view text);

} // namespace portico::mime
