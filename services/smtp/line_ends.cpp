#include "services/smtp/line_ends.hpp"

#include <cstddef>

namespace portico::smtp {

void LineEnds::read(std::string_view bytes)
{
    if (bare_ || bytes.empty()) return;
    const auto found = [this](char octet, std::size_t at) {
        bare_ = BareLineEnd{octet, octets_ + at + 1};
    };
    std::size_t at = 0;
    if (after_cr_) {
        if (bytes.front() != '\n') {
            bare_ = BareLineEnd{'\r', octets_};
            return;
        }
        at = 1;
    }
    // Line by line: two searches that the machine has instructions for.
    while (at < bytes.size()) {
        const auto lf = bytes.find('\n', at);
        const auto cr = bytes.substr(0, lf).find('\r', at);
        if (cr == bytes.npos && lf == bytes.npos) break;
        if (cr == bytes.npos) return found('\n', lf);
        const auto next = cr + 1;
        if (next == bytes.size()) break;
        if (next != lf) return found('\r', cr);
        at = lf + 1;
    }
    octets_ += bytes.size();
    after_cr_ = bytes.back() == '\r';
}

} // namespace portico::smtp
