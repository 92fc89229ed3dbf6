#include "services/smtp/lines.hpp"

#include <algorithm>
#include <utility>

namespace portico::smtp {

std::optional<Lines::Line> Lines::take(std::string_view& input, std::size_t kept)
{
    if (octets_ == 0) partial_.clear(); // of the line handed out last
    auto lf = input.find('\n');
    while (lf != input.npos && !(lf > 0 ? input[lf - 1] == '\r' : ends_in_cr_))
        lf = input.find('\n', lf + 1);
    if (lf == input.npos) {
        keep(input, kept);
        input = {};
        return {};
    }
    const auto bytes = input.substr(0, lf + 1);
    input.remove_prefix(bytes.size());
    line_ends_.read(bytes);
    const auto bare = std::exchange(line_ends_, {}).bare();
    if (octets_ == 0) return Line{bytes.substr(0, bytes.size() - 2), bytes.size(), bare};
    octets_ += bytes.size();
    partial_ += bytes.substr(0, kept - std::min(kept, partial_.size()));
    const auto octets = std::exchange(octets_, 0);
    ends_in_cr_ = false;
    std::string_view text = partial_;
    if (octets == text.size()) text.remove_suffix(2);
    return Line{text, octets, bare};
}

void Lines::keep(std::string_view bytes, std::size_t kept)
{
    if (bytes.empty()) return;
    line_ends_.read(bytes);
    octets_ += bytes.size();
    ends_in_cr_ = bytes.back() == '\r';
    partial_ += bytes.substr(0, kept - std::min(kept, partial_.size()));
}

} // namespace portico::smtp
