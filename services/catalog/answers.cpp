#include "services/catalog/answers.hpp"

#include "services/catalog/search.hpp"
#include "services/catalog/tags.hpp"
#include "services/mime/utf8.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <span>

namespace portico::catalog {

namespace {

constexpr std::uint64_t most_entries = 1000;
constexpr std::uint64_t most_octets = 4 << 20; // of their records
constexpr std::size_t latest_at_once = 4096;   // newest candidates that are tried together

/// What a question needs of the state: taken at once, so that it fits together.
struct Seen {
    std::shared_ptr<const Shelf> shelf;
    std::vector<Slot> candidates; // by key
    std::uint64_t total = 0, unread = 0;
    std::shared_ptr<const TagCounts> tags;
};

Seen see(const Keeper& keeper, const Plan& plan, std::int64_t below)
{
    return keeper.look([&](const State& state) -> Seen {
        const auto& slots = state.slots();
        return {state.shelf(), slots.allowed(plan, below), slots.size(), slots.unread(),
                slots.tags().counts()};
    });
}

Seen see_newest(const Keeper& keeper, const Range& range)
{
    return keeper.look([&](const State& state) -> Seen {
        const auto& slots = state.slots();
        const auto most = std::min(range.start, slots.size()) + std::min(range.limit, most_entries);
        return {state.shelf(), slots.newest(range.below, most + 1), slots.size(), slots.unread(),
                slots.tags().counts()};
    });
}

/// The message with the tags it has now. If it was removed meanwhile, those it came with.
FileResult<Entry> entry_of(const Keeper& keeper, const Shelf& shelf, const Slot& slot)
{
    auto head = read_head(shelf, slot);
    if (!head) return std::unexpected(std::move(head.error()));
    auto& entry = head->entry;
    keeper.look([&](const State& state) {
        const auto* now = state.slots().find(slot.key);
        entry.arrival.read = now ? now->read : slot.read;
        if (now) entry.tags = state.slots().tags().spelled(now->tags);
    });
    return std::move(entry);
}

/// `found` by key; the page shows them from its end on.
FileResult<void> fill(const Keeper& keeper, const Shelf& shelf, std::span<const Slot> found,
                      const Range& range, Page& page)
{
    std::uint64_t octets = 0;
    if (range.start >= found.size()) return {};
    found = found.first(found.size() - range.start);
    for (std::uint64_t left = range.limit; left > 0 && !found.empty(); --left) {
        if (page.entries.size() == most_entries || octets >= most_octets) {
            page.more = found.back().key + 1;
            break;
        }
        auto entry = entry_of(keeper, shelf, found.back());
        if (!entry) return std::unexpected(std::move(entry.error()));
        page.entries.push_back(std::move(*entry));
        octets += found.back().size;
        found = found.first(found.size() - 1);
    }
    return {};
}

} // namespace

FileResult<Page> page(const Keeper& keeper, const Query* query, const Range& range)
{
    const bool all = !query && !range.before;
    const Plan plan{query ? *query : Query{}, range.before};
    auto seen = all ? see_newest(keeper, range) : see(keeper, plan, range.below);
    auto found = search(*seen.shelf, plan, std::move(seen.candidates));
    if (!found) return std::unexpected(std::move(found.error()));
    Page page;
    page.totals = {.total = seen.total,
                   .unread = seen.unread,
                   .messages_count = seen.total,
                   .messages_unread = seen.unread,
                   .start = range.start};
    if (query) {
        page.totals.messages_count = found->size();
        const auto unread =
            std::ranges::count_if(*found, [](const Slot& slot) { return slot.read == 0; });
        page.totals.messages_unread = static_cast<std::uint64_t>(unread);
    }
    for (const auto& tag : *seen.tags) page.tags.push_back(tag.first);
    if (auto filled = fill(keeper, *seen.shelf, *found, range, page); !filled)
        return std::unexpected(std::move(filled.error()));
    return page;
}

FileResult<Matches> matching(const Keeper& keeper, const Query& query, std::size_t most,
                             std::int64_t below)
{
    const Plan plan{query};
    auto seen = see(keeper, plan, below);
    const auto found = search(*seen.shelf, plan, std::move(seen.candidates));
    if (!found) return std::unexpected(found.error());
    Matches matches;
    for (std::size_t i = found->size(); i > 0; --i) {
        const auto& slot = (*found)[i - 1];
        if (matches.ids.size() == most) {
            matches.more = slot.key + 1;
            break;
        }
        auto head = read_head(*seen.shelf, slot);
        if (!head) return std::unexpected(std::move(head.error()));
        matches.ids.push_back(std::move(head->entry.arrival.id));
    }
    return matches;
}

FileResult<std::string> latest(const Keeper& keeper, const Query* query)
{
    const Plan plan{query ? *query : Query{}};
    const auto seen = query ? see(keeper, plan, std::numeric_limits<std::int64_t>::max())
                            : see_newest(keeper, {.limit = 1});
    std::span<const Slot> left{seen.candidates};
    while (!left.empty()) {
        const auto newest = left.last(std::min(latest_at_once, left.size()));
        left = left.first(left.size() - newest.size());
        const auto found = search(*seen.shelf, plan, {newest.begin(), newest.end()});
        if (!found) return std::unexpected(found.error());
        if (found->empty()) continue;
        const auto head = read_head(*seen.shelf, found->back());
        if (!head) return std::unexpected(head.error());
        return head->entry.arrival.id;
    }
    return "";
}

FileResult<std::optional<Entry>> entry(const Keeper& keeper, std::int64_t key,
                                       const std::string& id)
{
    std::shared_ptr<const Shelf> shelf;
    std::optional<Slot> slot;
    keeper.look([&](const State& state) {
        shelf = state.shelf();
        if (const auto* there = state.slots().find(key)) slot = *there;
    });
    if (!slot) return std::nullopt;
    auto found = entry_of(keeper, *shelf, *slot);
    if (!found) return std::unexpected(std::move(found.error()));
    if (found->arrival.id != id) return std::nullopt;
    return std::move(*found);
}

FileResult<std::vector<Retagging>> retagging(const Keeper& keeper, const std::string& name,
                                             const std::string& to)
{
    const auto lower = mime::ascii_lower(name);
    std::shared_ptr<const Shelf> shelf;
    std::vector<Slot> slots;
    std::map<TagSets::Number, Retagging> by_set;
    keeper.look([&](const State& state) {
        shelf = state.shelf();
        slots = state.slots().tagged(lower);
        for (const auto& slot : slots) {
            auto& change = by_set[slot.tags];
            if (change.tags.empty()) change.tags = state.slots().tags().spelled(slot.tags);
        }
    });
    for (const auto& slot : slots) {
        auto head = read_head(*shelf, slot);
        if (!head) return std::unexpected(std::move(head.error()));
        by_set[slot.tags].ids.push_back(std::move(head->entry.arrival.id));
    }
    std::vector<Retagging> changes;
    for (auto& [set, change] : by_set) {
        std::vector<std::string> tags;
        for (auto& tag : change.tags)
            if (!mime::equals_ignoring_case(tag, lower)) tags.push_back(std::move(tag));
        if (!to.empty()) tags.push_back(to);
        change.tags = clean_tags(tags);
        changes.push_back(std::move(change));
    }
    return changes;
}

} // namespace portico::catalog
