#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

struct XXH3_state_s; // libxxhash's

namespace portico::mail {

/// The checksum that a message is stored with: XXH3, 64 bits. It finds what a disk did to octets,
/// not what an attacker does. Takes the octets as they come, cut anywhere, and keeps none of them.
class Checksum {
public:
    Checksum();

    void add(std::string_view bytes);
    /// Of all octets so far.
    std::uint64_t value() const;

private:
    struct Free {
        void operator()(XXH3_state_s* state) const;
    };

    std::unique_ptr<XXH3_state_s, Free> state_;
};

} // namespace portico::mail
