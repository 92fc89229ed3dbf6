#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace portico::mail {

/// One message as a session sees it. Pure, so that protocols can name it without the store.
struct Message {
    std::int64_t key;        // the store's own handle, for this run of the store
    std::uint64_t size;      // octets, as stored
    std::array<char, 22> id; // see id.hpp
    bool lacks_final_crlf = false;
    bool utf8 = false; // sent with SMTPUTF8, and its header or a part's needs it (RFC 6532)

    /// With the CR LF that line by line protocols have to add where there is none at the end.
    std::uint64_t octets_on_the_wire() const { return size + (lacks_final_crlf ? 2 : 0); }
    std::string_view unique_id() const { return {id.data(), id.size()}; }
};

} // namespace portico::mail
