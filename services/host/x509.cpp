#include "services/host/x509.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <stdexcept>

namespace portico::host {

namespace {

constexpr std::time_t hour = 3600;
constexpr std::time_t day = 24 * hour;
constexpr std::time_t clocks_differ = hour; // a certificate begins so long before it is made
constexpr std::time_t authority_lasts = 3653 * day; // ten years
// Some clients take none that is for longer than 398 days.
constexpr std::time_t host_lasts = 397 * day - clocks_differ;

// Only memory or OpenSSL's own state can make these fail.
void must(bool done)
{
    if (done) return;
    const char* why = ERR_reason_error_string(ERR_peek_error());
    throw std::runtime_error(std::string{"OpenSSL: "} + (why ? why : "no reason given"));
}

struct FreeNames {
    void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
    void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeNames>;

Bio reader_of(std::string_view pem)
{
    Bio bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
    must(bio != nullptr);
    return bio;
}

template <class Write>
std::string written(Write write)
{
    const Bio bio{BIO_new(BIO_s_mem())};
    must(bio != nullptr);
    must(write(bio.get()) == 1);
    char* text = nullptr;
    const auto length = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(length)};
}

// RFC 5280 section 4.2.1.6.
std::unique_ptr<GENERAL_NAMES, FreeNames> to_general_names(const std::vector<std::string>& names)
{
    std::unique_ptr<GENERAL_NAMES, FreeNames> all{GENERAL_NAMES_new()};
    for (const auto& name : names) {
        auto* general = GENERAL_NAME_new();
        must(general != nullptr && sk_GENERAL_NAME_push(all.get(), general) > 0);
        if (auto* address = a2i_IPADDRESS(name.c_str())) {
            GENERAL_NAME_set0_value(general, GEN_IPADD, address);
        } else {
            auto* text = ASN1_IA5STRING_new();
            must(text != nullptr);
            GENERAL_NAME_set0_value(general, GEN_DNS, text);
            must(ASN1_STRING_set(text, name.data(), static_cast<int>(name.size())) == 1);
        }
    }
    return all;
}

void add(X509* certificate, X509V3_CTX& context, int extension, const char* value)
{
    auto* made = X509V3_EXT_conf_nid(nullptr, &context, extension, value);
    must(made != nullptr);
    const int added = X509_add_ext(certificate, made, -1);
    X509_EXTENSION_free(made);
    must(added == 1);
}

Certificate begin(const Key& key, const std::string& common_name, std::time_t now,
                  std::time_t lasts)
{
    Certificate certificate{X509_new()};
    must(certificate != nullptr);
    // RFC 5280 section 4.1.2.2: at most 20 octets, positive; from a CSPRNG, so never twice.
    std::array<unsigned char, 16> serial{};
    must(RAND_bytes(serial.data(), serial.size()) == 1);
    serial[0] = static_cast<unsigned char>((serial[0] & 0x7f) | 0x40);
    auto* number = BN_bin2bn(serial.data(), serial.size(), nullptr);
    must(number != nullptr);
    const bool numbered =
        BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.get())) != nullptr;
    BN_free(number);
    must(numbered);
    must(X509_set_version(certificate.get(), X509_VERSION_3) == 1);
    must(ASN1_TIME_set(X509_getm_notBefore(certificate.get()), now - clocks_differ) != nullptr);
    must(ASN1_TIME_set(X509_getm_notAfter(certificate.get()), now + lasts) != nullptr);
    must(X509_set_pubkey(certificate.get(), key.get()) == 1);
    // RFC 5280 appendix A.1: a common name has at most 64 characters.
    const auto name = common_name.substr(0, 64);
    must(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(name.data()),
                                    static_cast<int>(name.size()), -1, 0) == 1);
    return certificate;
}

} // namespace

void FreeX509::operator()(evp_pkey_st* key) const
{
    EVP_PKEY_free(key);
}
void FreeX509::operator()(x509_st* certificate) const
{
    X509_free(certificate);
}

Key make_key()
{
    Key key{EVP_EC_gen("P-256")};
    must(key != nullptr);
    return key;
}

Key key_from(std::string_view pem)
{
    return Key{PEM_read_bio_PrivateKey(reader_of(pem).get(), nullptr, nullptr, nullptr)};
}

Certificate certificate_from(std::string_view pem)
{
    return Certificate{PEM_read_bio_X509(reader_of(pem).get(), nullptr, nullptr, nullptr)};
}

std::string to_pem(const Key& key)
{
    return written([&](BIO* bio) {
        return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
}

std::string to_pem(const Certificate& certificate)
{
    return written([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
}

Certificate make_authority(const Key& key, const std::string& common_name, std::time_t now)
{
    auto made = begin(key, common_name, now, authority_lasts);
    must(X509_set_issuer_name(made.get(), X509_get_subject_name(made.get())) == 1);
    X509V3_CTX context;
    X509V3_set_ctx(&context, made.get(), made.get(), nullptr, nullptr, 0);
    add(made.get(), context, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add(made.get(), context, NID_key_usage, "critical,keyCertSign,cRLSign");
    add(made.get(), context, NID_subject_key_identifier, "hash");
    must(X509_sign(made.get(), key.get(), EVP_sha256()) != 0);
    return made;
}

Certificate make_host(const Key& key, const std::string& common_name,
                      const std::vector<std::string>& names, const Key& authority_key,
                      const Certificate& authority, std::time_t now)
{
    auto made = begin(key, common_name, now, host_lasts);
    if (!lasts_until(authority, now + host_lasts))
        must(X509_set1_notAfter(made.get(), X509_get0_notAfter(authority.get())) == 1);
    must(X509_set_issuer_name(made.get(), X509_get_subject_name(authority.get())) == 1);
    X509V3_CTX context;
    X509V3_set_ctx(&context, authority.get(), made.get(), nullptr, nullptr, 0);
    add(made.get(), context, NID_basic_constraints, "critical,CA:FALSE");
    add(made.get(), context, NID_key_usage, "critical,digitalSignature");
    add(made.get(), context, NID_ext_key_usage, "serverAuth");
    add(made.get(), context, NID_subject_key_identifier, "hash");
    add(made.get(), context, NID_authority_key_identifier, "keyid:always");
    must(X509_add1_ext_i2d(made.get(), NID_subject_alt_name, to_general_names(names).get(), 0,
                           X509V3_ADD_DEFAULT) == 1);
    must(X509_sign(made.get(), authority_key.get(), EVP_sha256()) != 0);
    return made;
}

bool belongs_to(const Certificate& certificate, const Key& key)
{
    return X509_check_private_key(certificate.get(), key.get()) == 1;
}

bool is_signed_by(const Certificate& certificate, const Certificate& authority)
{
    return X509_check_issued(authority.get(), certificate.get()) == X509_V_OK &&
           X509_verify(certificate.get(), X509_get0_pubkey(authority.get())) == 1;
}

bool is_for(const Certificate& certificate, const std::vector<std::string>& names)
{
    const std::unique_ptr<GENERAL_NAMES, FreeNames> its{static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr))};
    const auto wanted = to_general_names(names);
    if (!its || sk_GENERAL_NAME_num(its.get()) != sk_GENERAL_NAME_num(wanted.get())) return false;
    for (int i = 0; i < sk_GENERAL_NAME_num(its.get()); ++i)
        if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(its.get(), i),
                             sk_GENERAL_NAME_value(wanted.get(), i)) != 0)
            return false;
    return true;
}

bool lasts_until(const Certificate& certificate, std::time_t time)
{
    return X509_cmp_time(X509_get0_notAfter(certificate.get()), &time) > 0;
}

} // namespace portico::host
