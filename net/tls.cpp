#include "net/tls.hpp"

#include "net/tls_session.hpp"

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <sys/stat.h>
#include <system_error>
#include <utility>

namespace portico::net {

namespace {

struct FreeContext {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Context = std::unique_ptr<SSL_CTX, FreeContext>;

// RFC 9325 section 4.2: forward secrecy and authenticated encryption, nothing else.
constexpr const char* tls_1_2_ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                        "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                                        "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

// The first on the queue is the cause of the others.
std::string reason()
{
    const auto error = ERR_peek_error();
    if (ERR_SYSTEM_ERROR(error)) return std::system_category().message(ERR_GET_REASON(error));
    const char* text = ERR_reason_error_string(error);
    return text ? text : "OpenSSL does not say why";
}

// A key that needs a passphrase must not make the server ask its terminal.
int no_passphrase(char*, int, int, void*)
{
    return -1;
}

std::expected<void, std::string> load(SSL_CTX* context, const Tls::Files& files)
{
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1)
        return std::unexpected{
            fmt::format("certificate {}: {}", files.certificate.string(), reason())};
    if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
        const auto error = ERR_peek_error();
        const bool other = ERR_GET_LIB(error) == ERR_LIB_X509 &&
                           (ERR_GET_REASON(error) == X509_R_KEY_VALUES_MISMATCH ||
                            ERR_GET_REASON(error) == X509_R_KEY_TYPE_MISMATCH);
        return std::unexpected{other ? fmt::format("key {}: it is not the key of {}",
                                                   files.key.string(), files.certificate.string())
                                     : fmt::format("key {}: {}", files.key.string(), reason())};
    }
    return {};
}

Context make_context(const TlsOptions& options)
{
    Context context{SSL_CTX_new(TLS_server_method())};
    if (!context) return nullptr;
    const int oldest = options.min_version == TlsVersion::v1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
    if (SSL_CTX_set_min_proto_version(context.get(), oldest) != 1 ||
        SSL_CTX_set_cipher_list(context.get(), tls_1_2_ciphers) != 1)
        return nullptr;
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    // An idle session holds no record buffers, and a write may go on from another place.
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // A peer that sends key updates without end must not keep the loop to itself.
    SSL_CTX_clear_mode(context.get(), SSL_MODE_AUTO_RETRY);
    // What resumes a session is in the client's ticket (RFC 5077, RFC 8446 section 4.6.1), so
    // nothing is kept here and nothing is shared between loops.
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context.get(), 1);
    constexpr std::string_view name = "portico";
    SSL_CTX_set_session_id_context(context.get(),
                                   reinterpret_cast<const unsigned char*>(name.data()),
                                   static_cast<unsigned>(name.size()));
    SSL_CTX_set_default_passwd_cb(context.get(), no_passphrase);
    return context;
}

} // namespace

std::string_view to_string(Encryption encryption)
{
    switch (encryption) {
    case Encryption::none: return "none";
    case Encryption::starttls: return "starttls";
    case Encryption::implicit: return "implicit";
    }
    return "";
}

/// What tells a file from what stood in its place before.
struct Tls::Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = -1;
    std::int64_t seconds = 0;
    long nanoseconds = 0;

    explicit Stamp(const std::filesystem::path& path)
    {
        struct stat status {};
        if (::stat(path.c_str(), &status) != 0) return; // not there: a stamp of its own
        device = status.st_dev;
        inode = status.st_ino;
        size = status.st_size;
        seconds = status.st_mtim.tv_sec;
        nanoseconds = status.st_mtim.tv_nsec;
    }
    bool operator==(const Stamp&) const = default;
};

/// One context a certificate. The first one is what a session begins with; its ticket keys are
/// those of all.
struct Tls::Contexts {
    std::vector<Context> all;

    /// The one whose certificate is for `name`, or null. A name that is spelled out goes before a
    /// wildcard; RFC 6125 section 6.4.4: only what stands among the subjectAltNames counts.
    SSL_CTX* find(std::string_view name) const
    {
        constexpr unsigned common = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
        for (const unsigned wildcards :
             {static_cast<unsigned>(X509_CHECK_FLAG_NO_WILDCARDS),
              static_cast<unsigned>(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)})
            for (const auto& context : all)
                if (X509_check_host(SSL_CTX_get0_certificate(context.get()), name.data(),
                                    name.size(), common | wildcards, nullptr) == 1)
                    return context.get();
        return nullptr;
    }
};

Tls::Tls(std::vector<Files> files, TlsOptions options) : files_{std::move(files)}, options_{options}
{
}

Tls::~Tls() = default;

auto Tls::create(std::vector<Files> files, TlsOptions options)
    -> std::expected<std::unique_ptr<Tls>, std::string>
{
    std::unique_ptr<Tls> tls{new Tls{std::move(files), options}};
    if (auto loaded = tls->reload(); !loaded) return std::unexpected{loaded.error()};
    return tls;
}

std::expected<void, std::string> Tls::reload()
{
    auto before = stamps(); // first, so that what changes meanwhile is seen as a change
    auto fresh = std::make_shared<Contexts>();
    std::expected<void, std::string> loaded;
    for (const auto& files : files_) {
        auto context = make_context(options_);
        if (!context) return std::unexpected{"OpenSSL makes no context: " + reason()};
        loaded = load(context.get(), files);
        if (!loaded) break;
        fresh->all.push_back(std::move(context));
    }
    if (files_.empty()) loaded = std::unexpected{std::string{"no certificate"}};
    if (loaded) {
        // RFC 6066 section 3. A name that is not ours is no reason to refuse: the client decides
        // whether the first certificate will do.
        auto choose = [](SSL* ssl, int*, void* contexts) {
            const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
            auto* context = name ? static_cast<const Contexts*>(contexts)->find(name) : nullptr;
            if (!context) return SSL_TLSEXT_ERR_NOACK;
            SSL_set_SSL_CTX(ssl, context);
            return SSL_TLSEXT_ERR_OK;
        };
        auto* first = fresh->all.front().get();
        SSL_CTX_set_tlsext_servername_callback(first,
                                               static_cast<int (*)(SSL*, int*, void*)>(choose));
        SSL_CTX_set_tlsext_servername_arg(first, fresh.get()); // every session holds `fresh`
    }
    const std::scoped_lock lock{mutex_};
    stamps_ = std::move(before);
    if (loaded) contexts_ = std::move(fresh);
    return loaded;
}

auto Tls::stamps() const -> std::vector<Stamp>
{
    std::vector<Stamp> now;
    for (const auto& files : files_) {
        now.emplace_back(files.certificate);
        now.emplace_back(files.key);
    }
    return now;
}

bool Tls::changed() const
{
    const auto now = stamps();
    const std::scoped_lock lock{mutex_};
    return now != stamps_;
}

std::unique_ptr<TlsSession> Tls::session(int socket) const
{
    std::shared_ptr<const Contexts> contexts;
    {
        const std::scoped_lock lock{mutex_};
        contexts = contexts_;
    }
    auto* ssl = SSL_new(contexts->all.front().get());
    if (!ssl) return nullptr;
    auto session = std::make_unique<TlsSession>(std::move(contexts), ssl);
    return SSL_set_fd(ssl, socket) == 1 ? std::move(session) : nullptr;
}

} // namespace portico::net
