#pragma once

#include "config/config.hpp"
#include "services/http/conditional.hpp"
#include "services/http/multipart.hpp"
#include "services/http/negotiate.hpp"
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

struct Open {          // wants opened(); after not_found perhaps again, for another coding's file
    std::string file;  // relative to the root, never empty: "docs/index.html"
    bool with_content; // false: HEAD, only size and time are asked for
};
struct Welcome {}; // the page about this host: there is no root
struct Reply {     // the answer
    Response response;
    std::string content = {};            // of what is no file
    std::vector<ByteRange> octets = {};  // of the opened file; several if it is multipart
    std::optional<Multipart> parts = {}; // what stands around them then
    std::string_view why = {};           // the client's mistake, which ends the connection, or ""
};
using Decision = std::variant<Open, Welcome, Reply>;

/// How one request for a file is answered (RFC 9110): which file, whether at all, which part of it.
/// Knows no file system and no clock; the request outlives it.
class FileRequest {
public:
    FileRequest(const Request& request, const config::Site& site, std::chrono::sys_seconds now)
        : request_{request}, site_{site}, now_{now}
    {
    }

    /// Whether its body is worth waiting for: not that of a method which is refused anyway.
    static bool is_allowed(std::string_view method);

    Decision begin();
    Decision opened(std::expected<File, FileError> outcome);

private:
    Decision answer(const Path& path);
    void negotiate();
    Open ask() const;
    Reply serve(const File& file);
    Reply serve_whole(const File& file, std::string fields) const;
    Reply serve_ranges(const File& file, std::vector<ByteRange> ranges, std::string fields) const;

    const Request& request_;
    const config::Site& site_;
    std::chrono::sys_seconds now_;
    Path path_;
    std::string file_;            // what is asked for, in identity
    std::vector<Coding> codings_; // to be tried in this order; identity is the last
    std::size_t coding_ = 0;      // the one that is tried
    bool identity_refused_ = false;
    bool compressible_ = false;
};

/// A reply that says nothing but its status, in words.
Reply short_reply(Status status, std::string fields = {});

} // namespace portico::http
