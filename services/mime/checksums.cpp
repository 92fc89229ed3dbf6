#include "services/mime/checksums.hpp"

#include <openssl/evp.h>

#include <array>

namespace portico::mime {

namespace {

std::string digest(std::string_view octets, const EVP_MD* kind)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> value{};
    unsigned size = 0;
    if (EVP_Digest(octets.data(), octets.size(), value.data(), &size, kind, nullptr) != 1)
        return {};
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
        text += digits[value[i] >> 4u];
        text += digits[value[i] & 15u];
    }
    return text;
}

} // namespace

Checksums checksums(std::string_view octets)
{
    return {digest(octets, EVP_md5()), digest(octets, EVP_sha1()), digest(octets, EVP_sha256())};
}

} // namespace portico::mime
