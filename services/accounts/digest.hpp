#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

/// The digests that logins need, from OpenSSL's libcrypto. They throw std::runtime_error if it
/// cannot compute one: without memory, or where MD5 is switched off.
namespace portico::accounts {

using Sha256 = std::array<unsigned char, 32>;

Sha256 sha256(std::string_view octets);
Sha256 hmac_sha256(std::string_view key, std::string_view octets);
Sha256 pbkdf2_sha256(std::string_view password, std::string_view salt, unsigned iterations);

std::string md5_hex(std::string_view octets);                            // in lower case
std::string hmac_md5_hex(std::string_view key, std::string_view octets); // in lower case

inline std::string_view view(const Sha256& digest)
{
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// Looks at every octet of `given`, wherever the first difference is.
bool equal_in_constant_time(std::string_view expected, std::string_view given);

void wipe(std::string& secret); // overwrites it, then it is empty
void wipe(Sha256& secret);

/// Wipes what it was given when it goes.
class Wiper {
public:
    explicit Wiper(std::string& secret) : secret_{secret} {}
    ~Wiper() { wipe(secret_); }
    Wiper(const Wiper&) = delete;
    Wiper& operator=(const Wiper&) = delete;

private:
    std::string& secret_;
};

} // namespace portico::accounts
