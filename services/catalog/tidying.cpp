// Keeper::tidy_up(): the files do not grow with what is gone, and what is in them gets to the disk.

#include "services/catalog/keeper.hpp"
#include "services/catalog/search.hpp"

#include <algorithm>
#include <span>

namespace portico::catalog {

namespace {

constexpr std::uint64_t sync_every = 16 << 20; // octets of texts
constexpr std::size_t few = 64;                // that are copied while nobody else can look
constexpr int most_rounds = 10;
constexpr std::chrono::minutes after_failure{1};

FileResult<Prepared> read(const Shelf& shelf, const Slot& slot)
{
    auto head = read_head(shelf, slot);
    if (!head) return std::unexpected(std::move(head.error()));
    Prepared message{std::move(*head), {}};
    const auto& place = message.head.text;
    if (auto text = shelf.texts().read(place.offset, place.size, message.text); !text)
        return std::unexpected(std::move(text.error()));
    return message;
}

FileResult<void> copy(const Shelf& from, std::span<const Slot> slots, Shelf& to,
                      std::vector<Placed>& placed)
{
    for (std::size_t done = 0; done < slots.size();) {
        std::vector<Prepared> messages;
        for (; done < slots.size() && messages.size() < few; ++done) {
            auto message = read(from, slots[done]);
            if (!message) return std::unexpected(std::move(message.error()));
            messages.push_back(std::move(*message));
        }
        auto added = to.append(messages);
        if (!added) return std::unexpected(std::move(added.error()));
        std::ranges::move(*added, std::back_inserter(placed));
    }
    return {};
}

std::vector<Slot> without(const std::vector<Slot>& slots, std::vector<Placed>& placed)
{
    std::ranges::sort(placed, {}, &Placed::key);
    std::vector<Slot> left;
    std::ranges::copy_if(slots, std::back_inserter(left), [&](const Slot& slot) {
        return !std::ranges::binary_search(placed, slot.key, {}, &Placed::key);
    });
    return left;
}

} // namespace

void Keeper::tidy_up()
{
    const auto generation_before = generation();
    const auto now = std::chrono::steady_clock::now();
    auto done = now < rewrite_again_ ? FileResult<void>{} : rewrite();
    if (!done) {
        rewrite_again_ = now + after_failure; // it is a lot to write, where there may be no room
        if (done.error().kind == mail::StoreError::damaged)
            give_up(generation_before, done.error().what);
        else
            trouble_.failed(done.error().what);
    }
    if (auto synced = sync(); !synced) trouble_.failed(synced.error().what);
}

bool Keeper::is_wasteful() const
{
    if (!ready_ || files_ != Files::open) return false;
    const auto used = state_.slots().octets(), all = state_.shelf()->heads().size();
    return all > settings_.rewrite_from && all > 2 * used;
}

FileResult<void> Keeper::rewrite()
{
    std::shared_ptr<Shelf> old;
    std::vector<Slot> left;
    {
        const std::lock_guard lock{mutex_};
        if (!is_wasteful()) return {};
        old = state_.shelf();
        left = state_.slots().all();
    }
    auto fresh = Shelf::create(folder_, settings_.number(), "rewritten");
    if (!fresh) return std::unexpected(std::move(fresh.error()));
    std::vector<Placed> placed;
    FileResult<bool> swapped{false};
    for (int round = 0; round < most_rounds && swapped && !*swapped; ++round) {
        if (auto copied = copy(*old, left, *fresh, placed); !copied)
            swapped = std::unexpected(std::move(copied.error()));
        else if (auto synced = fresh->sync(); !synced)
            swapped = std::unexpected(std::move(synced.error()));
        else
            swapped = swap(old, *fresh, placed, left);
    }
    if (swapped && *swapped) return {};
    fresh->discard();
    if (!swapped) return std::unexpected(std::move(swapped.error()));
    return {};
}

/// Once it has copied what came meanwhile; false if that is too much to do under the lock, and then
/// it is `left`.
FileResult<bool> Keeper::swap(const std::shared_ptr<Shelf>& old, Shelf& fresh,
                              std::vector<Placed>& placed, std::vector<Slot>& left)
{
    const std::lock_guard lock{mutex_};
    left.clear();
    if (state_.shelf() != old) return false; // they were made anew
    left = without(state_.slots().all(), placed);
    if (left.size() > few) return false;
    if (auto copied = copy(*old, left, fresh, placed); !copied)
        return std::unexpected(std::move(copied.error()));
    if (auto published = fresh.publish(); !published)
        return std::unexpected(std::move(published.error()));
    state_.move_to(std::make_shared<Shelf>(std::move(fresh)), placed);
    ++generation_;
    synced_ = state_.shelf()->texts().size();
    return true;
}

FileResult<void> Keeper::sync()
{
    std::shared_ptr<Shelf> shelf;
    {
        const std::lock_guard lock{mutex_};
        if (files_ != Files::open) return {};
        const auto size = state_.shelf()->texts().size();
        if (size < synced_ + sync_every) return {};
        synced_ = size;
        shelf = state_.shelf();
    }
    return shelf->sync();
}

} // namespace portico::catalog
