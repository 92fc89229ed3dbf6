#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

/// Integers as the catalog's files have them: little-endian, whatever the machine.
namespace portico::catalog {

template <class Integer>
void put(std::string& octets, Integer value)
{
    auto bits = static_cast<std::make_unsigned_t<Integer>>(value);
    for (std::size_t i = 0; i < sizeof(Integer); ++i)
        octets += static_cast<char>(bits >> (8 * i) & 0xff);
}

/// `octets` has enough of them from `offset` on.
template <class Integer>
Integer get(std::string_view octets, std::size_t offset)
{
    std::make_unsigned_t<Integer> bits = 0;
    for (std::size_t i = 0; i < sizeof(Integer); ++i)
        bits |= static_cast<std::make_unsigned_t<Integer>>(
            static_cast<std::make_unsigned_t<Integer>>(
                static_cast<unsigned char>(octets[offset + i]))
            << (8 * i));
    return static_cast<Integer>(bits);
}

} // namespace portico::catalog
