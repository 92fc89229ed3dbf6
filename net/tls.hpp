#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace portico::net {

class TlsSession;

/// How a port comes to TLS.
enum class Encryption : std::uint8_t {
    none,     // never
    starttls, // in clear until the client asks for it (STARTTLS, STLS)
    implicit, // from the first octet
};

std::string_view to_string(Encryption encryption); // "none", "starttls", "implicit"

enum class TlsVersion : std::uint8_t { v1_2, v1_3 };

struct TlsOptions {
    TlsVersion min_version = TlsVersion::v1_2;
    std::chrono::milliseconds handshake_timeout{30'000}; // of the whole, in however many pieces
};

/// What was agreed upon in a handshake.
struct TlsInfo {
    std::string version;     // "TLSv1.3"
    std::string cipher;      // "TLS_AES_256_GCM_SHA384"
    std::string server_name; // what the client called us (SNI, RFC 6066 section 3), or ""
    bool resumed;
};

/// The certificates of this host and what it agrees to in a handshake; all listeners share one.
/// Safe from every thread. Outlives the server.
class Tls {
public:
    /// Both PEM: the host's certificate with those that lead to its authority, and its key.
    struct Files {
        std::filesystem::path certificate;
        std::filesystem::path key;
    };

    /// The first certificate is for clients that name no host, or one that none is for. The error
    /// is a sentence that names the file.
    static std::expected<std::unique_ptr<Tls>, std::string> create(std::vector<Files> files,
                                                                   TlsOptions options);
    ~Tls();
    Tls(const Tls&) = delete;
    Tls& operator=(const Tls&) = delete;

    /// Reads the files anew: all of them, or it keeps what it has. Live sessions keep theirs. The
    /// keys of session tickets are new too, so what was agreed before is not resumed.
    std::expected<void, std::string> reload();

    /// Whether the files are others than those last read, well or badly. Asks the disk.
    bool changed() const;

    const TlsOptions& options() const { return options_; }

private:
    friend class Connection;
    struct Contexts;
    struct Stamp;

    Tls(std::vector<Files> files, TlsOptions options);
    std::vector<Stamp> stamps() const;
    /// The server's side over a non-blocking socket, which outlives it. Null: no memory.
    std::unique_ptr<TlsSession> session(int socket) const;

    const std::vector<Files> files_;
    const TlsOptions options_;
    mutable std::mutex mutex_;
    std::shared_ptr<const Contexts> contexts_;
    std::vector<Stamp> stamps_; // of the files, when they were last read
};

/// What a listener does about TLS.
struct ListenTls {
    Encryption encryption = Encryption::none;
    const Tls* tls = nullptr; // not null if there is any
};

} // namespace portico::net
