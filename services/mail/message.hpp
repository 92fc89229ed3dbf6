#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace portico::mail {

/// One message as a session sees it. Pure, so that protocols can name it without the store.
struct Message {
    std::int64_t key;        // the store's own handle, for this run of the store
    std::uint64_t size;      // octets
    std::array<char, 22> id; // see id.hpp

    std::string_view unique_id() const { return {id.data(), id.size()}; }
};

} // namespace portico::mail
