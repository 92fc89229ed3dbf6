#pragma once

#include "net/pool.hpp"
#include "services/http/exchange.hpp"
#include "services/http/gzip.hpp"
#include "services/http/range.hpp"
#include "services/http/root.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace portico::http {

/// The content of an answer that comes from a file, of which a slow reader costs no more than a
/// piece. Outlived by what it is made of.
class FileBody {
public:
    FileBody(Exchange& exchange, net::Pool& pool, const Opened& opened)
        : exchange_{exchange}, pool_{pool}, opened_{opened}
    {
    }

    /// What stands between parts of the file.
    void add(std::string_view bytes);

    /// A part of the file. False: the peer is gone, or the file got shorter than its Content-Length
    /// has said; then the connection ends, and that is what tells the client.
    net::Task<bool> send(ByteRange range);

private:
    static constexpr std::size_t piece = 256 << 10;     // after which others have their turn
    static constexpr std::size_t read_piece = 64 << 10; // stays in the processor's cache

    net::Task<bool> send_unread();
    net::Task<bool> send_read();
    net::Task<std::size_t> read_from_disk(std::size_t skip, std::size_t length);

    Exchange& exchange_;
    net::Pool& pool_;
    const Opened& opened_;
    ByteRange left_{}; // of the part that is being sent
};

/// The same, all of it and compressed on its way, in an answer that was begun with start(). Costs a
/// piece and what Gzip keeps.
class GzipBody {
public:
    GzipBody(Exchange& exchange, net::Pool& pool, const Opened& opened, Effort effort)
        : exchange_{exchange}, pool_{pool}, opened_{opened}, gzip_{effort}
    {
    }

    /// False as above. With true all is sent, and the answer is ended.
    net::Task<bool> send();

private:
    static constexpr std::size_t piece = 128 << 10;

    net::Task<bool> send_piece(std::size_t length);

    Exchange& exchange_;
    net::Pool& pool_;
    const Opened& opened_;
    Gzip gzip_;
    std::uint64_t done_ = 0; // octets of the file
};

} // namespace portico::http
