#pragma once

#include "services/catalog/entry.hpp"

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace portico::catalog {

struct Totals {
    std::uint64_t total = 0, unread = 0;                   // of the mailbox
    std::uint64_t messages_count = 0, messages_unread = 0; // of all that match
    std::uint64_t start = 0;
};

/// Which of the messages that match, newest first, are shown.
struct Range {
    std::uint64_t start = 0; // so many are passed over
    std::uint64_t limit = 50;
    /// Only messages that were created before this.
    std::optional<std::chrono::sys_time<std::chrono::milliseconds>> before = {};
    /// Only what follows a page that had `more`: that value.
    std::int64_t below = std::numeric_limits<std::int64_t>::max();
};

struct Page {
    Totals totals = {};
    std::vector<std::string> tags = {}; // all in use, sorted without case
    std::vector<Entry> entries = {};    // newest first
    /// A page has at most 1,000 entries and about 4 MiB of texts. If that cut it short of its
    /// limit, the next one begins `below` this, with a `start` of 0.
    std::optional<std::int64_t> more = {};
};

/// Identities of messages that match, newest first.
struct Matches {
    std::vector<std::string> ids = {};
    std::optional<std::int64_t> more = {}; // as in a page
};

} // namespace portico::catalog
