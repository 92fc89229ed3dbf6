#pragma once

#include "net/task.hpp"
#include "services/catalog/page.hpp"
#include "services/catalog/query.hpp"
#include "services/catalog/tag_sets.hpp"
#include "services/mail/error.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace portico::catalog {

/// Is told what becomes of messages, in order, from the catalog's own thread: it must not wait and
/// must not call the catalog. If it is so slow that too much would be kept for it, it is told of
/// `many_changed` instead.
class Observer {
public:
    virtual ~Observer() = default;

    virtual void added(const Entry& entry) = 0; // lists and searches find it
    virtual void read(const std::string& id, bool is_read) = 0;
    virtual void tagged(const std::string& id, const std::vector<std::string>& tags) = 0;
    virtual void removed(const std::vector<std::string>& ids) = 0; // on request
    virtual void all_removed() = 0;
    /// Look again at everything: messages left by POP3 or by the limits, or it was all at once.
    virtual void many_changed() = 0;
};

/// What lists and searches of all mail need to know, so that none of them reads the messages
/// themselves. Interface only. It follows the store: whatever was committed before a call is found
/// by it. Safe from every loop; ends before its store and pool.
class Catalog {
public:
    template <class T>
    using Answer = net::Task<std::expected<T, mail::StoreError>>;

    virtual ~Catalog() = default;

    /// All messages. Its totals are those of the mailbox, whatever the range.
    virtual Answer<Page> list(Range range) = 0;
    /// What matches `query`, which stays valid until it returns. Of a range that begins `below`
    /// something messages_count and messages_unread count what is below it.
    virtual Answer<Page> search(const Query& query, Range range) = 0;
    /// At most `most` of what matches.
    virtual Answer<Matches>
    matching(const Query& query, std::size_t most,
             std::int64_t below = std::numeric_limits<std::int64_t>::max()) = 0;

    /// `gone` if there is no such message.
    virtual Answer<Entry> entry(std::string id) = 0;
    /// The newest message, or if `query` is not null the newest that matches: its identity, or
    /// `gone`.
    virtual Answer<std::string> latest(const Query* query) = 0;

    /// How many messages have each tag, sorted without case.
    virtual Answer<TagCounts> tags() = 0;
    /// Changes the tag `name` (without case) of all messages that have it; `gone` if none has. A
    /// message that has `to` already keeps one of them. `to` is cleaned (clean_tag) and not empty.
    virtual Answer<void> rename_tag(std::string name, std::string to) = 0;
    virtual Answer<void> remove_tag(std::string name) = 0;

    /// `observer` outlives the catalog or is taken off; when unobserve() has returned it is told of
    /// nothing more.
    virtual void observe(Observer& observer) = 0;
    virtual void unobserve(Observer& observer) = 0;
};

} // namespace portico::catalog
