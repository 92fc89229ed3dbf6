#include "services/smtp/text_lines.hpp"

namespace portico::smtp {

void TextLines::read(std::string_view bytes)
{
    while (!bytes.empty() && !too_long_) {
        const auto lf = bytes.find('\n');
        if (lf == bytes.npos) return count(bytes.size());
        count(lf + 1);
        bytes.remove_prefix(lf + 1);
        octets_ = 0;
        ++line_;
    }
}

void TextLines::count(std::uint64_t octets)
{
    octets_ += octets;
    if (octets_ > most_ && !too_long_) too_long_ = line_;
}

} // namespace portico::smtp
