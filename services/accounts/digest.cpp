#include "services/accounts/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdexcept>

namespace portico::accounts {

namespace {

const unsigned char* octets_of(std::string_view text)
{
    // HMAC() takes a null key for "the one of last time".
    return reinterpret_cast<const unsigned char*>(text.empty() ? "" : text.data());
}

void require(bool done)
{
    if (!done) throw std::runtime_error{"libcrypto cannot compute a digest"};
}

template <std::size_t size>
std::array<unsigned char, size> digest(const EVP_MD* kind, std::string_view octets)
{
    std::array<unsigned char, size> result{};
    unsigned length = 0;
    require(EVP_Digest(octets.data(), octets.size(), result.data(), &length, kind, nullptr) == 1 &&
            length == size);
    return result;
}

template <std::size_t size>
std::array<unsigned char, size> hmac(const EVP_MD* kind, std::string_view key,
                                     std::string_view octets)
{
    std::array<unsigned char, size> result{};
    unsigned length = 0;
    require(HMAC(kind, octets_of(key), static_cast<int>(key.size()), octets_of(octets),
                 octets.size(), result.data(), &length) != nullptr &&
            length == size);
    return result;
}

std::string hexadecimal(const std::array<unsigned char, 16>& octets)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (unsigned octet : octets) {
        text += digits[octet >> 4];
        text += digits[octet & 15];
    }
    return text;
}

} // namespace

Sha256 sha256(std::string_view octets)
{
    return digest<32>(EVP_sha256(), octets);
}

Sha256 hmac_sha256(std::string_view key, std::string_view octets)
{
    return hmac<32>(EVP_sha256(), key, octets);
}

Sha256 pbkdf2_sha256(std::string_view password, std::string_view salt, unsigned iterations)
{
    Sha256 result{};
    require(PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), octets_of(salt),
                              static_cast<int>(salt.size()), static_cast<int>(iterations),
                              EVP_sha256(), static_cast<int>(result.size()), result.data()) == 1);
    return result;
}

std::string md5_hex(std::string_view octets)
{
    return hexadecimal(digest<16>(EVP_md5(), octets));
}

std::string hmac_md5_hex(std::string_view key, std::string_view octets)
{
    return hexadecimal(hmac<16>(EVP_md5(), key, octets));
}

bool equal_in_constant_time(std::string_view expected, std::string_view given)
{
    unsigned difference = expected.size() != given.size();
    for (std::size_t i = 0; i < given.size(); ++i) {
        char other = expected.empty() ? '\0' : expected[i % expected.size()];
        difference |= static_cast<unsigned char>(given[i] ^ other);
    }
    return difference == 0;
}

void wipe(std::string& secret)
{
    // A short one lies in the string itself, a longer one may have shrunk.
    secret.resize(secret.capacity());
    OPENSSL_cleanse(secret.data(), secret.size());
    secret.clear();
}

void wipe(Sha256& secret)
{
    OPENSSL_cleanse(secret.data(), secret.size());
}

} // namespace portico::accounts
