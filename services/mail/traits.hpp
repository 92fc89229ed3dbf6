#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace portico::mail {

/// What a session has to know of a message before it reads it. Bits, as they are stored.
enum class Trait : std::uint8_t {
    lacks_final_crlf = 1, // not empty, and something else than CR LF is at its end
    utf8_header = 2,      // octets over 127 in the header section
};

/// Learns a message's traits while its octets go by; keeps none of them.
class Traits {
public:
    void add(std::string_view bytes);

    bool lacks_final_crlf() const;
    bool utf8_header() const { return utf8_header_; }

private:
    std::array<char, 2> last_{'\r', '\n'};
    unsigned line_octets_ = 0; // of the header line so far, up to 3
    bool in_header_ = true;
    bool utf8_header_ = false;
};

} // namespace portico::mail
