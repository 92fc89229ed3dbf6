#include "services/host/authority.hpp"
#include "services/host/certificate_watch.hpp"
#include "services/host/x509.hpp"
#include "tests/net/certificate.hpp"
#include "tests/net/log.hpp"

#include <gtest/gtest.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <fstream>
#include <sstream>
#include <thread>

namespace portico::host {
namespace {

namespace fs = std::filesystem;
constexpr std::time_t day = 86'400;

std::string content(const fs::path& file)
{
    std::ostringstream text;
    text << std::ifstream{file}.rdbuf();
    return text.str();
}

void put(const fs::path& file, const std::string& text)
{
    std::ofstream{file} << text;
}

struct TestAuthority : testing::Test {
    Authority open(const std::string& name = "mx.example.test")
    {
        auto opened = Authority::open(folder.path, name, now);
        if (!opened) throw std::runtime_error(opened.error());
        return *opened;
    }
    fs::path host(const std::vector<std::string>& names = {})
    {
        auto file = open().certificate_for(names, now);
        if (!file) throw std::runtime_error(file.error());
        return *file;
    }
    std::string error(const std::vector<std::string>& names = {})
    {
        auto opened = Authority::open(folder.path, "mx.example.test", now);
        if (!opened) return opened.error();
        auto file = opened->certificate_for(names, now);
        return file ? "none" : file.error();
    }
    fs::path file(const char* name) const { return folder.path / "tls" / name; }
    std::string naming(const char* name) const { return "test authority, " + file(name).string(); }

    tests::Folder folder;
    std::time_t now = std::time(nullptr);
};

/// As a client would check it, that trusts this authority only.
bool is_trusted(const Authority& authority, const fs::path& file, const std::string& name)
{
    const auto root = certificate_from(authority.certificate());
    const auto leaf = certificate_from(content(file));
    auto* store = X509_STORE_new();
    X509_STORE_add_cert(store, root.get());
    auto* context = X509_STORE_CTX_new();
    X509_STORE_CTX_init(context, store, leaf.get(), nullptr);
    auto* parameters = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
    if (X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) != 1)
        X509_VERIFY_PARAM_set1_host(parameters, name.c_str(), name.size());
    const bool trusted = X509_verify_cert(context) == 1;
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return trusted;
}

TEST_F(TestAuthority, SignsForTheHostsNames)
{
    const auto authority = open();
    const auto made = host({"Mail.Example.test", "192.0.2.7", "2001:db8::7"});
    for (const char* name : {"mx.example.test", "localhost", "127.0.0.1", "::1",
                             "mail.example.test", "192.0.2.7", "2001:db8::7"})
        EXPECT_TRUE(is_trusted(authority, made, name)) << name;
    for (const char* name : {"example.test", "192.0.2.8", "portico test authority"})
        EXPECT_FALSE(is_trusted(authority, made, name)) << name;
}

TEST_F(TestAuthority, IsAnAuthorityForHostsOnlyAndSaysWhoseItIs)
{
    const auto root = certificate_from(open().certificate());
    EXPECT_EQ(X509_check_ca(root.get()), 1);
    EXPECT_EQ(X509_get_pathlen(root.get()), 0);
    EXPECT_EQ(X509_get_key_usage(root.get()), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    EXPECT_TRUE(X509_get_extension_flags(root.get()) & EXFLAG_SS);
    char name[100] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(root.get()), NID_commonName, name, 100);
    EXPECT_STREQ(name, "portico test authority, mx.example.test");
    const auto leaf = certificate_from(content(host()));
    EXPECT_EQ(X509_check_ca(leaf.get()), 0);
    EXPECT_EQ(X509_get_extended_key_usage(leaf.get()), unsigned{XKU_SSL_SERVER});
    EXPECT_TRUE(lasts_until(leaf, now + 390 * day));
    EXPECT_FALSE(lasts_until(leaf, now + 397 * day));
    EXPECT_TRUE(lasts_until(root, now + 3650 * day));
}

TEST_F(TestAuthority, ALongHostNameIsNoTrouble)
{
    const std::string name = std::string(60, 'a') + "." + std::string(60, 'b') + ".example";
    const auto authority = open(name);
    auto made = authority.certificate_for({}, now);
    ASSERT_TRUE(made) << made.error();
    EXPECT_TRUE(is_trusted(authority, *made, name));
}

TEST_F(TestAuthority, KeepsItsKeysForItself)
{
    host();
    EXPECT_EQ(fs::status(file("")).permissions(), fs::perms::owner_all);
    for (const char* name : {"ca.key", "host.pem"})
        EXPECT_EQ(fs::status(file(name)).permissions(),
                  fs::perms::owner_read | fs::perms::owner_write)
            << name;
    std::size_t files = 0;
    for (const auto& entry : fs::directory_iterator{file("")}) {
        EXPECT_NE(entry.path().filename(), "");
        ++files;
    }
    EXPECT_EQ(files, 3U); // nothing half made is left
}

TEST_F(TestAuthority, IsMadeOnce)
{
    host();
    const auto authority = content(file("ca.pem"));
    const auto key = content(file("ca.key"));
    const auto signed_once = content(file("host.pem"));
    now += 300 * day;
    host();
    EXPECT_EQ(content(file("ca.pem")), authority);
    EXPECT_EQ(content(file("ca.key")), key);
    EXPECT_EQ(content(file("host.pem")), signed_once);
}

TEST_F(TestAuthority, RenewsWhatRunsOutSoon)
{
    const auto before = content(host());
    now += 370 * day;
    EXPECT_NE(content(host()), before);
    EXPECT_TRUE(lasts_until(certificate_from(content(file("host.pem"))), now + 390 * day));
}

TEST_F(TestAuthority, AHostsCertificateEndsWithItsAuthority)
{
    const auto authority = open();
    now += 3600 * day;
    const auto leaf = certificate_from(content(host()));
    EXPECT_FALSE(lasts_until(leaf, now + 60 * day));
    now += 60 * day;
    EXPECT_EQ(error(), naming("ca.pem") +
                           ": it has run out; without this file and ca.key a new one is made");
}

TEST_F(TestAuthority, OtherNamesNeedAnotherCertificate)
{
    const auto before = content(host());
    EXPECT_EQ(content(host({"LOCALHOST"})), before); // it has that one
    const auto with_more = content(host({"mail.example.test"}));
    EXPECT_NE(with_more, before);
    EXPECT_EQ(content(host({"mail.example.test"})), with_more);
    EXPECT_NE(content(host()), with_more);
}

TEST_F(TestAuthority, ANewAuthorityNeedsAnotherCertificate)
{
    const auto before = content(host());
    fs::remove(file("ca.pem"));
    fs::remove(file("ca.key"));
    EXPECT_NE(content(host()), before);
    EXPECT_TRUE(is_trusted(open(), file("host.pem"), "localhost"));
}

TEST_F(TestAuthority, GoesOnWhereItWasInterrupted)
{
    open();
    const auto key = content(file("ca.key"));
    fs::remove(file("ca.pem")); // as a crash between the two would leave it
    EXPECT_TRUE(is_trusted(open(), host(), "localhost"));
    EXPECT_EQ(content(file("ca.key")), key);
}

TEST_F(TestAuthority, DamagedFilesAreNamedAndKept)
{
    host();
    const auto good_key = content(file("ca.key"));
    const auto good = content(file("ca.pem"));
    put(file("ca.pem"), "no PEM\n");
    EXPECT_EQ(error(), naming("ca.pem") + ": no certificate is in it");
    put(file("ca.pem"), "");
    EXPECT_EQ(error(), naming("ca.pem") + ": it is empty");
    put(file("ca.pem"), good);
    put(file("host.pem"), "no PEM\n");
    EXPECT_TRUE(error().starts_with(naming("host.pem") + ": it does not hold")) << error();
    EXPECT_EQ(content(file("host.pem")), "no PEM\n");
    fs::remove(file("host.pem"));
    put(file("ca.key"), to_pem(make_key()));
    EXPECT_EQ(error(), naming("ca.key") + ": it is not the key of ca.pem");
    put(file("ca.key"), "no PEM\n");
    EXPECT_EQ(error(), naming("ca.key") + ": it is not the key of ca.pem");
    fs::remove(file("ca.key"));
    EXPECT_TRUE(error().starts_with(naming("ca.key") + ": there is none")) << error();
    put(file("ca.key"), good_key);
    EXPECT_EQ(error(), "none");
}

TEST_F(TestAuthority, WhatCannotBeAFolderIsNamed)
{
    put(folder.path / "tls", "in the way");
    EXPECT_TRUE(error().starts_with("test authority, " + (folder.path / "tls").string()))
        << error();
}

TEST(CertificateWatch, ReadsWhatHasChangedAndSaysOnceWhatIsWrong)
{
    using namespace std::chrono_literals;
    const tests::Folder folder;
    tests::KeptLog log;
    const auto files = tests::make_certificate(folder.path, "host", "DNS:host.example");
    auto tls = net::Tls::create({files}, {});
    ASSERT_TRUE(tls);
    CertificateWatch watch{**tls, log, 1ms};
    const auto renewed = tests::make_certificate(folder.path, "renewed", "DNS:host.example");
    fs::rename(renewed.certificate, files.certificate);
    EXPECT_TRUE(log.says("TLS goes on as it was: key " + files.key.string()));
    fs::rename(renewed.key, files.key);
    EXPECT_TRUE(log.says("TLS: the certificates are read again"));
    EXPECT_EQ(log.count("TLS goes on as it was"), 1U);
}

TEST(CertificateWatch, ReadsWhenAsked)
{
    const tests::Folder folder;
    tests::KeptLog log;
    auto tls =
        net::Tls::create({tests::make_certificate(folder.path, "host", "DNS:a.example")}, {});
    ASSERT_TRUE(tls);
    CertificateWatch watch{**tls, log, std::chrono::hours{1}};
    watch.read_again();
    EXPECT_TRUE(log.says("TLS: the certificates are read again"));
}

} // namespace
} // namespace portico::host
