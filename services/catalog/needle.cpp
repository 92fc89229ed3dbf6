#include "services/catalog/needle.hpp"

#include <cstdint>
#include <cstring>

namespace portico::catalog {

namespace {

using Octets = std::int8_t __attribute__((vector_size(16)));

Octets load(const char* from)
{
    Octets octets;
    std::memcpy(&octets, from, sizeof octets);
    return octets;
}

bool any(Octets mask)
{
    std::uint64_t halves[2];
    std::memcpy(halves, &mask, sizeof halves);
    return (halves[0] | halves[1]) != 0;
}

/// How seldom an octet is in mail, as far as that can be said of all mail.
std::size_t rarity(char c)
{
    constexpr std::string_view most_common_first = " etaoinsrhldcumpfgwyb.v-/k01:2=xj3qz";
    const auto place = most_common_first.find(c);
    if (place != most_common_first.npos) return place;
    // In a text that is not English every character may have the same first octet or two.
    return static_cast<unsigned char>(c) >= 0xC0   ? 1
           : static_cast<unsigned char>(c) >= 0x80 ? 8
                                                   : 40;
}

} // namespace

Needle::Needle(std::string text) : text_{std::move(text)}
{
    for (std::size_t i = 1; i < text_.size(); ++i)
        if (rarity(text_[i]) > rarity(text_[rarest_])) rarest_ = i;
    second_ = rarest_ == 0 ? text_.size() - 1 : 0;
    for (std::size_t i = 0; i < text_.size(); ++i)
        if (i != rarest_ && rarity(text_[i]) > rarity(text_[second_])) second_ = i;
}

bool Needle::is_at(const char* place) const
{
    return std::memcmp(place, text_.data(), text_.size()) == 0;
}

std::size_t Needle::find(std::string_view octets, std::size_t from) const
{
    if (text_.size() == 1) return octets.find(text_.front(), from);
    if (octets.size() < text_.size() || from > octets.size() - text_.size()) return npos;
    const char* place = octets.data() + from;
    const char* const end = octets.data() + octets.size() - text_.size() + 1; // of places
    const Octets first = Octets{} + static_cast<std::int8_t>(text_[rarest_]);
    const Octets second = Octets{} + static_cast<std::int8_t>(text_[second_]);
    const auto both = [&](const char* at) {
        return (load(at + rarest_) == first) & (load(at + second_) == second);
    };
    for (; end - place >= 32; place += 32) {
        const Octets low = both(place), high = both(place + 16);
        if (!any(low | high)) continue;
        for (std::size_t i = 0; i < 32; ++i)
            if ((i < 16 ? low[i] : high[i - 16]) != 0 && is_at(place + i))
                return static_cast<std::size_t>(place - octets.data()) + i;
    }
    for (; place < end; ++place)
        if (place[rarest_] == text_[rarest_] && is_at(place))
            return static_cast<std::size_t>(place - octets.data());
    return npos;
}

} // namespace portico::catalog
