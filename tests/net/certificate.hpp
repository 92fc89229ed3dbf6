#pragma once

#include "net/tls.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <unistd.h>

namespace portico::tests {

/// A folder that goes with this object.
class Folder {
public:
    Folder()
    {
        std::string name = std::filesystem::temp_directory_path() / "portico-test-XXXXXX";
        path = ::mkdtemp(name.data());
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }

    std::filesystem::path path;
};

/// Writes a self-signed certificate for `names` ("DNS:a.example,DNS:*.b.example"), whose common
/// name is `name`, and its key into `folder`.
inline net::Tls::Files make_certificate(const std::filesystem::path& folder,
                                        const std::string& name, const std::string& names)
{
    net::Tls::Files files{folder / (name + ".pem"), folder / (name + ".key")};
    auto* key = EVP_EC_gen("P-256");
    auto* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86'400);
    X509_set_pubkey(certificate, key);
    auto* subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(certificate, key, EVP_sha256());
    // By rename, as who renews certificates should do it.
    auto write = [](const std::filesystem::path& path, auto content) {
        const auto unfinished = path.string() + ".new";
        auto* file = std::fopen(unfinished.c_str(), "w");
        content(file);
        std::fclose(file);
        std::filesystem::rename(unfinished, path);
    };
    write(files.certificate, [&](std::FILE* file) { PEM_write_X509(file, certificate); });
    write(files.key, [&](std::FILE* file) {
        PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
    X509_free(certificate);
    EVP_PKEY_free(key);
    return files;
}

} // namespace portico::tests
