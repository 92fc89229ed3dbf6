#pragma once

#include "services/http/files.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace portico::http {

/// Tells one state of a file from another without reading it.
struct FileVersion {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::chrono::nanoseconds modified{}; // since the epoch, as the file system tells it
    std::chrono::nanoseconds changed{};
    // A file system's clock is coarse. What changed just before it was read may have changed
    // again since, at what that clock calls the same time.
    bool settled = false;
};

/// Whether it is certain that a file that was `then` when it was read has not changed since.
bool is_same(const FileVersion& then, const FileVersion& now);

/// A small file as it was read, whole.
struct SmallFile {
    File file{};
    FileVersion version;
    std::string content;
};

/// What the last look at a name has shown.
struct Hot {
    std::shared_ptr<const SmallFile> file;  // null: there is none
    FileError error = FileError::not_found; // and why, then
    PreparedSet prepared = {};              // of this version of the file
};

/// Small files that were asked for lately, so that a hot one is not opened and read each time; and
/// names that were asked for and are none. Knows no file system, no clock and no lock: each loop
/// has its own.
class Cache {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// Of a file: the root it is beneath, by a number of the caller's, and Path::file.
    struct Name {
        std::size_t root;
        std::string_view file;

        bool operator==(const Name&) const = default;
    };

    /// How long a name is taken to be what it was: a change shows within that.
    static constexpr std::chrono::milliseconds trusted{1000};

    struct Counters {
        std::uint64_t hits = 0;   // of files and of names that are none
        std::uint64_t misses = 0; // or no longer to be trusted
        std::uint64_t evictions = 0;
    };

    /// `most` octets in all, with what an entry costs beside its content; 0: nothing is kept. An
    /// eighth of it is for names that are none, so that whoever guesses drives no file out.
    explicit Cache(std::size_t most) : files_{.most = most - most / 8}, none_{.most = most / 8} {}
    Cache(Cache&&) = default;
    Cache& operator=(Cache&&) = default;

    /// What is known of the name, if that is still to be trusted; else null. Valid until the next
    /// learn() or prepare().
    const Hot* find(const Name& name, Time now);

    /// What was known of it, however long ago, or null: a file need not be read again if it is the
    /// same. As long valid.
    const Hot* known(const Name& name) const;

    /// What a look has shown that began at `when`: a small file, another file (null), or none. The
    /// same SmallFile again keeps what is prepared of it.
    void learn(const Name& name, std::expected<std::shared_ptr<const SmallFile>, FileError> outcome,
               Time when);

    /// Keeps it with `file`, and as long as that, if that still is what the name stands for.
    void prepare(const Name& name, const SmallFile& file, Coding coding,
                 std::shared_ptr<const Prepared> prepared);

    std::size_t size() const { return index_.size(); }
    std::size_t octets() const { return files_.octets + none_.octets; }
    const Counters& counters() const { return counters_; }

private:
    struct Entry {
        std::size_t root;
        std::string name;
        Hot hot;
        Time looked_at;
        std::size_t octets; // what it costs
    };
    using Entries = std::list<Entry>; // the one asked for last comes first
    struct Shelf {
        std::size_t most;
        Entries entries = {};
        std::size_t octets = 0;
    };
    struct Hash {
        std::size_t operator()(const Name& name) const
        {
            return std::hash<std::string_view>{}(name.file) ^ (name.root * 0x9e3779b97f4a7c15U);
        }
    };

    Shelf& shelf_of(const Entry& entry) { return entry.hot.file ? files_ : none_; }
    bool make_room(Shelf& shelf, std::size_t wanted);
    void forget(Entries::iterator entry);

    Shelf files_;
    Shelf none_;
    std::unordered_map<Name, Entries::iterator, Hash> index_; // by the entries' own names
    Counters counters_;
};

} // namespace portico::http
