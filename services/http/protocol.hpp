#pragma once

#include "config/config.hpp"
#include "net/transcript.hpp"
#include "services/http/conditional.hpp"
#include "services/http/multipart.hpp"
#include "services/http/negotiate.hpp"
#include "services/http/parse.hpp"
#include "services/http/path.hpp"
#include "services/http/range.hpp"
#include "services/http/reply.hpp"

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace portico::http {

/// What a wait is for; each has its own deadline.
enum class Awaited : std::uint8_t {
    request, // the first byte of the next one: keep_alive_timeout
    head,    // the rest of a head: header_timeout from the first wait to the head's end
    body,    // more of a body: header_timeout for each piece
};

struct Read { // wants feed() or interrupted()
    Awaited awaited;
};
struct Write {
    std::string bytes;
};
struct Open {          // wants opened(); after not_found perhaps again, for another coding's file
    std::string file;  // relative to the root, never empty: "docs/index.html"
    bool with_content; // false: HEAD, only size and time are asked for
};
struct Send { // the opened file's octets; several, with Writes between them, if it is multipart
    std::uint64_t offset;
    std::uint64_t length;
};
struct Welcome {                // the page about this host: wants welcome()
    std::string_view authority; // as the client calls this host (host[:port]), or ""
};
struct Close {
    std::string_view why; // the client's mistake, or "" if all was in order
};
using Step = std::variant<Read, Write, Open, Send, Welcome, Close>;

/// A regular file that is open.
struct File {
    std::uint64_t size = 0;
    std::chrono::sys_seconds modified{};
    std::uint32_t nanoseconds = 0; // of `modified`, past the second
    std::uint64_t inode = 0;
};

enum class FileError : std::uint8_t {
    not_found, // or no regular file, or beyond the root
    is_folder,
    forbidden, // the system does not let us read it
    failing,   // the disk, or no more file descriptors; may pass
};

enum class Interruption : std::uint8_t {
    idle,     // the deadline of the last Read is over
    stopping, // the server stops
};

/// One HTTP connection (RFC 9112): request after request, answers in their order. Knows no
/// socket, no file, no clock and no thread.
class Protocol {
public:
    /// `options` outlives the protocol; only whether its root is empty matters here. So does
    /// `authority`, a certificate in PEM that stands beside the welcome page, or "".
    Protocol(const config::Http& options, std::string_view authority, net::Trace trace);
    Protocol(const Protocol&) = delete; // the request's views may lie in the parser
    Protocol& operator=(const Protocol&) = delete;

    /// What the client said, cut anywhere; stays valid until next() answers Read or Close.
    void feed(std::string_view bytes) { input_ = bytes; }
    void opened(std::expected<File, FileError> outcome);
    void welcome(std::string_view html);
    void interrupted(Interruption why);

    /// What to do now; `now` becomes the Date of a response.
    Step next(std::chrono::sys_seconds now);

    /// "GET /path": the request that is being answered. Valid as long as feed()'s bytes.
    std::string_view doing() const;

private:
    enum class State : std::uint8_t { reading, asking, opening, welcoming, sending, closing };

    Step read_on();
    void head_came();
    void request_came();
    void answer(const Path& path);
    void negotiate();
    void ask();
    void serve(const File& file);
    void serve_whole(const File& file, std::string fields);
    void serve_ranges(const File& file, std::vector<ByteRange> ranges, std::string fields);
    void send(std::vector<ByteRange> octets);
    Step send_next();
    void respond(const Response& response, std::string_view content = {});
    void respond(Status status, std::string fields = {});
    void respond_options();
    void refuse(Status status, std::string_view why);
    void finish_request();
    Persistence persistence() const;
    void trace_request() const;
    void trace_response(std::string_view bytes) const;
    void trace_octets(std::uint64_t count) const;

    const config::Http& options_;
    std::string_view authority_;
    net::Trace trace_;
    Parser parser_;
    std::string_view input_;
    State state_ = State::reading;
    std::chrono::sys_seconds now_;
    std::string output_;
    Path path_; // of the request
    Open open_{};
    std::string file_;            // what is asked for, in identity
    std::vector<Coding> codings_; // to be tried in this order; identity is the last
    std::size_t coding_ = 0;      // the one that is tried
    bool identity_refused_ = false;
    bool compressible_ = false;
    std::vector<ByteRange> octets_; // of the opened file, to be sent
    std::size_t sent_ = 0;          // of octets_
    std::optional<Multipart> multipart_;
    std::uint32_t requests_ = 0;
    bool last_ = false; // the next response is the last on this connection
    bool head_only_ = false;
    std::string_view why_;
};

} // namespace portico::http
