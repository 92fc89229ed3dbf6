#include "services/catalog/slots.hpp"

#include <algorithm>

namespace portico::catalog {

bool Slots::add(std::int64_t key, std::uint64_t offset, std::uint32_t size,
                const std::vector<std::string>& tags)
{
    // Mostly the last: keys are in the order in which messages began.
    const auto place = slots_.empty() || slots_.back().key < key
                           ? slots_.end()
                           : std::ranges::lower_bound(slots_, key, {}, &Slot::key);
    if (place != slots_.end() && place->key == key) return false;
    slots_.insert(place, {.key = key,
                          .offset = offset & ~std::uint64_t{0} >> 1,
                          .size = size,
                          .tags = tags_.take(tags)});
    ++unread_;
    octets_ += size;
    return true;
}

Slot* Slots::slot_of(std::int64_t key)
{
    const auto place = std::ranges::lower_bound(slots_, key, {}, &Slot::key);
    return place != slots_.end() && place->key == key ? &*place : nullptr;
}

const Slot* Slots::find(std::int64_t key) const
{
    return const_cast<Slots*>(this)->slot_of(key);
}

template <class Leaves>
void Slots::remove_if(Leaves leaves)
{
    const auto left = std::ranges::remove_if(slots_, [&](const Slot& slot) {
        if (!leaves(slot)) return false;
        tags_.release(slot.tags);
        unread_ -= slot.read == 0;
        octets_ -= slot.size;
        return true;
    });
    slots_.erase(left.begin(), left.end());
}

void Slots::remove(std::span<const std::int64_t> keys)
{
    if (keys.empty()) return;
    remove_if([&](const Slot& slot) {
        return slot.key >= keys.front() && slot.key <= keys.back() &&
               std::ranges::binary_search(keys, slot.key);
    });
}

void Slots::keep(std::span<const std::int64_t> keys)
{
    auto next = keys.begin();
    remove_if([&](const Slot& slot) {
        while (next != keys.end() && *next < slot.key) ++next;
        return next == keys.end() || *next != slot.key;
    });
}

bool Slots::set_read(std::int64_t key, bool read)
{
    auto* slot = slot_of(key);
    if (!slot || slot->read == std::uint64_t{read}) return false;
    slot->read = read;
    if (read)
        --unread_;
    else
        ++unread_;
    return true;
}

bool Slots::set_tags(std::int64_t key, const std::vector<std::string>& tags)
{
    auto* slot = slot_of(key);
    if (!slot) return false;
    const auto had = slot->tags;
    slot->tags = tags_.take(tags);
    tags_.release(had);
    return slot->tags != had;
}

void Slots::set_all_read(bool read)
{
    for (auto& slot : slots_) slot.read = read;
    unread_ = read ? 0 : slots_.size();
}

void Slots::place(std::int64_t key, std::uint64_t offset)
{
    if (auto* slot = slot_of(key)) slot->offset = offset & ~std::uint64_t{0} >> 1;
}

std::vector<Slot> Slots::allowed(const Plan& plan, std::int64_t below) const
{
    // What tags decide is decided once for each set of them.
    std::vector<bool> allows_read(tags_.size()), allows_unread(tags_.size());
    for (TagSets::Number set = 0; set < tags_.size(); ++set) {
        allows_read[set] = plan.allows(true, tags_.lower(set));
        allows_unread[set] = plan.allows(false, tags_.lower(set));
    }
    std::vector<Slot> found;
    found.reserve(slots_.size());
    for (const auto& slot : slots_) {
        if (slot.key >= below) break;
        if ((slot.read ? allows_read : allows_unread)[slot.tags]) found.push_back(slot);
    }
    return found;
}

std::vector<Slot> Slots::newest(std::int64_t below, std::size_t most) const
{
    const auto end = std::ranges::lower_bound(slots_, below, {}, &Slot::key);
    const auto count = std::min<std::size_t>(most, static_cast<std::size_t>(end - slots_.begin()));
    return {end - static_cast<std::ptrdiff_t>(count), end};
}

std::vector<Slot> Slots::tagged(const std::string& tag) const
{
    std::vector<bool> has(tags_.size());
    for (TagSets::Number set = 0; set < tags_.size(); ++set)
        has[set] = std::ranges::find(tags_.lower(set), tag) != tags_.lower(set).end();
    std::vector<Slot> found;
    std::ranges::copy_if(slots_, std::back_inserter(found),
                         [&](const Slot& slot) { return has[slot.tags]; });
    return found;
}

} // namespace portico::catalog
