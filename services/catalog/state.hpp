#pragma once

#include "services/catalog/announcer.hpp"
#include "services/catalog/inbox.hpp"
#include "services/catalog/shelf.hpp"
#include "services/catalog/slots.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace portico::catalog {

/// What the catalog has of every message of the store, and which it does not have yet. One thread
/// at a time; what it does on a disk is brief.
class State {
public:
    /// Observers are told through `announcer`, which outlives it.
    explicit State(Announcer& announcer) : announcer_{announcer} {}

    /// From now on these are the files; what is in them is all that is known.
    void use(std::shared_ptr<Shelf> shelf, const std::vector<Placed>& records);
    const std::shared_ptr<Shelf>& shelf() const { return shelf_; }

    /// What the store has, all of it: `keys` are sorted.
    void reconcile(const std::vector<std::int64_t>& keys, const std::vector<mail::Marks>& marks);
    void apply(const Event& event);

    /// Messages of the store that are not in the files yet, by key.
    const std::deque<std::int64_t>& pending() const { return pending_; }
    bool is_pending(std::int64_t key) const;
    /// The first of them, at most `most`.
    std::vector<std::int64_t> next(std::size_t most) const;
    /// Those of them that are still pending go into the files.
    FileResult<void> add(std::vector<Prepared> messages);
    /// They are not in the store.
    void forget(std::span<const std::int64_t> keys);

    const Slots& slots() const { return slots_; }

    /// New files have the records that `placed` names; others went meanwhile.
    void move_to(std::shared_ptr<Shelf> shelf, const std::vector<Placed>& placed);

private:
    void arrived(const Arrived& event);
    void removed(const Removed& event);
    void marked(const mail::Marks& marks, bool announce);
    std::string id_of(std::int64_t key) const;
    void announce(const Removed& event);

    Announcer& announcer_;
    std::shared_ptr<Shelf> shelf_;
    Slots slots_;
    std::deque<std::int64_t> pending_;               // sorted
    std::map<std::int64_t, mail::Marks> of_pending_; // what is known of them already
};

} // namespace portico::catalog
