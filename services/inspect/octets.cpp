#include "services/inspect/octets.hpp"

namespace portico::inspect {

std::string Octets::take(std::size_t count)
{
    std::string octets;
    octets.reserve(count);
    while (octets.size() < count) {
        if (left_ == 0) {
            word_ = random_();
            left_ = sizeof word_;
        }
        octets += static_cast<char>(word_ & 0xff);
        word_ >>= 8;
        --left_;
    }
    return octets;
}

} // namespace portico::inspect
