#pragma once

#include "net/tls.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

struct ssl_st;

namespace portico::net {

/// What has to come before a stream goes on.
enum class Need : std::uint8_t {
    nothing,
    read,  // the socket must be readable
    write, // the socket must be writable
    end,   // nothing will come any more
};

struct Progress {
    std::size_t octets; // not 0: all is well
    Need need;
};

/// The server's side of TLS on one socket (RFC 8446, RFC 5246). Never waits: it says what it needs.
/// Knows no loop.
class TlsSession {
public:
    /// `contexts` is what `ssl` was made of and may look at.
    TlsSession(std::shared_ptr<const void> contexts, ssl_st* ssl);
    ~TlsSession();
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;

    Need handshake();
    Progress read(char* buffer, std::size_t size);
    Progress write(std::string_view bytes);
    /// Says close_notify, unless it makes no sense any more.
    Need close();

    /// Nothing can follow on this stream: a record or the handshake was left in the middle.
    void cut() { broken_ = ended_ = true; }

    /// Whether the last call that needs to read has found the socket empty. OpenSSL may want to be
    /// called again before that.
    bool drained() const { return drained_; }

    /// Null until the handshake is done.
    const TlsInfo* info() const { return info_.get(); }
    /// RFC 9266 tls-exporter; "" where it would not be unique to this session.
    std::string exporter() const;
    /// After Need::end: why, in words; "" if the peer has said that it is done.
    const std::string& why() const { return why_; }

private:
    Need after(int result);

    struct Free {
        void operator()(ssl_st* ssl) const;
    };
    std::shared_ptr<const void> contexts_; // until after ssl_
    std::unique_ptr<ssl_st, Free> ssl_;
    std::unique_ptr<TlsInfo> info_;
    std::string why_;
    bool ended_ = false;  // nothing comes any more
    bool broken_ = false; // and nothing may go
    bool drained_ = false;
};

} // namespace portico::net
