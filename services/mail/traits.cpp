#include "services/mail/traits.hpp"

#include <algorithm>

namespace portico::mail {

void Traits::add(std::string_view bytes)
{
    for (std::size_t at = 0; in_header_ && at != bytes.size(); ++at) {
        const auto octet = bytes[at];
        const auto before = at == 0 ? last_[1] : bytes[at - 1];
        utf8_header_ |= static_cast<unsigned char>(octet) > 127;
        line_octets_ = std::min(line_octets_ + 1, 3U);
        if (octet != '\n' || before != '\r') continue;
        in_header_ = line_octets_ != 2; // a line of CR LF alone ends it (RFC 5322 section 2.1)
        line_octets_ = 0;
    }
    if (bytes.size() > 1)
        last_ = {bytes[bytes.size() - 2], bytes.back()};
    else if (bytes.size() == 1)
        last_ = {last_[1], bytes.front()};
}

bool Traits::lacks_final_crlf() const
{
    return last_ != std::array{'\r', '\n'};
}

} // namespace portico::mail
