#pragma once

#include "net/task.hpp"
#include "services/mail/store.hpp"

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

namespace portico::catalog {

/// A message that has been read.
struct Source {
    mail::Arrival arrival;
    std::string octets; // "" of one that is damaged
};

struct Sources {
    std::vector<Source> read = {};
    std::vector<std::int64_t> gone = {}; // keys without a message (any more)
};

inline constexpr std::size_t most_sources = 64;
inline constexpr std::size_t most_source_octets = 8 << 20; // but for the first

/// Reads messages from the store: of `keys`, which are sorted, so many from the front as are read
/// at once. Only what the store cannot do at all is an error.
net::Task<std::expected<Sources, mail::StoreError>> read_sources(mail::Store& store,
                                                                 std::vector<std::int64_t> keys);

} // namespace portico::catalog
