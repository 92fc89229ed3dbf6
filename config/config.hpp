#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

/// What the operator can set, with its default. Plain data: load.hpp fills it from TOML, and
/// config/portico.toml explains every key. Sizes are octets, times are milliseconds.
namespace portico::config {

using namespace std::chrono_literals;
using Duration = std::chrono::milliseconds;

struct Host {
    std::string name = "localhost";                  // in greetings and trace fields
    std::filesystem::path data = "/var/lib/portico"; // mail, control socket, lock
    unsigned threads = 0;                            // event loops; 0: one per core
    Duration grace = 8s;                             // how long a stop waits for transactions
    std::uint32_t max_connections = 0;               // 0: the file limit less a reserve
    std::uint32_t max_connections_per_peer = 0;      // 0: no limit
    bool require_all_ports = false;                  // a port that cannot be had ends the start
    std::filesystem::path port_file;                 // "" : none

    bool operator==(const Host&) const = default;
};

struct Log {
    enum class Format : std::uint8_t { text, json };
    enum class Level : std::uint8_t { debug, info, warn, error };
    Format format = Format::text;
    Level level = Level::info;
    std::filesystem::path file; // "": standard error

    bool operator==(const Log&) const = default;
};

struct Mail {
    enum class Accept : std::uint8_t { any, listed };
    enum class Durability : std::uint8_t { full, relaxed };
    Accept accept = Accept::any;
    std::uint64_t max_message_size = 50 << 20;
    std::uint64_t inline_bytes = 64 << 10;     // larger messages go to files
    std::uint64_t queue_bytes = 64 << 20;      // drafts and deliveries in memory; past it, files
    std::uint64_t read_ahead_bytes = 16 << 20; // small messages in memory before they are asked for
    Durability durability = Durability::full;
    // Limits of what is stored; 0: none.
    std::uint64_t max_messages = 0;
    std::uint64_t max_bytes = 0;
    std::uint64_t max_mailbox_messages = 0;
    std::uint64_t max_mailbox_bytes = 0;
    Duration max_age{0};
    enum class WhenFull : std::uint8_t { refuse, expire };
    WhenFull when_full = WhenFull::refuse;

    bool operator==(const Mail&) const = default;
};

struct Auth {
    enum class Mode : std::uint8_t { any, listed };
    Mode mode = Mode::any;
    // Passwords in clear over a connection in clear; without a value: Config::plaintext_allowed().
    std::optional<bool> allow_plaintext = {};
    Duration failure_delay_max = 5s;            // before the answer to a login that failed
    bool delay_loopback = false;                // peers on this machine wait, too
    std::uint32_t failures_per_session = 10;    // then the session ends
    std::uint32_t password_cache_size = 10'000; // accounts whose password was right; 0: none
    Duration password_cache_time = 5min;        // from the last time it was compared by its hash

    bool operator==(const Auth&) const = default;
};

struct Account {
    std::string name;
    std::vector<std::string> addresses; // exact, or "*@domain"
    std::string password;               // a crypt(3) hash
    std::string secret;                 // clear text
    int line = 0;                       // in the file, for messages about it

    bool operator==(const Account&) const = default;
};

struct Tls {
    enum class Version : std::uint8_t { tls_1_2, tls_1_3 };
    Version min_version = Version::tls_1_2;
    Duration handshake_timeout = 30s; // for the whole of it
    std::vector<std::string> names;   // in the test authority's certificate, beside the host's own

    bool operator==(const Tls&) const = default;
};

/// A certificate with its chain and its key, in PEM. The first is for clients that name no host,
/// or one that none of them is for.
struct Certificate {
    std::filesystem::path certificate;
    std::filesystem::path key;
    int line = 0; // in the file, for messages about it

    bool operator==(const Certificate&) const = default;
};

struct Smtp {
    static constexpr std::string_view service = "smtp"; // as [[port]] names it

    enum class Auth : std::uint8_t { offered, required, off };
    Auth auth = Auth::offered;        // required: RFC 6409, submission
    bool strict = true;               // a bare CR or LF in DATA is refused
    std::uint32_t max_received = 100; // header fields, then it is a loop: RFC 5321 section 6.3
    std::uint64_t max_text_line = std::uint64_t{1} << 40; // octets of a line in DATA
    std::uint32_t max_recipients = 1000; // at least 100: RFC 5321 section 4.5.3.1.8
    std::uint32_t max_errors = 100;      // in one session, then 421
    Duration command_timeout = 5min;     // RFC 5321 section 4.5.3.2.7
    Duration data_timeout = 3min;        // section 4.5.3.2.5: between two pieces of a message
    Duration write_timeout = 5min;       // the client takes no reply

    bool operator==(const Smtp&) const = default;
};

struct Pop3 {
    static constexpr std::string_view service = "pop3"; // as [[port]] names it

    Duration idle_timeout = 10min; // at least 10 minutes: RFC 1939 section 3
    Duration write_timeout = 5min;
    std::uint32_t max_errors = 100; // in one session, then it ends

    bool operator==(const Pop3&) const = default;
};

/// What every port that speaks HTTP has: limits on its connections, and its access log.
struct HttpConnection {
    enum class LogFormat : std::uint8_t { combined, json };

    std::uint32_t max_request_line = 8 << 10;
    std::uint32_t max_header_bytes = 32 << 10;
    std::uint32_t max_headers = 100;
    std::uint64_t max_body = 1 << 20;     // past it 413
    std::uint32_t max_requests = 100'000; // on one connection
    Duration header_timeout = 30s;        // from a request's first byte to its head's end: 408
    Duration body_timeout = 10min;        // from there to the body's end: 408
    Duration keep_alive_timeout = 75s;    // between two requests
    Duration write_timeout = 60s;         // the client takes nothing
    std::filesystem::path access_log;     // "": none
    LogFormat access_log_format = LogFormat::combined;
    std::uint64_t access_log_buffer = 1 << 20; // lines that wait to be written; past it, dropped

    bool operator==(const HttpConnection&) const = default;
};

/// What files that match get as their Cache-Control.
struct CacheRule {
    std::string pattern; // "*.css", "/assets/**"
    std::string value;   // "max-age=3600"

    bool operator==(const CacheRule&) const = default;
};

/// How files are served, and which: [http] has it for every name that no [[site]] has.
struct Site {
    /// Links in the root that are followed: to what is beneath it too, none, all.
    enum class Symlinks : std::uint8_t { inside, refuse, follow };

    std::vector<std::string> names;     // in lower case; "*.example.test": all in that domain
    std::filesystem::path root;         // "": the built-in welcome page; not in a [[site]]
    bool listing = false;               // of folders without index.html
    std::uint32_t max_listing = 10'000; // names in one
    Symlinks symlinks = Symlinks::inside;
    bool gzip = true;                      // what has no precompressed sibling
    std::vector<CacheRule> cache_control;  // the first that matches
    bool redirect_to_https = false;        // of requests that come in clear
    std::uint16_t https_port = 443;        // where to
    std::string strict_transport_security; // over TLS; "": none
    int line = 0;                          // in the file, for messages about it

    bool operator==(const Site&) const = default;
};

struct Http : HttpConnection, Site {
    static constexpr std::string_view service = "http"; // as [[port]] names it

    std::uint64_t cache_bytes = 64 << 20; // small files in memory; 0: none

    bool operator==(const Http&) const = default;
};

struct Inspect : HttpConnection {
    static constexpr std::string_view service = "inspect"; // as [[port]] names it

    Duration max_delay = 10s;            // of /delay/{s}
    std::uint64_t max_bytes = 100 << 10; // of /bytes/{n}
    std::uint32_t max_lines = 100;       // of /stream/{n}

    bool operator==(const Inspect&) const = default;
};

struct Console : HttpConnection {
    static constexpr std::string_view service = "console"; // as [[port]] names it

    bool open = false;               // whoever reaches it may use it, from other machines too
    std::string password_hash;       // a crypt(3) hash, for HTTP's Basic scheme with any user name
    std::vector<std::string> tokens; // for its Bearer scheme
    std::vector<std::string> logins; // for Basic: "ana:HASH" as above, or "ana:PASSWORD" in clear
    std::vector<std::string>
        hosts; // more names it is called by; "*.example.test": all in that domain
    std::vector<std::string> cors; // other origins whose pages may ask, see is_origin(); "*": all
    std::string webroot;           // what every path begins with: "", "/mail"
    std::string label;             // what people call this one
    std::uint64_t work_bytes = 256 << 20;  // of messages and requests in memory at once: 503
    std::uint64_t search_text = 256 << 10; // of a message that plain terms of a search look at
    std::uint32_t max_waiters = 10'000;    // requests that wait for mail at once; more get 503

    Console() { max_body = 80 << 20; } // a message of 50 MiB in base64, in JSON

    bool operator==(const Console&) const = default;
    /// Whether only who proves it may use it.
    bool asks() const
    {
        return !open && (!password_hash.empty() || !tokens.empty() || !logins.empty());
    }
};

/// The options of every service: what a [[port]] starts from, and what one [[port]] has.
using Services = std::tuple<Http, Smtp, Pop3, Inspect, Console>;
using Options = std::variant<Http, Smtp, Pop3, Inspect, Console>;

/// When a port's connections become TLS: never, when the client asks (STARTTLS, STLS), at once.
enum class PortTls : std::uint8_t { none, starttls, implicit };

/// A [[port]]: which service waits where, with that service's options as they hold here.
struct Port {
    std::uint16_t port = 0; // 0: "auto", a free one above 1024
    std::vector<std::string> bind = {"127.0.0.1", "::1"};
    PortTls tls = PortTls::none;
    bool require_tls = false; // nothing of worth is said before STARTTLS
    std::string site;         // the name of the one [[site]] that HTTP serves here; "": by Host
    Options options;
    int line = 0; // of the [[port]] in the file; 0 for a default port

    std::string_view service() const; // the name of whose options it has
};

struct Config {
    std::filesystem::path file; // "": no file, the sandbox
    Host host;
    Log log;
    Mail mail;
    Auth auth;
    Tls tls;
    std::vector<Certificate> certificates; // none: the test authority's
    std::vector<Account> accounts;
    std::vector<Site> sites;
    Services services;
    std::vector<Port> ports; // if the file names none: 80, 25 and 110

    /// Nobody but this machine can reach any port.
    bool loopback_only() const;
    /// Whether passwords may be sent over connections that are not TLS: as [auth] allow_plaintext
    /// says, else only where nobody but this machine could listen.
    bool plaintext_allowed() const { return auth.allow_plaintext.value_or(loopback_only()); }
    /// Whether any port needs a certificate.
    bool uses_tls() const;
    /// "portico.toml:12", or "the default configuration".
    std::string origin(int line) const;
};

/// The configuration that holds without a file: loopback only, any recipient, any login.
Config sandbox();

} // namespace portico::config
