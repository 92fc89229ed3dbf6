#pragma once

#include "services/catalog/head.hpp"
#include "services/catalog/packed_file.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace portico::catalog {

/// A record that is in `heads`.
struct Placed {
    std::int64_t key;
    std::uint64_t offset;
    std::uint32_t size;
    std::vector<std::string> tags; // those the message arrived with
};

/// The two files of a catalog: `heads` has a record for each message, `texts` what plain terms
/// search. Each begins with 32 octets that say what it is, which settings it was made with, and
/// which other file it belongs to. Nothing in them is changed once it is written. It blocks; like
/// its files, read by many threads and changed by one at a time.
class Shelf {
public:
    /// What may not differ: `settings` is a number for all that decides what is kept of a message.
    /// The files are `folder`/heads.`suffix` and texts.`suffix` until they are published.
    static FileResult<Shelf> create(const std::filesystem::path& folder, std::uint64_t settings,
                                    const std::string& suffix);

    struct Opened;
    /// What is there. All records are looked through: it ends at the first that is not whole, as a
    /// crash leaves it, and what is behind is cut off. `damaged` if these are no files of this
    /// version, of these settings, or of one another; `gone` if one is not there.
    static FileResult<Opened> open(const std::filesystem::path& folder, std::uint64_t settings);

    /// Adds messages. With an error none of them.
    FileResult<std::vector<Placed>> append(std::span<Prepared> messages);

    /// Files that were created are what open() finds from now on.
    FileResult<void> publish();
    /// Removes files that were created and will not be published.
    void discard();

    const PackedFile& heads() const { return heads_; }
    const PackedFile& texts() const { return texts_; }
    /// What is in the files survives a crash of the machine when it returns.
    FileResult<void> sync() const;

private:
    Shelf(std::filesystem::path folder, PackedFile heads, PackedFile texts)
        : folder_{std::move(folder)}, heads_{std::move(heads)}, texts_{std::move(texts)}
    {
    }
    FileResult<std::vector<Placed>> look_through();
    FileResult<bool> has_text(const TextPlace& place);

    std::filesystem::path folder_;
    PackedFile heads_;
    PackedFile texts_;
};

struct Shelf::Opened {
    Shelf shelf;
    std::vector<Placed> records; // as they stand in the file
    std::uint64_t cut_off = 0;   // octets of `heads`
};

} // namespace portico::catalog
