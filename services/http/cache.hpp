#pragma once

#include "services/http/files.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
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

/// Small files that were asked for lately, so that a hot one is not opened and read each time.
/// Knows no file system, no clock and no lock: each loop has its own.
class Cache {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// How long a file is taken to be what it was: a change shows within that.
    static constexpr std::chrono::milliseconds trusted{1000};

    struct Counters {
        std::uint64_t hits = 0;
        std::uint64_t misses = 0; // or no longer to be trusted
        std::uint64_t evictions = 0;
    };

    /// `most` octets in all, with what an entry costs beside its content; 0: nothing is kept.
    explicit Cache(std::size_t most) : most_{most} {}
    Cache(Cache&&) = default;
    Cache& operator=(Cache&&) = default;

    /// The file of this name, if that is still to be trusted; else null.
    std::shared_ptr<const SmallFile> find(std::string_view name, Time now);

    /// The file of this name as it once was, or null: need not be read again if it is the same.
    std::shared_ptr<const SmallFile> known(std::string_view name) const;

    /// What a look at the file has shown that began at `when`; null: there is no such small file.
    void learn(std::string_view name, std::shared_ptr<const SmallFile> file, Time when);

    std::size_t size() const { return entries_.size(); }
    std::size_t octets() const { return octets_; }
    const Counters& counters() const { return counters_; }

private:
    struct Entry {
        std::string name;
        std::shared_ptr<const SmallFile> file;
        Time looked_at;
    };
    using Entries = std::list<Entry>; // the one asked for last comes first

    static std::size_t cost(std::string_view name, const SmallFile& file);
    void forget(Entries::iterator entry);

    std::size_t most_;
    std::size_t octets_ = 0;
    Entries entries_;
    std::unordered_map<std::string_view, Entries::iterator> index_; // by the entries' own names
    Counters counters_;
};

} // namespace portico::http
