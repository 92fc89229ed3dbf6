#pragma once

#include <memory>
#include <string>
#include <string_view>

struct z_stream_s; // zlib's, which stays in gzip.cpp

namespace portico::http {

/// How hard to try, as zlib numbers it.
enum class Effort : int {
    quick = 1,    // for what is sent once, while somebody waits
    thorough = 6, // for what is kept and sent again
};

/// Compresses what comes in pieces, cut anywhere, to one gzip file (RFC 1952). The same octets in
/// give the same octets out, however they are cut: without name or time in it (MTIME is 0).
/// Keeps 270 KiB, whatever the length, and what add() answers is never much longer than what it
/// was given and what earlier calls held back (64 KiB at most).
class Gzip {
public:
    explicit Gzip(Effort effort);

    /// What can be sent by now; often "".
    std::string add(std::string_view bytes);
    /// The rest. Nothing can follow.
    std::string end();

private:
    struct End {
        void operator()(z_stream_s* stream) const;
    };

    std::string deflate(std::string_view bytes, int flush);

    std::unique_ptr<z_stream_s, End> stream_;
};

/// All of it at once.
std::string gzip(std::string_view bytes, Effort effort = Effort::thorough);

/// What an entity-tag needs in it to be strong: "gzip-1.2.13-6". Other versions of zlib may make
/// other octets of the same ones.
std::string gzip_name(Effort effort);

} // namespace portico::http
