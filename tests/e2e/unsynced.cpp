/// Preloaded into a server: keeps beside its data what a power cut would leave of it. Everything
/// goes to the disk as it would without us, and
///  - a file's octets and its length are copied to the image when fsync or fdatasync of it returns,
///  - names (made, removed, renamed) when fsync of their folder does,
///  - nothing else is. So if the server is killed, the image is a disk that has kept no promise but
///    those POSIX makes, and less than any file system really keeps.
///
///   UNSYNCED_DATA    the folder; its tree and that of the image are the same at the start
///   UNSYNCED_IMAGE   the image: tree/ is what is left, inodes/ are its files under numbers
///   UNSYNCED_SEED    some of what was not synced is on the disk all the same, at random: sectors
///                    of writes in any order, names, lengths. Without it: nothing is.
///   UNSYNCED_IGNORE  "bodies" or "mail.db-wal": a folder or file of which a sync does nothing;
///                    "bodies/": of what is in it. To see that somebody notices.
///
/// What it does not know (mmap, io_uring, copy_file_range, O_DSYNC) never gets to the image, which
/// shows as mail that is lost. SQLite's -shm is made anew after a crash and left out.
#include "tests/e2e/preload.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string_view>
#include <sys/stat.h>
#include <utility>
#include <vector>

namespace {

using preload::folder_of;
using preload::next;
using preload::path_of;

constexpr off_t sector = 512;

/// A file: where its octets are in the image, and which of them are older there.
struct Inode {
    explicit Inode(std::string kept)
        : image{std::move(kept)}, descriptor{next<int(const char*, int, ...)>("open")(
                                      image.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)}
    {
    }
    ~Inode() { next<int(int)>("close")(descriptor); }
    Inode(const Inode&) = delete;

    std::string image;
    int descriptor;
    std::map<off_t, off_t> dirty; // from, to
};
using File = std::shared_ptr<Inode>;

/// A name of a folder that was given or, without a file, taken away.
struct Entry {
    std::string path;
    File file;
    bool is_folder = false;
};

struct Open {
    std::string path;
    File file; // none: a folder
};

class Image {
public:
    Image()
    {
        data_ = text("UNSYNCED_DATA");
        image_ = text("UNSYNCED_IMAGE");
        ignored_ = text("UNSYNCED_IGNORE");
        hostile_ = !text("UNSYNCED_SEED").empty();
        random_.seed(std::strtoul(text("UNSYNCED_SEED").c_str(), nullptr, 10));
    }

    bool has(const std::string& path) const
    {
        return !data_.empty() && path.starts_with(data_) && !path.ends_with("-shm") &&
               (path.size() == data_.size() || path[data_.size()] == '/');
    }

    void opened(int descriptor, int flags)
    {
        auto path = path_of(descriptor);
        struct stat status = {};
        if (!has(path) || fstat(descriptor, &status) != 0) return;
        std::lock_guard lock{mutex_};
        if (S_ISDIR(status.st_mode)) {
            open_[descriptor] = {path, nullptr};
            return;
        }
        if (!S_ISREG(status.st_mode)) return;
        auto file = find(path);
        if (!file && (flags & O_CREAT) != 0) {
            file = make_inode();
            names_[path] = file;
            name({path, file});
        }
        if (!file) return; // to be read, and removed since
        if ((flags & O_TRUNC) != 0) shortened(*file, 0);
        open_[descriptor] = {path, file};
    }

    void closed(int descriptor)
    {
        std::lock_guard lock{mutex_};
        open_.erase(descriptor);
    }

    void written(int descriptor, off_t from, std::size_t size)
    {
        std::lock_guard lock{mutex_};
        auto open = open_.find(descriptor);
        if (open == open_.end() || !open->second.file) return;
        if (from < 0) from = lseek(descriptor, 0, SEEK_CUR) - static_cast<off_t>(size);
        auto to = from + static_cast<off_t>(size);
        mark(*open->second.file, from, to);
        if (chance(0.3)) leak(descriptor, *open->second.file, from, to);
        if (chance(0.05)) leak_of_another();
    }

    void cut(int descriptor, off_t size)
    {
        std::lock_guard lock{mutex_};
        auto open = open_.find(descriptor);
        if (open == open_.end() || !open->second.file) return;
        shortened(*open->second.file, size);
    }

    /// What a sync that begins now covers.
    struct Covered {
        bool nothing = true;
        File file;
        std::map<off_t, off_t> ranges;
        std::string folder;
        std::vector<Entry> names;
    };

    Covered begin_sync(int descriptor)
    {
        std::lock_guard lock{mutex_};
        auto open = open_.find(descriptor);
        if (open == open_.end() || is_ignored(open->second.path)) return {};
        Covered covered{
            .nothing = false, .file = open->second.file, .ranges = {}, .folder = {}, .names = {}};
        if (covered.file)
            covered.ranges = std::exchange(covered.file->dirty, {});
        else {
            covered.folder = open->second.path;
            covered.names = std::exchange(pending_[covered.folder], {});
        }
        return covered;
    }

    void end_sync(int descriptor, Covered covered, bool done)
    {
        if (covered.nothing) return;
        std::lock_guard lock{mutex_};
        if (!done) {
            // As with a disk that fails: nobody knows. Here: it is as it was before.
            for (auto [from, to] : covered.ranges) mark(*covered.file, from, to);
            if (covered.names.empty()) return;
            auto& pending = pending_[covered.folder];
            pending.insert(pending.begin(), covered.names.begin(), covered.names.end());
            return;
        }
        if (covered.file) {
            for (auto [from, to] : covered.ranges) copy(descriptor, *covered.file, from, to);
            take_length(descriptor, *covered.file);
        }
        for (auto& entry : covered.names) apply(entry);
    }

    void removed(const std::string& path)
    {
        if (!has(path)) return;
        std::lock_guard lock{mutex_};
        names_[path] = nullptr;
        name({path, nullptr});
    }

    void renamed(const std::string& from, const std::string& to)
    {
        if (!has(to)) return;
        std::lock_guard lock{mutex_};
        auto file = find(from);
        names_[to] = file;
        name({to, file});
        names_[from] = nullptr;
        if (has(from)) name({from, nullptr});
    }

    void linked(const std::string& from, const std::string& to)
    {
        if (!has(to)) return;
        std::lock_guard lock{mutex_};
        names_[to] = find(from);
        name({to, names_[to]});
    }

    void made_folder(const std::string& path)
    {
        if (!has(path)) return;
        std::lock_guard lock{mutex_};
        name({path, nullptr, true});
    }

private:
    static std::string text(const char* variable)
    {
        const char* value = std::getenv(variable);
        return value ? value : "";
    }

    bool chance(double of) { return hostile_ && std::bernoulli_distribution{of}(random_); }

    std::string in_tree(const std::string& path) const
    {
        return image_ + "/tree" + path.substr(data_.size());
    }

    bool is_ignored(const std::string& path) const
    {
        if (ignored_.empty()) return false;
        auto name = path.substr(std::min(path.size(), data_.size() + 1));
        return name == ignored_ || (ignored_.ends_with('/') && name.starts_with(ignored_));
    }

    File make_inode()
    {
        return std::make_shared<Inode>(image_ + "/inodes/" + std::to_string(++inodes_));
    }

    /// The file that has this name now; one that was there from the start gets its number here.
    File find(const std::string& path)
    {
        if (auto known = names_.find(path); known != names_.end()) return known->second;
        auto number = image_ + "/inodes/" + std::to_string(inodes_ + 1);
        auto link = next<int(const char*, const char*)>("link");
        if (link(in_tree(path).c_str(), number.c_str()) != 0) return nullptr;
        return names_[path] = make_inode();
    }

    static void mark(Inode& file, off_t from, off_t to)
    {
        auto first = file.dirty.upper_bound(from);
        if (first != file.dirty.begin() && std::prev(first)->second >= from) --first;
        while (first != file.dirty.end() && first->first <= to) {
            from = std::min(from, first->first);
            to = std::max(to, first->second);
            first = file.dirty.erase(first);
        }
        file.dirty[from] = to;
    }

    /// Octets behind the end are zeros if the file grows again, and have to become so.
    void shortened(Inode& file, off_t size)
    {
        struct stat kept = {};
        if (fstat(file.descriptor, &kept) != 0 || kept.st_size <= size) return;
        if (chance(0.2))
            (void)next<int(int, off_t)>("ftruncate")(file.descriptor, size);
        else
            mark(file, size, kept.st_size);
    }

    /// What the server has at [from, to) goes to the image.
    static void copy(int descriptor, Inode& file, off_t from, off_t to)
    {
        static thread_local std::vector<char> bytes(256 << 10);
        // The descriptor may be for writing only.
        auto real = next<int(const char*, int, ...)>("open")(
            ("/proc/self/fd/" + std::to_string(descriptor)).c_str(), O_RDONLY | O_CLOEXEC);
        while (real >= 0 && from < to) {
            auto want = std::min<std::size_t>(bytes.size(), static_cast<std::size_t>(to - from));
            auto got = pread(real, bytes.data(), want, from);
            if (got <= 0) break; // what is behind the end
            next<ssize_t(int, const void*, std::size_t, off_t)>("pwrite")(
                file.descriptor, bytes.data(), static_cast<std::size_t>(got), from);
            from += got;
        }
        if (real >= 0) next<int(int)>("close")(real);
    }

    static void take_length(int descriptor, Inode& file)
    {
        struct stat status = {};
        if (fstat(descriptor, &status) == 0)
            (void)next<int(int, off_t)>("ftruncate")(file.descriptor, status.st_size);
    }

    /// Sectors of it, each or not, are on the disk before anybody asks.
    void leak(int descriptor, Inode& file, off_t from, off_t to)
    {
        for (auto at = from; at < to;) {
            auto end = std::min(to, (at / sector + 1) * sector);
            if (chance(0.5)) copy(descriptor, file, at, end);
            at = end;
        }
    }

    void leak_of_another()
    {
        auto other = open_.begin();
        std::advance(other,
                     std::uniform_int_distribution<std::size_t>{0, open_.size() - 1}(random_));
        auto& file = other->second.file;
        if (!file || file->dirty.empty()) return;
        auto range = file->dirty.begin();
        std::advance(
            range, std::uniform_int_distribution<std::size_t>{0, file->dirty.size() - 1}(random_));
        leak(other->first, *file, range->first,
             std::min(range->second, range->first + 64 * sector));
    }

    void name(Entry entry)
    {
        auto& pending = pending_[folder_of(entry.path)];
        pending.push_back(entry);
        if (!chance(0.2)) return;
        // With it all that this name was before, in that order.
        auto same = std::stable_partition(pending.begin(), pending.end(), [&](const Entry& other) {
            return other.path != entry.path;
        });
        std::vector<Entry> early{same, pending.end()};
        pending.erase(same, pending.end());
        for (auto& each : early) apply(each);
    }

    void apply(const Entry& entry)
    {
        auto path = in_tree(entry.path);
        bool lacks_folder = access(folder_of(path).c_str(), F_OK) != 0;
        if (lacks_folder) { // its own name is not on the disk
            pending_[folder_of(entry.path)].push_back(entry);
        } else if (entry.is_folder) {
            (void)next<int(const char*, mode_t)>("mkdir")(path.c_str(), 0700);
        } else {
            (void)next<int(const char*)>("unlink")(path.c_str());
            if (entry.file)
                (void)next<int(const char*, const char*)>("link")(entry.file->image.c_str(),
                                                                  path.c_str());
        }
    }

    std::mutex mutex_;
    std::string data_;
    std::string image_;
    std::string ignored_;
    bool hostile_ = false;
    std::mt19937 random_;
    std::size_t inodes_ = 0;
    std::map<int, Open> open_;                          // by descriptor
    std::map<std::string, File> names_;                 // as of now; none: it was removed
    std::map<std::string, std::vector<Entry>> pending_; // by folder, not on the disk yet
};

/// Never destroyed: threads may write until the process has ended.
Image& image()
{
    static auto* only = new Image;
    return *only;
}

int opened(int descriptor, int flags)
{
    if (descriptor >= 0) image().opened(descriptor, flags);
    return descriptor;
}

ssize_t written(int descriptor, ssize_t size, off_t from = -1)
{
    if (size > 0) image().written(descriptor, from, static_cast<std::size_t>(size));
    return size;
}

int synced(const char* name, int descriptor)
{
    auto covered = image().begin_sync(descriptor);
    auto result = next<int(int)>(name)(descriptor);
    auto error = errno;
    image().end_sync(descriptor, std::move(covered), result == 0);
    errno = error;
    return result;
}

int cut(const char* name, int descriptor, off_t size)
{
    auto result = next<int(int, off_t)>(name)(descriptor, size);
    if (result == 0) image().cut(descriptor, size);
    return result;
}

mode_t mode_of(int flags, va_list arguments)
{
    return (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
}

} // namespace

// The C library's names. Those with 64 are the same functions where off_t has 64 bits.
extern "C" {

#define UNSYNCED_OPEN(name)                                                                        \
    int name(const char* path, int flags, ...)                                                     \
    {                                                                                              \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        auto mode = mode_of(flags, arguments);                                                     \
        va_end(arguments);                                                                         \
        return opened(next<int(const char*, int, ...)>(#name)(path, flags, mode), flags);          \
    }
UNSYNCED_OPEN(open)
UNSYNCED_OPEN(open64)

#define UNSYNCED_OPENAT(name)                                                                      \
    int name(int folder, const char* path, int flags, ...)                                         \
    {                                                                                              \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        auto mode = mode_of(flags, arguments);                                                     \
        va_end(arguments);                                                                         \
        return opened(next<int(int, const char*, int, ...)>(#name)(folder, path, flags, mode),     \
                      flags);                                                                      \
    }
UNSYNCED_OPENAT(openat)
UNSYNCED_OPENAT(openat64)

int __open_2(const char* path, int flags)
{
    return open(path, flags);
}
int __open64_2(const char* path, int flags)
{
    return open(path, flags);
}
int __openat_2(int folder, const char* path, int flags)
{
    return openat(folder, path, flags);
}
int __openat64_2(int folder, const char* path, int flags)
{
    return openat(folder, path, flags);
}
int creat(const char* path, mode_t mode)
{
    return open(path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int close(int descriptor)
{
    image().closed(descriptor); // before the number can be another file's
    return next<int(int)>("close")(descriptor);
}

ssize_t write(int descriptor, const void* bytes, std::size_t size)
{
    return written(descriptor,
                   next<ssize_t(int, const void*, std::size_t)>("write")(descriptor, bytes, size));
}

ssize_t writev(int descriptor, const iovec* parts, int count)
{
    return written(descriptor,
                   next<ssize_t(int, const iovec*, int)>("writev")(descriptor, parts, count));
}

#define UNSYNCED_PWRITE(name)                                                                      \
    ssize_t name(int descriptor, const void* bytes, std::size_t size, off_t from)                  \
    {                                                                                              \
        auto real = next<ssize_t(int, const void*, std::size_t, off_t)>(#name);                    \
        return written(descriptor, real(descriptor, bytes, size, from), from);                     \
    }
UNSYNCED_PWRITE(pwrite)
UNSYNCED_PWRITE(pwrite64)

#define UNSYNCED_PWRITEV(name)                                                                     \
    ssize_t name(int descriptor, const iovec* parts, int count, off_t from)                        \
    {                                                                                              \
        auto real = next<ssize_t(int, const iovec*, int, off_t)>(#name);                           \
        return written(descriptor, real(descriptor, parts, count, from), from);                    \
    }
UNSYNCED_PWRITEV(pwritev)
UNSYNCED_PWRITEV(pwritev64)

int ftruncate(int descriptor, off_t size) noexcept
{
    return cut("ftruncate", descriptor, size);
}
int ftruncate64(int descriptor, off_t size) noexcept
{
    return cut("ftruncate64", descriptor, size);
}

int fsync(int descriptor)
{
    return synced("fsync", descriptor);
}
int fdatasync(int descriptor)
{
    return synced("fdatasync", descriptor);
}

int unlinkat(int folder, const char* name, int flags) noexcept
{
    auto path = preload::path_at(folder, name);
    auto result = next<int(int, const char*, int)>("unlinkat")(folder, name, flags);
    if (result == 0) image().removed(path);
    return result;
}
int unlink(const char* path) noexcept
{
    return unlinkat(AT_FDCWD, path, 0);
}

int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept
{
    auto old_path = preload::path_at(from_folder, from);
    auto new_path = preload::path_at(to_folder, to);
    auto real = next<int(int, const char*, int, const char*)>("renameat");
    auto result = real(from_folder, from, to_folder, to);
    if (result == 0) image().renamed(old_path, new_path);
    return result;
}
int rename(const char* from, const char* to) noexcept
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) noexcept
{
    auto old_path = preload::path_at(from_folder, from);
    auto new_path = preload::path_at(to_folder, to);
    auto real = next<int(int, const char*, int, const char*, int)>("linkat");
    auto result = real(from_folder, from, to_folder, to, flags);
    if (result == 0) image().linked(old_path, new_path);
    return result;
}

int link(const char* from, const char* to) noexcept
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int mkdir(const char* path, mode_t mode) noexcept
{
    auto result = next<int(const char*, mode_t)>("mkdir")(path, mode);
    if (result == 0) image().made_folder(preload::path_at(AT_FDCWD, path));
    return result;
}

} // extern "C"
