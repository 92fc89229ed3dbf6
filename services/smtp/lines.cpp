#include "services/smtp/lines.hpp"

#include <algorithm>

namespace portico::smtp {

std::optional<Lines::Line> Lines::take(std::string_view& input)
{
    if (octets_ == 0) partial_.clear(); // of the line handed out last
    auto lf = input.find('\n');
    while (lf != input.npos && !(lf > 0 ? input[lf - 1] == '\r' : ends_in_cr_))
        lf = input.find('\n', lf + 1);
    if (lf == input.npos) {
        keep(input);
        input = {};
        return {};
    }
    const auto bytes = input.substr(0, lf + 1);
    input.remove_prefix(bytes.size());
    if (octets_ == 0) return Line{bytes.substr(0, bytes.size() - 2), bytes.size()};
    keep(bytes);
    const auto octets = octets_;
    octets_ = 0;
    ends_in_cr_ = false;
    std::string_view text = partial_;
    if (octets == text.size()) text.remove_suffix(2);
    return Line{text, octets};
}

void Lines::keep(std::string_view bytes)
{
    if (bytes.empty()) return;
    octets_ += bytes.size();
    ends_in_cr_ = bytes.back() == '\r';
    partial_ += bytes.substr(0, kept_ - std::min(kept_, partial_.size()));
}

} // namespace portico::smtp
