#pragma once

#include "services/catalog/head.hpp"
#include "services/catalog/tags.hpp"
#include "services/mail/watcher.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace portico::catalog {

/// What decides what is kept of a message.
struct Settings {
    std::string host_name;                // in the Message-ID of messages that have none
    TagSources tags = {};                 // where those come from that a message arrives with
    std::size_t search_text = 256 << 10;  // octets a message, at most largest_text
    std::uint64_t rewrite_from = 1 << 20; // octets of `heads` that are let go to waste

    /// Of all that makes files that were made with others useless.
    std::uint64_t number() const;
};

/// All that the catalog keeps of a message. `source` is the stored one, or "" if it cannot be read.
Prepared prepare(const mail::Arrival& arrival, std::string_view source, const Settings& settings);

} // namespace portico::catalog
