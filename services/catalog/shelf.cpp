#include "services/catalog/shelf.hpp"

#include "services/catalog/octets.hpp"
#include "services/mail/checksum.hpp"
#include "services/mail/id.hpp"

#include <algorithm>
#include <optional>

namespace portico::catalog {

namespace {

constexpr std::string_view heads_mark = "PtHeads1", texts_mark = "PtTexts1";
constexpr std::size_t front_size = 32;
constexpr std::size_t piece_size = 1 << 20;
// What a crash of the machine may have left unwritten: more than the kernel keeps for long.
constexpr std::uint64_t tail_of_texts = 32 << 20;

std::uint64_t checksum_of(std::string_view octets)
{
    mail::Checksum checksum;
    checksum.add(octets);
    return checksum.value();
}

std::string front(std::string_view mark, std::uint64_t settings, std::uint64_t pair)
{
    std::string octets{mark};
    put(octets, settings);
    put(octets, pair);
    put(octets, checksum_of(octets));
    return octets;
}

/// The number that it shares with its other file, if it is one of ours.
FileResult<std::optional<std::uint64_t>> pair_of(const PackedFile& file, std::string_view mark,
                                                 std::uint64_t settings)
{
    std::string octets;
    if (auto read = file.read(0, front_size, octets); !read)
        return std::unexpected(std::move(read.error()));
    if (octets.size() < front_size) return std::nullopt;
    const auto pair = get<std::uint64_t>(octets, 16);
    if (octets != front(mark, settings, pair)) return std::nullopt;
    return pair;
}

std::filesystem::path heads_in(const std::filesystem::path& folder)
{
    return folder / "heads";
}

std::filesystem::path texts_in(const std::filesystem::path& folder)
{
    return folder / "texts";
}

} // namespace

FileResult<Shelf> Shelf::create(const std::filesystem::path& folder, std::uint64_t settings,
                                const std::string& suffix)
{
    if (auto created = mail::create_folder(folder); !created)
        return std::unexpected(std::move(created.error()));
    auto heads = PackedFile::open(folder / ("heads." + suffix), PackedFile::Mode::empty);
    if (!heads) return std::unexpected(std::move(heads.error()));
    auto texts = PackedFile::open(folder / ("texts." + suffix), PackedFile::Mode::empty);
    if (!texts) return std::unexpected(std::move(texts.error()));
    const auto pair = mail::random_bits().low;
    if (auto written = heads->append(front(heads_mark, settings, pair)); !written)
        return std::unexpected(std::move(written.error()));
    if (auto written = texts->append(front(texts_mark, settings, pair)); !written)
        return std::unexpected(std::move(written.error()));
    return Shelf{folder, std::move(*heads), std::move(*texts)};
}

FileResult<Shelf::Opened> Shelf::open(const std::filesystem::path& folder, std::uint64_t settings)
{
    auto heads = PackedFile::open(heads_in(folder), PackedFile::Mode::existing);
    if (!heads) return std::unexpected(std::move(heads.error()));
    auto texts = PackedFile::open(texts_in(folder), PackedFile::Mode::existing);
    if (!texts) return std::unexpected(std::move(texts.error()));
    const auto pair = pair_of(*heads, heads_mark, settings);
    if (!pair) return std::unexpected(pair.error());
    const auto other = pair_of(*texts, texts_mark, settings);
    if (!other) return std::unexpected(other.error());
    if (!*pair || *pair != *other)
        return std::unexpected(
            FileError{mail::StoreError::damaged, folder.string() + ": not files of this catalog"});
    Opened opened{Shelf{folder, std::move(*heads), std::move(*texts)}, {}};
    const auto size = opened.shelf.heads_.size();
    auto records = opened.shelf.look_through();
    if (!records) return std::unexpected(std::move(records.error()));
    opened.records = std::move(*records);
    opened.cut_off = size - opened.shelf.heads_.size();
    return opened;
}

FileResult<std::vector<Placed>> Shelf::look_through()
{
    std::vector<Placed> records;
    std::string piece;
    std::uint64_t offset = front_size, texts_end = front_size;
    for (std::size_t wanted = piece_size;;) {
        if (auto read = heads_.read(offset, wanted, piece); !read)
            return std::unexpected(std::move(read.error()));
        std::size_t place = 0;
        for (;;) {
            const auto head = HeadView::at(std::string_view{piece}.substr(place));
            if (!head || !head->is_whole()) break;
            const auto text = head->text();
            auto there = has_text(text);
            if (!there) return std::unexpected(std::move(there.error()));
            if (!*there) break;
            texts_end = text.offset + text.size + 1;
            records.push_back({head->key(), offset + place,
                               static_cast<std::uint32_t>(head->size()), head->tags()});
            place += head->size();
        }
        offset += place;
        // A record that does not go on in this piece may be larger than it.
        if (place == 0 && (wanted == largest_head || piece.size() < wanted)) break;
        wanted = place == 0 ? largest_head : piece_size;
    }
    if (auto cut = heads_.cut(offset); !cut) return std::unexpected(std::move(cut.error()));
    if (auto cut = texts_.cut(texts_end); !cut) return std::unexpected(std::move(cut.error()));
    return records;
}

FileResult<bool> Shelf::has_text(const TextPlace& place)
{
    // The one octet is what ends it.
    if (place.offset < front_size || place.offset + place.size + 1 > texts_.size()) return false;
    if (place.offset + tail_of_texts < texts_.size()) return true;
    std::string text;
    if (auto read = texts_.read(place.offset, place.size, text); !read)
        return std::unexpected(std::move(read.error()));
    return checksum_of(text) == place.checksum;
}

FileResult<std::vector<Placed>> Shelf::append(std::span<Prepared> messages)
{
    std::vector<Placed> placed;
    std::string heads, texts;
    for (auto& [head, text] : messages) {
        head.text = {.offset = texts_.size() + texts.size(),
                     .size = static_cast<std::uint32_t>(text.size()),
                     .checksum = checksum_of(text)};
        texts += text;
        texts += '\n'; // in no term: nothing is found across it
        const auto record = encode(head);
        placed.push_back({head.key, heads_.size() + heads.size(),
                          static_cast<std::uint32_t>(record.size()), head.entry.tags});
        heads += record;
    }
    const auto had = texts_.size();
    if (auto written = texts_.append(texts); !written)
        return std::unexpected(std::move(written.error()));
    if (auto written = heads_.append(heads); !written) {
        (void)texts_.cut(had);
        return std::unexpected(std::move(written.error()));
    }
    return placed;
}

FileResult<void> Shelf::publish()
{
    // Between the two they are not files of one another, and open() says so.
    if (auto renamed = texts_.rename(texts_in(folder_)); !renamed) return renamed;
    return heads_.rename(heads_in(folder_));
}

void Shelf::discard()
{
    heads_.remove();
    texts_.remove();
}

FileResult<void> Shelf::sync() const
{
    if (auto synced = texts_.sync(); !synced) return synced;
    return heads_.sync();
}

} // namespace portico::catalog
