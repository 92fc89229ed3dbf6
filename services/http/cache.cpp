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

std::size_t Cache::cost(std::string_view name, const SmallFile& file)
{
    return overhead + name.size() + file.content.size();
}

std::shared_ptr<const SmallFile> Cache::find(std::string_view name, Time now)
{
    auto found = index_.find(name);
    if (found == index_.end() || now - found->second->looked_at >= trusted) {
        ++counters_.misses;
        return nullptr;
    }
    ++counters_.hits;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->file;
}

std::shared_ptr<const SmallFile> Cache::known(std::string_view name) const
{
    auto found = index_.find(name);
    return found == index_.end() ? nullptr : found->second->file;
}

void Cache::learn(std::string_view name, std::shared_ptr<const SmallFile> file, Time when)
{
    if (auto found = index_.find(name); found != index_.end()) {
        if (found->second->looked_at > when) return; // another look began later
        forget(found->second);
    }
    if (!file) return;
    auto octets = cost(name, *file);
    if (octets > most_) return;
    while (octets_ + octets > most_) {
        ++counters_.evictions;
        forget(std::prev(entries_.end()));
    }
    octets_ += octets;
    entries_.push_front({std::string{name}, std::move(file), when});
    index_.emplace(entries_.front().name, entries_.begin());
}

void Cache::forget(Entries::iterator entry)
{
    octets_ -= cost(entry->name, *entry->file);
    index_.erase(entry->name);
    entries_.erase(entry);
}

} // namespace portico::http
