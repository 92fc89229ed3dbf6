#pragma once

#include "services/catalog/plan.hpp"
#include "services/catalog/tag_sets.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace portico::catalog {

/// What is kept in memory of a message.
struct Slot {
    std::int64_t key = 0;
    std::uint64_t offset : 63 = 0; // of its record in `heads`
    std::uint64_t read : 1 = 0;
    std::uint32_t size = 0; // of the record
    TagSets::Number tags = 0;
};
static_assert(sizeof(Slot) == 24);

/// All messages of the catalog by key, with the state they are in.
class Slots {
public:
    /// False if the key is there already.
    bool add(std::int64_t key, std::uint64_t offset, std::uint32_t size,
             const std::vector<std::string>& tags);
    const Slot* find(std::int64_t key) const;
    /// `keys` are sorted; those that are not there do not matter.
    void remove(std::span<const std::int64_t> keys);
    /// Keeps only these. `keys` are sorted.
    void keep(std::span<const std::int64_t> keys);
    /// What was really changed.
    bool set_read(std::int64_t key, bool read);
    bool set_tags(std::int64_t key, const std::vector<std::string>& tags);
    void set_all_read(bool read);
    /// Where the record is now.
    void place(std::int64_t key, std::uint64_t offset);

    std::size_t size() const { return slots_.size(); }
    std::size_t unread() const { return unread_; }
    /// Octets of `heads` that are in use.
    std::uint64_t octets() const { return octets_; }
    const std::vector<Slot>& all() const { return slots_; } // by key
    const TagSets& tags() const { return tags_; }

    /// Those with a key `below` whose state `plan` allows, by key.
    std::vector<Slot> allowed(const Plan& plan, std::int64_t below) const;
    /// The last `most` of those with a key `below`, by key.
    std::vector<Slot> newest(std::int64_t below, std::size_t most) const;
    /// Those that have this tag, in lower case, by key.
    std::vector<Slot> tagged(const std::string& tag) const;

private:
    Slot* slot_of(std::int64_t key);
    template <class Leaves>
    void remove_if(Leaves leaves);

    std::vector<Slot> slots_;
    TagSets tags_;
    std::size_t unread_ = 0;
    std::uint64_t octets_ = 0;
};

} // namespace portico::catalog
