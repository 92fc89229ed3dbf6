#pragma once

#include <zlib.h>

#include <optional>
#include <string>

namespace portico::http::test {

/// What a gzip file holds; nothing if it is none, is cut, or something follows.
inline std::optional<std::string> gunzip(const std::string& file)
{
    z_stream stream{};
    if (::inflateInit2(&stream, 15 + 16) != Z_OK) return std::nullopt;
    std::string out;
    std::string room(100'000, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(file.data()));
    stream.avail_in = static_cast<uInt>(file.size());
    int result = Z_OK;
    while (result == Z_OK) {
        stream.next_out = reinterpret_cast<Bytef*>(room.data());
        stream.avail_out = static_cast<uInt>(room.size());
        result = ::inflate(&stream, Z_NO_FLUSH);
        out.append(room, 0, room.size() - stream.avail_out);
    }
    const bool whole = result == Z_STREAM_END && stream.avail_in == 0;
    ::inflateEnd(&stream);
    return whole ? std::optional{out} : std::nullopt;
}

} // namespace portico::http::test
