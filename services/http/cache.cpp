#include "services/http/cache.hpp"

#include <iterator>
#include <utility>

namespace portico::http {

namespace {

constexpr std::size_t overhead = 512; // list, index and SmallFile; bounds the number of tiny ones

} // namespace

bool is_same(const FileVersion& then, const FileVersion& now)
{
    return then.settled && then.device == now.device && then.inode == now.inode &&
           then.size == now.size && then.modified == now.modified && then.changed == now.changed;
}

const Hot* Cache::find(const Name& name, Time now)
{
    auto found = index_.find(name);
    if (found == index_.end() || now - found->second->looked_at >= trusted) {
        ++counters_.misses;
        return nullptr;
    }
    ++counters_.hits;
    auto& entries = shelf_of(*found->second).entries;
    entries.splice(entries.begin(), entries, found->second);
    return &found->second->hot;
}

const Hot* Cache::known(const Name& name) const
{
    auto found = index_.find(name);
    return found == index_.end() ? nullptr : &found->second->hot;
}

void Cache::learn(const Name& name,
                  std::expected<std::shared_ptr<const SmallFile>, FileError> outcome, Time when)
{
    if (auto found = index_.find(name); found != index_.end()) {
        auto& entry = *found->second;
        if (entry.looked_at > when) return; // another look began later
        if (outcome && *outcome && *outcome == entry.hot.file) {
            entry.looked_at = when;
            return;
        }
        forget(found->second);
    }
    const bool none = !outcome && outcome.error() != FileError::failing; // that may pass
    if (!none && (!outcome || !*outcome)) return;
    Hot hot{.file = outcome.value_or(nullptr)};
    if (none) hot.error = outcome.error();
    const auto octets = overhead + name.file.size() + (hot.file ? hot.file->content.size() : 0);
    auto& shelf = none ? none_ : files_;
    if (!make_room(shelf, octets)) return;
    shelf.octets += octets;
    shelf.entries.push_front({name.root, std::string{name.file}, std::move(hot), when, octets});
    const auto& entry = shelf.entries.front();
    index_.emplace(Name{entry.root, entry.name}, shelf.entries.begin());
}

void Cache::prepare(const Name& name, const SmallFile& file, Coding coding,
                    std::shared_ptr<const Prepared> prepared)
{
    const auto found = index_.find(name);
    if (found == index_.end() || found->second->hot.file.get() != &file) return;
    auto& entry = *found->second;
    auto& place = entry.hot.prepared[static_cast<std::size_t>(coding)];
    const auto octets = sizeof(Prepared) + prepared->head.size() + prepared->content.size();
    if (place || entry.octets + octets > files_.most) return;
    files_.entries.splice(files_.entries.begin(), files_.entries, found->second); // it stays
    make_room(files_, octets);
    place = std::move(prepared);
    entry.octets += octets;
    files_.octets += octets;
}

// False: there is not so much, and nothing is driven out for it.
bool Cache::make_room(Shelf& shelf, std::size_t wanted)
{
    if (wanted > shelf.most) return false;
    while (shelf.octets + wanted > shelf.most) {
        ++counters_.evictions;
        forget(std::prev(shelf.entries.end()));
    }
    return true;
}

void Cache::forget(Entries::iterator entry)
{
    auto& shelf = shelf_of(*entry);
    shelf.octets -= entry->octets;
    index_.erase(Name{entry->root, entry->name});
    shelf.entries.erase(entry);
}

} // namespace portico::http
