#include "services/catalog/search.hpp"

#include <algorithm>
#include <span>
#include <string>

namespace portico::catalog {

namespace {

// Large enough that the calls do not count, small enough to stay in the processor's cache.
constexpr std::uint64_t piece_size = 256 << 10;
constexpr std::uint64_t largest_gap = 16 << 10; // that is read along

struct Text {
    Slot slot;
    std::uint64_t offset;
    std::uint64_t size;
};

std::uint64_t end_of(const Slot& slot)
{
    return slot.offset + slot.size;
}

std::uint64_t end_of(const Text& text)
{
    return text.offset + text.size;
}

/// So many of `extents`, which are in the order of their offsets, as are read in one piece; at
/// least one.
template <class Extent>
std::span<const Extent> piece_of(std::span<const Extent> extents)
{
    std::size_t count = 1;
    while (count < extents.size() &&
           end_of(extents[count]) - extents.front().offset <= piece_size &&
           extents[count].offset <= end_of(extents[count - 1]) + largest_gap)
        ++count;
    return extents.first(count);
}

template <class Extent>
FileResult<void> read(const PackedFile& file, std::span<const Extent> extents, std::string& piece)
{
    const std::uint64_t from = extents.front().offset, to = end_of(extents.back());
    auto done = file.read(from, to - from, piece);
    if (done && piece.size() < to - from)
        return std::unexpected(FileError{mail::StoreError::damaged, "a file ends too soon"});
    return done;
}

FileError no_record()
{
    return {mail::StoreError::damaged, "a record is not where it was written"};
}

class Search {
public:
    Search(const Shelf& shelf, const Plan& plan) : shelf_{shelf}, plan_{plan} {}

    FileResult<void> in_heads(std::span<const Slot> candidates)
    {
        while (!candidates.empty()) {
            const auto slots = piece_of(candidates);
            candidates = candidates.subspan(slots.size());
            if (auto done = read(shelf_.heads(), slots, piece_); !done) return done;
            if (auto done = in_piece(slots); !done) return done;
            if (auto done = in_texts(); !done) return done;
        }
        return {};
    }

    std::vector<Slot> take_found() { return std::move(found_); }

private:
    FileResult<void> in_piece(std::span<const Slot> slots)
    {
        texts_.clear();
        for (const auto& slot : slots) {
            const auto place = slot.offset - slots.front().offset;
            const auto head = HeadView::at(std::string_view{piece_}.substr(place, slot.size));
            if (!head || head->key() != slot.key || head->size() != slot.size)
                return std::unexpected(no_record());
            if (!plan_.allows(*head)) continue;
            const auto text = head->text();
            if (text.size > largest_text) return std::unexpected(no_record());
            if (plan_.needs_texts())
                texts_.push_back({slot, text.offset, text.size});
            else
                found_.push_back(slot);
        }
        return {};
    }

    FileResult<void> in_texts()
    {
        std::span<const Text> left{texts_};
        while (!left.empty()) {
            const auto texts = piece_of(left);
            left = left.subspan(texts.size());
            if (auto done = read(shelf_.texts(), texts, text_); !done) return done;
            places_.clear();
            for (const auto& text : texts)
                places_.push_back({text.offset - texts.front().offset, text.size});
            for (const auto index : plan_.allowed(text_, places_))
                found_.push_back(texts[index].slot);
        }
        return {};
    }

    const Shelf& shelf_;
    const Plan& plan_;
    std::string piece_, text_;
    std::vector<Text> texts_;
    std::vector<Plan::Text> places_;
    std::vector<Slot> found_;
};

} // namespace

FileResult<std::vector<Slot>> search(const Shelf& shelf, const Plan& plan,
                                     std::vector<Slot> candidates)
{
    if (!plan.needs_heads()) return candidates;
    const auto offset = [](const Slot& slot) { return std::uint64_t{slot.offset}; };
    std::ranges::sort(candidates, {}, offset);
    Search search{shelf, plan};
    if (auto done = search.in_heads(candidates); !done)
        return std::unexpected(std::move(done.error()));
    auto found = search.take_found();
    std::ranges::sort(found, {}, &Slot::key);
    return found;
}

FileResult<Head> read_head(const Shelf& shelf, const Slot& slot)
{
    std::string record;
    if (auto read = shelf.heads().read(slot.offset, slot.size, record); !read)
        return std::unexpected(std::move(read.error()));
    auto head = record.size() == slot.size ? decode(record) : std::nullopt;
    if (!head || head->key != slot.key) return std::unexpected(no_record());
    return std::move(*head);
}

} // namespace portico::catalog
