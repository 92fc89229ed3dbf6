#include "services/mail/wal_file.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <new>
#include <vector>

namespace portico::mail::sqlite {

namespace {

// A transaction that is larger goes in several pieces.
constexpr std::size_t most_waiting = 1 << 20;
constexpr std::size_t growth = 1 << 20;
// SQLite's own VFS takes no more than 128 KiB less one octet, and fails strangely.
constexpr std::size_t most_at_once = 64 << 10;

/// A WAL: the default VFS's file, and what is not written to it yet. SQLite allocates the room for
/// it, and for the other file right behind.
struct WalFile : sqlite3_file {
    sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(this + 1); }

    std::vector<char> waiting;
    sqlite3_int64 offset = 0; // of its first octet
    sqlite3_int64 size = 0;   // of the file

    int write_out()
    {
        if (waiting.empty()) return SQLITE_OK;
        const auto end = offset + static_cast<sqlite3_int64>(waiting.size());
        int code = SQLITE_OK;
        for (std::size_t done = 0; done < waiting.size() && code == SQLITE_OK;
             done += most_at_once) {
            const auto count = std::min(waiting.size() - done, most_at_once);
            code = file()->pMethods->xWrite(file(), waiting.data() + done, static_cast<int>(count),
                                            offset + static_cast<sqlite3_int64>(done));
        }
        waiting.clear();
        if (code == SQLITE_OK && end > size) grow(end);
        return code;
    }

    // For room that is wanted in advance no transaction fails.
    void grow(sqlite3_int64 end)
    {
        static constexpr std::array<char, most_at_once> zeros{};
        size = end;
        for (std::size_t more = 0; more < growth; more += zeros.size()) {
            if (file()->pMethods->xWrite(file(), zeros.data(), zeros.size(), size) != SQLITE_OK)
                return;
            size += zeros.size();
        }
    }
};

WalFile& wal(sqlite3_file* file)
{
    return *static_cast<WalFile*>(file);
}

int close(sqlite3_file* file)
{
    auto& self = wal(file);
    const int written = self.write_out();
    const int closed = self.file()->pMethods->xClose(self.file());
    self.~WalFile();
    return written != SQLITE_OK ? written : closed;
}

int read(sqlite3_file* file, void* bytes, int count, sqlite3_int64 offset)
{
    auto& self = wal(file);
    if (const int code = self.write_out(); code != SQLITE_OK) return code;
    return self.file()->pMethods->xRead(self.file(), bytes, count, offset);
}

int write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset)
{
    auto& self = wal(file);
    const auto end = self.offset + static_cast<sqlite3_int64>(self.waiting.size());
    if (self.waiting.size() >= most_waiting || (!self.waiting.empty() && offset != end))
        if (const int code = self.write_out(); code != SQLITE_OK) return code;
    if (self.waiting.empty()) self.offset = offset;
    const auto* from = static_cast<const char*>(bytes);
    self.waiting.insert(self.waiting.end(), from, from + count);
    return SQLITE_OK;
}

int truncate(sqlite3_file* file, sqlite3_int64 size)
{
    auto& self = wal(file);
    if (const int code = self.write_out(); code != SQLITE_OK) return code;
    self.size = size;
    return self.file()->pMethods->xTruncate(self.file(), size);
}

int sync(sqlite3_file* file, int flags)
{
    auto& self = wal(file);
    if (const int code = self.write_out(); code != SQLITE_OK) return code;
    return self.file()->pMethods->xSync(self.file(), flags);
}

int file_size(sqlite3_file* file, sqlite3_int64* size)
{
    auto& self = wal(file);
    if (const int code = self.write_out(); code != SQLITE_OK) return code;
    return self.file()->pMethods->xFileSize(self.file(), size);
}

int lock(sqlite3_file* file, int level)
{
    return wal(file).file()->pMethods->xLock(wal(file).file(), level);
}

int unlock(sqlite3_file* file, int level)
{
    return wal(file).file()->pMethods->xUnlock(wal(file).file(), level);
}

int check_lock(sqlite3_file* file, int* locked)
{
    return wal(file).file()->pMethods->xCheckReservedLock(wal(file).file(), locked);
}

int control(sqlite3_file* file, int what, void* argument)
{
    return wal(file).file()->pMethods->xFileControl(wal(file).file(), what, argument);
}

int sector_size(sqlite3_file* file)
{
    return wal(file).file()->pMethods->xSectorSize(wal(file).file());
}

int characteristics(sqlite3_file* file)
{
    return wal(file).file()->pMethods->xDeviceCharacteristics(wal(file).file());
}

constexpr sqlite3_io_methods methods = [] {
    sqlite3_io_methods all{};
    all.iVersion = 1;
    all.xClose = close;
    all.xRead = read;
    all.xWrite = write;
    all.xTruncate = truncate;
    all.xSync = sync;
    all.xFileSize = file_size;
    all.xLock = lock;
    all.xUnlock = unlock;
    all.xCheckReservedLock = check_lock;
    all.xFileControl = control;
    all.xSectorSize = sector_size;
    all.xDeviceCharacteristics = characteristics;
    return all;
}();

sqlite3_vfs* underlying = nullptr; // the default one

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags)
{
    if ((flags & SQLITE_OPEN_WAL) == 0)
        return underlying->xOpen(underlying, name, file, flags, out_flags);
    auto* self = new (file) WalFile{};
    int code = underlying->xOpen(underlying, name, self->file(), flags, out_flags);
    if (code == SQLITE_OK) code = self->file()->pMethods->xFileSize(self->file(), &self->size);
    if (self->file()->pMethods) // then SQLite closes it, whatever the code
        self->pMethods = &methods;
    else
        self->~WalFile();
    return code;
}

} // namespace

const char* wal_in_one_piece()
{
    static sqlite3_vfs vfs = [] {
        underlying = sqlite3_vfs_find(nullptr);
        auto made = *underlying; // with its data, by which its functions know it
        made.zName = "portico";
        made.pNext = nullptr;
        made.szOsFile = static_cast<int>(sizeof(WalFile)) + underlying->szOsFile;
        made.xOpen = open;
        return made;
    }();
    static const int registered = sqlite3_vfs_register(&vfs, 0);
    return registered == SQLITE_OK ? vfs.zName : nullptr;
}

} // namespace portico::mail::sqlite
