#include "services/http/body.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace portico::http {

void FileBody::add(std::string_view bytes)
{
    exchange_.conversation().output() += bytes;
    exchange_.protocol().sent(bytes.size());
}

net::Task<bool> FileBody::send(ByteRange range)
{
    left_ = range;
    if (opened_.small) {
        add(std::string_view{opened_.small->content}.substr(range.offset, range.length));
        co_return true;
    }
    if (!exchange_.peer().tls()) {
        if (!co_await exchange_.flush()) co_return false; // the head goes before
        if (!co_await send_unread()) co_return false;
    }
    const bool sent = co_await send_read();
    co_return sent;
}

// As far as the kernel can send it by itself; what is left is in left_.
net::Task<bool> FileBody::send_unread()
{
    const auto& file = opened_.descriptor;
    while (left_.length > 0) {
        const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(left_.length, piece));
        if (!in_memory(file, left_.offset, length)) {
            auto fetch = [&file, offset = left_.offset, length] {
                return read_at(file, offset, length).size();
            };
            co_await pool_.run(fetch);
        }
        const auto sent = co_await exchange_.peer().send_file(
            file.get(), left_.offset, length, exchange_.conversation().options().write_timeout);
        if (!sent) co_return false;
        exchange_.protocol().sent(*sent);
        left_.offset += *sent;
        left_.length -= *sent;
        if (*sent < length) break;
    }
    co_return true;
}

net::Task<bool> FileBody::send_read()
{
    auto& conversation = exchange_.conversation();
    for (std::size_t turn = 0; left_.length > 0;) {
        const auto length =
            static_cast<std::size_t>(std::min<std::uint64_t>(left_.length, read_piece));
        auto done =
            append_from_memory(conversation.output(), opened_.descriptor, left_.offset, length);
        if (done < length) done += co_await read_from_disk(done, length - done);
        exchange_.protocol().sent(done);
        left_.offset += done;
        left_.length -= done;
        if (!conversation.flush_at_once() && !co_await conversation.flush()) co_return false;
        if (done < length) co_return false;
        turn += done;
        if (turn >= piece) {
            turn = 0;
            co_await exchange_.peer().give_way();
        }
    }
    co_return true;
}

// Behind `skip` octets of what is left.
net::Task<std::size_t> FileBody::read_from_disk(std::size_t skip, std::size_t length)
{
    auto read = [&file = opened_.descriptor, offset = left_.offset + skip, length] {
        return read_at(file, offset, length);
    };
    const auto bytes = co_await pool_.run(read);
    exchange_.conversation().output() += bytes;
    co_return bytes.size();
}

net::Task<bool> GzipBody::send()
{
    while (done_ < opened_.file.size) {
        const auto left = opened_.file.size - done_;
        if (!co_await send_piece(static_cast<std::size_t>(std::min<std::uint64_t>(left, piece))))
            co_return false;
    }
    exchange_.protocol().add(gzip_.end());
    exchange_.protocol().end();
    co_return true;
}

net::Task<bool> GzipBody::send_piece(std::size_t length)
{
    auto compress = [this, length]() -> std::optional<std::string> {
        const auto bytes = read_at(opened_.descriptor, done_, length);
        if (bytes.size() < length) return std::nullopt; // it got shorter
        return gzip_.add(bytes);
    };
    const auto bytes = co_await pool_.run(compress);
    if (!bytes) co_return false;
    done_ += length;
    exchange_.protocol().add(*bytes);
    const bool taken = co_await exchange_.flush();
    co_return taken;
}

} // namespace portico::http
