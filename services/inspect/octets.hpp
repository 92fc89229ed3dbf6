#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace portico::inspect {

/// Octets that look random and are the same for the same seed, in whatever pieces they are taken.
class Octets {
public:
    explicit Octets(std::uint64_t seed) : random_{seed} {}

    std::string take(std::size_t count);

private:
    std::mt19937_64 random_; // the same on every machine
    std::uint64_t word_ = 0;
    unsigned left_ = 0; // octets of it
};

} // namespace portico::inspect
