#include "net/tls_session.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <sys/socket.h>
#include <system_error>
#include <utility>

namespace portico::net {

namespace {

// What comes in records of at least this much is likely to go on.
constexpr std::size_t bulk = 1024;

// OpenSSL's reason, and in our own words what it mostly means.
std::string_view meaning(int reason)
{
    switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG: return "the client spoke no TLS";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW: return "the client's TLS is too old";
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_GROUPS: return "nothing sound that both sides can do";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED: return "the client does not trust our certificate";
    default: return "";
    }
}

std::string words_for(unsigned long error)
{
    const int reason = ERR_GET_REASON(error);
    if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return "the client left";
    const char* text = ERR_reason_error_string(error);
    std::string words = text ? text : "OpenSSL's error " + std::to_string(error);
    if (const auto hint = meaning(reason); ERR_GET_LIB(error) == ERR_LIB_SSL && !hint.empty())
        words.append(": ").append(hint);
    return words;
}

bool is_empty(int socket)
{
    char octet;
    return ::recv(socket, &octet, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

} // namespace

void TlsSession::Free::operator()(ssl_st* ssl) const
{
    SSL_free(ssl);
}

TlsSession::TlsSession(std::shared_ptr<const void> contexts, ssl_st* ssl)
    : contexts_{std::move(contexts)}, ssl_{ssl}
{
}

TlsSession::~TlsSession() = default;

Need TlsSession::after(int result)
{
    const int system_error = errno;
    switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
        drained_ = system_error == EAGAIN || is_empty(SSL_get_fd(ssl_.get()));
        return Need::read;
    case SSL_ERROR_WANT_WRITE: return Need::write;
    case SSL_ERROR_ZERO_RETURN: // close_notify: it may still read what we have to say
        ended_ = true;
        return Need::end;
    case SSL_ERROR_SYSCALL:
        why_ = system_error == 0 || system_error == ECONNRESET || system_error == EPIPE
                   ? "the client left"
                   : std::system_category().message(system_error);
        break;
    default: why_ = words_for(ERR_peek_error()); // the first is the cause of those behind it
    }
    cut();
    return Need::end;
}

Need TlsSession::handshake()
{
    if (broken_) return Need::end;
    ERR_clear_error();
    errno = 0;
    if (const int result = SSL_accept(ssl_.get()); result != 1) return after(result);
    const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    info_ = std::make_unique<TlsInfo>(TlsInfo{.version = SSL_get_version(ssl_.get()),
                                              .cipher = SSL_get_cipher_name(ssl_.get()),
                                              .server_name = name ? name : "",
                                              .resumed = SSL_session_reused(ssl_.get()) == 1});
    return Need::nothing;
}

Progress TlsSession::read(char* buffer, std::size_t size)
{
    std::size_t filled = 0;
    std::size_t got = 0;
    do { // a record at a time
        if (ended_) return {filled, Need::end};
        ERR_clear_error();
        errno = 0;
        const int result = SSL_read_ex(ssl_.get(), buffer + filled, size - filled, &got);
        if (result != 1) return {filled, after(result)};
        filled += got;
    } while (got >= bulk && filled < size);
    return {filled, Need::nothing};
}

Progress TlsSession::write(std::string_view bytes)
{
    if (broken_) return {0, Need::end};
    ERR_clear_error();
    errno = 0;
    std::size_t put = 0;
    const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &put);
    return result == 1 ? Progress{put, Need::nothing} : Progress{0, after(result)};
}

Need TlsSession::close()
{
    if (broken_ || !info_) return Need::nothing;
    ERR_clear_error();
    errno = 0;
    // 0: ours is sent; the peer's we do not wait for.
    const int result = SSL_shutdown(ssl_.get());
    return result >= 0 ? Need::nothing : after(result);
}

std::string TlsSession::exporter() const
{
    if (!info_ || broken_) return "";
    // RFC 9266 section 4.2: in TLS 1.2 only the extended master secret makes it unique.
    if (SSL_version(ssl_.get()) < TLS1_3_VERSION && SSL_get_extms_support(ssl_.get()) != 1)
        return "";
    // RFC 9266 section 2: the context is a string of length zero, which in TLS 1.2 is not the same
    // as none (RFC 5705 section 4); GnuTLS does so, too.
    constexpr std::string_view label = "EXPORTER-Channel-Binding";
    std::string material(32, '\0');
    ERR_clear_error();
    const int result = SSL_export_keying_material(
        ssl_.get(), reinterpret_cast<unsigned char*>(material.data()), material.size(),
        label.data(), label.size(), reinterpret_cast<const unsigned char*>(""), 0, 1);
    return result == 1 ? material : "";
}

} // namespace portico::net
