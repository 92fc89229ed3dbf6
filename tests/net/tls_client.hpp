#pragma once

#include "tests/net/client.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

namespace portico::tests {

struct FreeSession {
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using Session = std::unique_ptr<SSL_SESSION, FreeSession>;

struct TlsClientOptions {
    int version = 0;              // the only one, TLS1_2_VERSION; 0: any
    std::string server_name = {}; // SNI
    SSL_SESSION* resume = nullptr;
    std::size_t piece = 0;         // sends so many octets at a time; 0: all at once
    const char* ciphers = nullptr; // of TLS 1.2
    std::uint64_t options = 0;
};

/// TLS over a Client, which stands before it and may be used in clear first. Trusts everyone.
class TlsClient {
public:
    TlsClient(Client& wire, TlsClientOptions options = {}) : wire_{wire}, piece_{options.piece}
    {
        context_ = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_security_level(context_, 0); // the server must refuse what is old, not we
        SSL_CTX_set_min_proto_version(context_, options.version);
        SSL_CTX_set_max_proto_version(context_, options.version);
        SSL_CTX_set_options(context_, options.options);
        if (options.ciphers) SSL_CTX_set_cipher_list(context_, options.ciphers);
        ssl_ = SSL_new(context_);
        in_ = BIO_new(BIO_s_mem());
        out_ = BIO_new(BIO_s_mem());
        BIO_set_mem_eof_return(in_, -1);
        SSL_set_bio(ssl_, in_, out_);
        if (!options.server_name.empty())
            SSL_set_tlsext_host_name(ssl_, options.server_name.c_str());
        if (options.resume) SSL_set_session(ssl_, options.resume);
    }
    TlsClient(const TlsClient&) = delete;
    TlsClient& operator=(const TlsClient&) = delete;
    ~TlsClient()
    {
        SSL_free(ssl_);
        SSL_CTX_free(context_);
    }

    bool shake_hands()
    {
        return run([this] { return SSL_connect(ssl_); }) == 1;
    }

    bool send(std::string_view bytes)
    {
        return bytes.empty() ||
               run([this, bytes] {
                   return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
               }) > 0;
    }

    /// Exactly `octets`, fewer if the server ends first.
    std::string receive(std::size_t octets)
    {
        std::string got;
        while (got.size() < octets) {
            char buffer[4096];
            const int most = static_cast<int>(std::min(sizeof buffer, octets - got.size()));
            const int count = run([&] { return SSL_read(ssl_, buffer, most); });
            if (count <= 0) break;
            got.append(buffer, static_cast<std::size_t>(count));
        }
        return got;
    }
    std::string rest() { return receive(std::string::npos); }
    std::string line()
    {
        std::string got;
        while (!got.ends_with('\n')) {
            const auto octet = receive(1);
            if (octet.empty()) break;
            got += octet;
        }
        return got;
    }

    /// The server has said close_notify.
    bool ended_cleanly() const { return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0; }
    void close_notify()
    {
        SSL_shutdown(ssl_);
        flush();
    }
    void update_keys()
    {
        SSL_key_update(ssl_, SSL_KEY_UPDATE_REQUESTED);
        run([this] { return SSL_do_handshake(ssl_); });
    }
    int renegotiate()
    {
        SSL_renegotiate(ssl_);
        return run([this] { return SSL_do_handshake(ssl_); });
    }

    std::string version() const { return SSL_get_version(ssl_); }
    bool resumed() const { return SSL_session_reused(ssl_) == 1; }
    /// Once something was received, since tickets of TLS 1.3 come after the handshake.
    Session session() const { return Session{SSL_get1_session(ssl_)}; }

    /// The common name of the server's certificate.
    std::string certificate() const
    {
        char name[100] = "";
        X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get0_peer_certificate(ssl_)),
                                  NID_commonName, name, sizeof name);
        return name;
    }
    std::string exporter() const
    {
        std::string material(32, '\0');
        SSL_export_keying_material(ssl_, reinterpret_cast<unsigned char*>(material.data()), 32,
                                   "EXPORTER-Channel-Binding", 24,
                                   reinterpret_cast<const unsigned char*>(""), 0, 1);
        return material;
    }

private:
    template <class Operation>
    int run(Operation operation)
    {
        for (;;) {
            ERR_clear_error();
            const int result = operation();
            const int error = SSL_get_error(ssl_, result);
            flush();
            if (result > 0 || error != SSL_ERROR_WANT_READ) return result;
            const auto bytes = wire_.some();
            if (bytes.empty()) return 0;
            BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
        }
    }
    void flush()
    {
        char buffer[4096];
        for (int count = 0; (count = BIO_read(out_, buffer, sizeof buffer)) > 0;) {
            const std::string_view all{buffer, static_cast<std::size_t>(count)};
            const auto step = piece_ ? piece_ : all.size();
            for (std::size_t at = 0; at < all.size(); at += step) wire_.send(all.substr(at, step));
        }
    }

    Client& wire_;
    std::size_t piece_;
    SSL_CTX* context_;
    SSL* ssl_;
    BIO* in_;
    BIO* out_;
};

} // namespace portico::tests
