#include "services/http/gzip.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <new>

namespace portico::http {

namespace {

constexpr int window = 15 + 16; // 32 KiB; 16 more mean gzip's head and end
constexpr int memory = 8;       // zlib's own choice: 256 KiB with that window
constexpr std::size_t least_room = 1024;

} // namespace

void Gzip::End::operator()(z_stream_s* stream) const
{
    ::deflateEnd(stream);
    delete stream;
}

Gzip::Gzip(Effort effort)
{
    auto stream = std::make_unique<z_stream_s>();
    // With these parameters it can only fail for want of memory.
    if (::deflateInit2(stream.get(), static_cast<int>(effort), Z_DEFLATED, window, memory,
                       Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::bad_alloc{};
    stream_.reset(stream.release());
}

std::string Gzip::add(std::string_view bytes)
{
    return deflate(bytes, Z_NO_FLUSH);
}

std::string Gzip::end()
{
    return deflate({}, Z_FINISH);
}

std::string Gzip::deflate(std::string_view bytes, int flush)
{
    constexpr std::size_t most = std::numeric_limits<uInt>::max();
    std::string out;
    std::size_t filled = 0;
    bool full = true;
    // Until there is nothing to take any more, and nothing left to give.
    while (full || !bytes.empty()) {
        const auto given = std::min(bytes.size(), most);
        if (filled == out.size()) out.resize(filled + std::max(least_room, filled));
        const auto room = std::min(out.size() - filled, most);
        stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data())); // only read
        stream_->avail_in = static_cast<uInt>(given);
        stream_->next_out = reinterpret_cast<Bytef*>(out.data() + filled);
        stream_->avail_out = static_cast<uInt>(room);
        ::deflate(stream_.get(), given == bytes.size() ? flush : Z_NO_FLUSH);
        bytes.remove_prefix(given - stream_->avail_in);
        filled += room - stream_->avail_out;
        full = stream_->avail_out == 0;
    }
    out.resize(filled);
    return out;
}

std::string gzip(std::string_view bytes, Effort effort)
{
    Gzip whole{effort};
    auto out = whole.add(bytes);
    out += whole.end();
    out.shrink_to_fit(); // it is kept
    return out;
}

std::string gzip_name(Effort effort)
{
    return fmt::format("gzip-{}-{}", ::zlibVersion(), static_cast<int>(effort));
}

} // namespace portico::http
