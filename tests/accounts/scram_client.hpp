#pragma once

#include "services/accounts/base64.hpp"
#include "services/accounts/scram.hpp"

#include <charconv>
#include <string>
#include <string_view>

namespace portico::tests {

/// The client's side of SCRAM-SHA-256, RFC 5802 section 3.
struct ScramClient {
    std::string gs2_header; // "n,,"
    std::string bare;       // "n=user,r=nonce"
    std::string password;
    std::string channel_data; // with -PLUS
    std::string auth_message;
    accounts::Sha256 salted_password{};

    std::string first() const { return gs2_header + bare; }

    std::string final(std::string_view server_first)
    {
        const auto salt_at = server_first.find(",s=");
        const auto count_at = server_first.find(",i=");
        const auto nonce = server_first.substr(0, salt_at);
        const auto salt = server_first.substr(salt_at + 3, count_at - salt_at - 3);
        unsigned count = 0;
        std::from_chars(server_first.data() + count_at + 3,
                        server_first.data() + server_first.size(), count);
        salted_password =
            accounts::pbkdf2_sha256(password, accounts::from_base64(salt).value_or(""), count);
        auto without_proof =
            "c=" + accounts::base64(gs2_header + channel_data) + "," + std::string{nonce};
        return proven(without_proof, server_first);
    }

    /// A last message of one's own choice with the proof that fits.
    std::string proven(const std::string& without_proof, std::string_view server_first)
    {
        auth_message = bare + "," + std::string{server_first} + "," + without_proof;
        auto key = accounts::hmac_sha256(accounts::view(salted_password), "Client Key");
        const auto signature = accounts::hmac_sha256(
            accounts::view(accounts::sha256(accounts::view(key))), auth_message);
        for (std::size_t i = 0; i < key.size(); ++i) key[i] ^= signature[i];
        return without_proof + ",p=" + accounts::base64(accounts::view(key));
    }

    /// What the server must say in the end.
    std::string server_final() const
    {
        const auto key = accounts::hmac_sha256(accounts::view(salted_password), "Server Key");
        return "v=" + accounts::base64(
                          accounts::view(accounts::hmac_sha256(accounts::view(key), auth_message)));
    }
};

} // namespace portico::tests
