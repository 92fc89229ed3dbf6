#include "services/accounts/password.hpp"

#include "services/accounts/digest.hpp"

#include <crypt.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace portico::accounts {

namespace {

/// Where crypt(3) works; leaves nothing of the password behind.
struct CryptData {
    crypt_data data{};

    CryptData() = default;
    ~CryptData() { explicit_bzero(&data, sizeof data); }
    CryptData(const CryptData&) = delete;
    CryptData& operator=(const CryptData&) = delete;
};

} // namespace

std::expected<bool, AuthError> matches(const std::string& hash, const std::string& password)
{
    // crypt() would stop at a NUL and take "right\0anything".
    bool whole = password.find('\0') == std::string::npos;
    auto work = std::make_unique<CryptData>();
    errno = 0;
    const char* made = crypt_r(password.c_str(), hash.c_str(), &work->data);
    if (!made || made[0] == '*') { // "*0", "*1": the hash is none, or the password too long
        if (errno == ENOMEM) return std::unexpected(AuthError::failing);
        return false;
    }
    return equal_in_constant_time(hash, made) && whole;
}

std::string hash_password(const std::string& password)
{
    // yescrypt, with libcrypt's own idea of how much work is enough.
    std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
    if (!crypt_gensalt_rn("$y$", 0, nullptr, 0, setting.data(), setting.size()))
        throw std::runtime_error(std::string{"no salt for a password hash: "} +
                                 std::strerror(errno));
    if (password.find('\0') != std::string::npos)
        throw std::invalid_argument("a password cannot hold a NUL octet");
    auto work = std::make_unique<CryptData>();
    const char* hash = crypt_r(password.c_str(), setting.data(), &work->data);
    if (!hash || hash[0] == '*')
        throw std::invalid_argument(std::string{"the password cannot be hashed: "} +
                                    std::strerror(errno));
    return hash;
}

} // namespace portico::accounts
