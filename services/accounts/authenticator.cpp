#include "services/accounts/authenticator.hpp"

#include <crypt.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

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

bool equal_without_case(std::string_view left, std::string_view right)
{
    // Not std::tolower: names do not change with the locale.
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::ranges::equal(left, right, {}, lower, lower);
}

/// Looks at every octet of `given`, wherever the first difference is.
bool equal_in_constant_time(std::string_view expected, std::string_view given)
{
    unsigned difference = expected.size() != given.size();
    for (std::size_t i = 0; i < given.size(); ++i) {
        char other = expected.empty() ? '\0' : expected[i % expected.size()];
        difference |= static_cast<unsigned char>(given[i] ^ other);
    }
    return difference == 0;
}

/// Whether `password` has this crypt(3) hash; takes as long as the hash is made to take.
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

const config::Account* find(const std::vector<config::Account>& accounts, std::string_view user)
{
    auto named = [&](const config::Account& account) {
        return equal_without_case(account.name, user);
    };
    auto addressed = [&](const config::Account& account) {
        return std::ranges::any_of(account.addresses, [&](const std::string& address) {
            return !address.starts_with('*') && equal_without_case(address, user);
        });
    };
    auto found = std::ranges::find_if(accounts, named);
    if (found == accounts.end()) found = std::ranges::find_if(accounts, addressed);
    return found == accounts.end() ? nullptr : &*found;
}

} // namespace

Authenticator::Authenticator(const config::Auth& auth, std::vector<config::Account> accounts,
                             const Directory& directory, net::Pool& pool)
    : mode_{auth.mode}, accounts_{std::move(accounts)}, directory_{directory}, pool_{pool}
{
    auto hashed = std::ranges::find_if(
        accounts_, [](const config::Account& account) { return !account.password.empty(); });
    if (hashed != accounts_.end()) dummy_ = hashed->password;
}

net::Task<std::expected<std::string, AuthError>> Authenticator::login(std::string user,
                                                                      std::string password)
{
    auto name = user;
    if (mode_ == config::Auth::Mode::listed) {
        auto* account = find(accounts_, user);
        // Who has no hash gets the work of one (any account's, so it costs the same), so that
        // the time does not tell which names exist. Where nobody has one there is none to do.
        bool hashed = account && !account->password.empty();
        std::expected<bool, AuthError> right = false;
        if (auto& hash = hashed ? account->password : dummy_; !hash.empty())
            right = co_await pool_.run([&hash, &password] { return matches(hash, password); });
        if (!right) co_return std::unexpected(right.error());
        if (!hashed) {
            auto secret = account ? std::string_view{account->secret} : std::string_view{};
            right = equal_in_constant_time(secret, password) && !secret.empty();
        }
        if (!*right) co_return std::unexpected(AuthError::wrong);
        name = account->name;
    }
    auto mailbox = directory_.mailbox_of_login(name);
    if (!mailbox) co_return std::unexpected(AuthError::wrong);
    co_return std::move(*mailbox);
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
