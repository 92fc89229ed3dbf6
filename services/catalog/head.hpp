#pragma once

#include "services/catalog/entry.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portico::catalog {

inline constexpr std::size_t largest_text = 16 << 20; // of `[console] search_text`

/// Where in `texts` a message's search text is.
struct TextPlace {
    std::uint64_t offset = 0;
    std::uint32_t size = 0;
    std::uint64_t checksum = 0;

    bool operator==(const TextPlace&) const = default;
};

/// What `heads` keeps of a message: an entry as a list shows it, with the tags it arrived with and
/// without the envelope's recipients, and the facts that terms of a search ask for, but the text.
struct Head {
    std::int64_t key = 0; // the store's
    Entry entry = {};
    Facts facts = {};
    TextPlace text = {};
};

/// What is known of a message once it has been read, but for its place.
struct Prepared {
    Head head = {};
    std::string text = {};
};

/// The fields a record has of the facts, in the order they stand in it.
enum class FactField : std::uint8_t { from, to, cc, bcc, reply_to, subject, message_id };
inline constexpr std::size_t fact_fields = 7;

/// A record where it stands, as a search looks at it.
class HeadView {
public:
    /// The record at the front of `octets`, or nothing if it is cut off or cannot be one. Looks at
    /// its bounds only: decode() checks all of it.
    static std::optional<HeadView> at(std::string_view octets);

    std::size_t size() const { return octets_.size(); }
    std::int64_t key() const;
    std::chrono::sys_time<std::chrono::milliseconds> created() const;
    std::uint64_t message_size() const;
    std::uint32_t attachments() const;
    bool inlines() const;
    TextPlace text() const;
    std::string_view fact(FactField field) const;
    /// Those it arrived with.
    std::vector<std::string> tags() const;
    /// Whether it is as encode() made it.
    bool is_whole() const;
    std::string_view octets() const { return octets_; }

private:
    friend std::optional<Head> decode(std::string_view octets);
    explicit HeadView(std::string_view octets) : octets_{octets} {}
    std::string_view entry() const;

    std::string_view octets_; // the whole record
};

/// A record may be as large as this, and a message's larger texts and lists are cut (shorten).
inline constexpr std::size_t largest_head = 4 << 20;
inline constexpr std::size_t smallest_head = 92; // with every text empty: what stands in front

/// Integers in a record are little-endian:
///
///      0  u32  size of the record
///      4  u32  bit 0: inline parts
///      8  u64  XXH3 of all but this field
///     16  i64  key            24  i64  created, milliseconds      32  u64  size of the source
///     40  u64  text: offset   48  u64  checksum    56  u32  size  60  u32  attachments
///     64  7 x u32  where each fact ends, counted from 92; then the facts
///
/// and behind them the entry's texts, each a u32 of octets and so many octets, and its lists, each
/// a u32 of how many.
std::string encode(const Head& head);

/// The record at the front of `octets`. Nothing if it is not there whole, or not as encode() made
/// it. `facts` has no text, tags nor state.
std::optional<Head> decode(std::string_view octets);

/// Leaves out what a list need not show in full: texts past 16 KiB, of all its addresses what is
/// past 256 KiB, more than 100 tags.
void shorten(Entry& entry);

} // namespace portico::catalog
