#pragma once

#include "config/config.hpp"
#include "services/http/conditional.hpp"
#include "services/http/gzip.hpp"
#include "services/http/multipart.hpp"
#include "services/http/negotiate.hpp"
#include "services/http/path.hpp"
#include "services/http/range.hpp"
#include "services/http/reply.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
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
    std::chrono::nanoseconds changed{}; // since the epoch: content, or what is known of the file
    std::uint64_t inode = 0;
};

enum class FileError : std::uint8_t {
    not_found, // or no regular file, or beyond the root
    is_folder,
    forbidden, // the system does not let us read it
    failing,   // the disk, or no more file descriptors; may pass
};

/// How a file is answered with 200 in one coding, made once for each version of the file.
struct Prepared {
    std::string head;    // all field lines (see Response::prepared)
    std::string content; // in case we have compressed it; else the file's is to be sent
};
using PreparedSet = std::array<std::shared_ptr<const Prepared>, 3>; // by Coding, each may be null

/// A file up to this many octets is kept in memory, compressed thoroughly, and sent with its head.
inline constexpr std::size_t small_file = 64 << 10;

struct Open {          // wants opened(); after not_found perhaps again, for another coding's file
    std::string file;  // relative to the root, never empty: "docs/index.html"
    bool with_content; // false: HEAD, only size and time are asked for
};
struct List {           // wants listed()
    std::string folder; // relative to the root: "", "docs/"
    std::uint32_t most; // entries on the page
    bool compressed;    // the page is wanted in gzip
};
struct Welcome {}; // the page about this host: there is no root
struct Reply {     // the answer
    Response response;
    std::string content = {};            // of what is no file
    std::vector<ByteRange> octets = {};  // of the opened file; several if it is multipart
    std::optional<Multipart> parts = {}; // what stands around them then
    std::optional<Effort> gzip = {};     // all of the file goes through it, so that the length is
                                         // not known yet
    std::shared_ptr<const Prepared> prepared = {}; // whose head the response has
    std::optional<Coding> keep = {}; // the answer to another such request for this version of the
                                     // file is the same: for a Prepared of this coding
    std::string_view why = {};       // the client's mistake, which ends the connection, or ""
};
using Decision = std::variant<Open, List, Welcome, Reply>;

/// How one request for a file is answered (RFC 9110): which file, whether at all, which part of it,
/// in which coding. Knows no file system and no clock; request and site outlive it.
class FileRequest {
public:
    enum class Channel : std::uint8_t { clear, tls };

    FileRequest(const Request& request, const config::Site& site, std::chrono::sys_seconds now,
                Channel channel = Channel::clear)
        : request_{request}, site_{site}, now_{now}, channel_{channel}
    {
    }

    /// Whether its body is worth waiting for: not that of a method which is refused anyway.
    static bool is_allowed(std::string_view method);

    Decision begin();
    /// `prepared`: of that file, if anything of it is.
    Decision opened(std::expected<File, FileError> outcome, const PreparedSet* prepared = nullptr);
    /// The page, in the coding it was asked for.
    Decision listed(std::expected<std::string, FileError> page);

private:
    Decision decide();
    Decision answer(Path path);
    void negotiate();
    Open ask() const;
    Decision missing(FileError error) const;
    Reply serve(const File& file, Coding coding, std::optional<Effort> effort,
                const PreparedSet* prepared);
    Reply serve_whole(const File& file, std::string fields) const;
    Reply serve_ranges(const File& file, std::vector<ByteRange> ranges, std::string fields,
                       std::string_view etag) const;
    Reply redirect_to_https(const Path& path) const;
    Decision with_policy(Decision decision) const;

    const Request& request_;
    const config::Site& site_;
    std::chrono::sys_seconds now_;
    Channel channel_;
    Path path_;
    std::string file_;            // what is asked for, in identity
    std::vector<Coding> codings_; // to be tried in this order; identity is the last
    std::size_t coding_ = 0;      // the one that is tried
    bool identity_refused_ = false;
    bool compressible_ = false;
    bool gzip_wanted_ = false; // of what has no sibling
};

/// A reply that says nothing but its status, in words.
Reply short_reply(Status status, std::string fields = {});

} // namespace portico::http
