#include "services/catalog/state.hpp"

#include "services/catalog/search.hpp"
#include "services/catalog/tags.hpp"

#include <algorithm>

namespace portico::catalog {

namespace {

// Observers are told of more than this at once as of "many".
constexpr std::size_t few = 200;

} // namespace

void State::use(std::shared_ptr<Shelf> shelf, const std::vector<Placed>& records)
{
    shelf_ = std::move(shelf);
    slots_ = {};
    for (const auto& record : records)
        slots_.add(record.key, record.offset, record.size, record.tags);
}

void State::reconcile(const std::vector<std::int64_t>& keys, const std::vector<mail::Marks>& marks)
{
    slots_.keep(keys);
    slots_.set_all_read(false);
    pending_.clear();
    of_pending_.clear();
    for (const auto key : keys)
        if (!slots_.find(key)) pending_.push_back(key);
    for (const auto& mark : marks) marked(mark, false);
    announcer_.add(Announcer::ManyChanged{});
}

void State::apply(const Event& event)
{
    if (const auto* news = std::get_if<Arrived>(&event)) {
        arrived(*news);
    } else if (const auto* gone = std::get_if<Removed>(&event)) {
        removed(*gone);
    } else {
        const auto& marks = std::get<Marked>(event).marks;
        for (const auto& mark : marks) marked(mark, marks.size() <= few);
        if (marks.size() > few) announcer_.add(Announcer::ManyChanged{});
    }
}

void State::arrived(const Arrived& event)
{
    for (const auto key : event.keys) {
        // Mostly the last; what is told twice is known.
        const auto place = std::ranges::lower_bound(pending_, key);
        const bool is_known = (place != pending_.end() && *place == key) || slots_.find(key);
        if (!is_known) pending_.insert(place, key);
    }
}

void State::removed(const Removed& event)
{
    announce(event);
    auto keys = event.keys;
    std::ranges::sort(keys);
    slots_.remove(keys);
    forget(keys);
}

void State::announce(const Removed& event)
{
    if (!announcer_.is_wanted()) return;
    if (event.cause == mail::Cause::all) {
        announcer_.add(Announcer::AllGone{});
    } else if (event.cause != mail::Cause::command || event.keys.size() > few) {
        announcer_.add(Announcer::ManyChanged{});
    } else {
        Announcer::Gone gone;
        for (const auto key : event.keys)
            if (auto id = id_of(key); !id.empty()) gone.ids.push_back(std::move(id));
        if (!gone.ids.empty()) announcer_.add(std::move(gone));
    }
}

void State::marked(const mail::Marks& marks, bool announce)
{
    if (is_pending(marks.key)) {
        of_pending_.insert_or_assign(marks.key, marks);
        return;
    }
    const bool read_changed = slots_.set_read(marks.key, marks.read);
    const bool tags_changed = marks.tags && slots_.set_tags(marks.key, clean_tags(*marks.tags));
    if (!announce || !announcer_.is_wanted() || (!read_changed && !tags_changed)) return;
    const auto id = id_of(marks.key);
    if (id.empty()) return;
    if (read_changed) announcer_.add(Announcer::Read{id, marks.read});
    if (tags_changed) announcer_.add(Announcer::Tagged{id, clean_tags(*marks.tags)});
}

bool State::is_pending(std::int64_t key) const
{
    return std::ranges::binary_search(pending_, key);
}

std::string State::id_of(std::int64_t key) const
{
    const auto* slot = slots_.find(key);
    if (!slot) return {};
    const auto head = read_head(*shelf_, *slot);
    return head ? head->entry.arrival.id : "";
}

std::vector<std::int64_t> State::next(std::size_t most) const
{
    const auto count = static_cast<std::ptrdiff_t>(std::min(most, pending_.size()));
    return {pending_.begin(), pending_.begin() + count};
}

FileResult<void> State::add(std::vector<Prepared> messages)
{
    std::erase_if(messages, [this](const Prepared& one) { return !is_pending(one.head.key); });
    if (messages.empty()) return {};
    const auto placed = shelf_->append(messages);
    if (!placed) return std::unexpected(placed.error());
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const auto& record = (*placed)[i];
        auto& entry = messages[i].head.entry;
        slots_.add(record.key, record.offset, record.size, record.tags);
        const auto known = of_pending_.extract(record.key);
        const std::int64_t keys[]{record.key};
        forget(keys);
        if (known) marked(known.mapped(), false);
        if (!announcer_.is_wanted()) continue;
        const auto* slot = slots_.find(record.key);
        entry.arrival.read = slot->read;
        entry.tags = slots_.tags().spelled(slot->tags);
        announcer_.add(Announcer::Added{std::move(entry)});
    }
    return {};
}

void State::forget(std::span<const std::int64_t> keys)
{
    for (const auto key : keys) {
        const auto place = std::ranges::lower_bound(pending_, key);
        if (place == pending_.end() || *place != key) continue;
        pending_.erase(place);
        of_pending_.erase(key);
    }
}

void State::move_to(std::shared_ptr<Shelf> shelf, const std::vector<Placed>& placed)
{
    shelf_ = std::move(shelf);
    for (const auto& record : placed) slots_.place(record.key, record.offset);
}

} // namespace portico::catalog
