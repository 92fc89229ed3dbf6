#include "services/mail/id.hpp"

#include <algorithm>
#include <stdexcept>
#include <sys/random.h>

namespace portico::mail {

namespace {

using Number = unsigned __int128;

constexpr std::string_view digits =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t length = 22; // 62^22 is just over 2^128

} // namespace

IdBits random_bits()
{
    IdBits bits{};
    // Up to 256 bytes getrandom neither fails nor comes back short once the pool is seeded.
    if (getrandom(&bits, sizeof bits, 0) != sizeof bits)
        throw std::runtime_error("the system has no random numbers (getrandom)");
    return bits;
}

std::string new_id()
{
    return encode_id(random_bits());
}

bool is_id(std::string_view text)
{
    return text.size() == length && text.find_first_not_of(digits) == std::string_view::npos;
}

std::string encode_id(IdBits bits)
{
    Number number = Number{bits.high} << 64 | bits.low;
    std::string id(length, '0');
    for (auto& digit : id) {
        digit = digits[static_cast<std::size_t>(number % digits.size())];
        number /= digits.size();
    }
    return id;
}

std::optional<IdBits> decode_id(std::string_view id)
{
    if (!is_id(id)) return std::nullopt;
    Number number = 0; // the first character is the lowest digit
    for (auto character = id.rbegin(); character != id.rend(); ++character) {
        auto digit = Number{digits.find(*character)};
        if (number > (~Number{0} - digit) / digits.size()) return std::nullopt;
        number = number * digits.size() + digit;
    }
    return IdBits{static_cast<std::uint64_t>(number >> 64), static_cast<std::uint64_t>(number)};
}

} // namespace portico::mail
