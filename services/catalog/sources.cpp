#include "services/catalog/sources.hpp"

#include <algorithm>

namespace portico::catalog {

namespace {

using mail::StoreError;

/// Into `octets`: a coroutine's frame is no place for a message.
net::Task<std::expected<void, StoreError>> read(mail::Store& store, const mail::Arrival& arrival,
                                                std::string& octets)
{
    const auto message = arrival.message();
    const auto reading = store.read(message);
    octets.reserve(arrival.size);
    while (octets.size() < arrival.size) {
        auto piece = co_await reading->next();
        if (!piece) co_return std::unexpected(piece.error());
        if (piece->empty()) break;
        octets += *piece;
    }
    co_return std::expected<void, StoreError>{};
}

} // namespace

net::Task<std::expected<Sources, StoreError>> read_sources(mail::Store& store,
                                                           std::vector<std::int64_t> keys)
{
    Sources sources;
    std::size_t octets = 0;
    std::size_t done = 0;
    if (keys.size() > most_sources) keys.resize(most_sources);
    while (done < keys.size()) {
        auto arrivals = co_await store.arrivals(keys[done] - 1, keys.size() - done);
        if (!arrivals) co_return std::unexpected(arrivals.error());
        for (auto& arrival : *arrivals) {
            for (; done < keys.size() && keys[done] < arrival.key; ++done)
                sources.gone.push_back(keys[done]);
            if (done == keys.size() || keys[done] != arrival.key)
                break; // not asked for: look again
            if (octets > 0 && octets + arrival.size > most_source_octets)
                co_return std::move(sources);
            octets += arrival.size;
            Source source{std::move(arrival), {}};
            auto result = co_await read(store, source.arrival, source.octets);
            if (!result && result.error() != StoreError::gone &&
                result.error() != StoreError::damaged)
                co_return std::unexpected(result.error());
            if (result || result.error() == StoreError::damaged)
                sources.read.push_back(std::move(source));
            else
                sources.gone.push_back(keys[done]);
            ++done;
        }
        if (!arrivals->empty()) continue;
        for (; done < keys.size(); ++done) sources.gone.push_back(keys[done]);
    }
    co_return std::move(sources);
}

} // namespace portico::catalog
