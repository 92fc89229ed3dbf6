#include "services/http/exchange.hpp"

namespace portico::http {

net::Task<std::expected<std::string_view, ContentError>> Exchange::read()
{
    for (;;) {
        std::string_view piece;
        const auto content = protocol().content(piece);
        if (!content) co_return std::unexpected{content.error()};
        if (*content != Protocol::Content::more) co_return piece;
        co_await conversation_.more(Awaited::body);
    }
}

net::Task<std::expected<std::string, ContentError>> Exchange::read_all()
{
    std::string all;
    for (;;) {
        const auto piece = co_await read();
        if (!piece) co_return std::unexpected{piece.error()};
        if (piece->empty()) co_return all;
        all += *piece;
    }
}

net::Task<bool> Exchange::write(std::string_view piece)
{
    protocol().add(piece);
    return flush();
}

} // namespace portico::http
