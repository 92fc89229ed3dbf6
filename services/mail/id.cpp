#include "services/mail/id.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>

namespace portico::mail {

namespace {
constexpr std::string_view digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t length = 22; // 62^22 is just over 2^128
} // namespace

std::string new_id()
{
    unsigned __int128 number = 0;
    // Up to 256 bytes getrandom neither fails nor comes back short once the pool is seeded.
    if (getrandom(&number, sizeof number, 0) != sizeof number)
        throw std::runtime_error("the system has no random numbers (getrandom)");
    std::string id(length, '0');
    for (auto& digit : id) {
        digit = digits[static_cast<std::size_t>(number % digits.size())];
        number /= digits.size();
    }
    return id;
}

bool is_id(std::string_view text)
{
    return text.size() == length && text.find_first_not_of(digits) == std::string_view::npos;
}

} // namespace portico::mail
