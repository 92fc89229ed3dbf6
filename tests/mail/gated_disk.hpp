#pragma once

#include <sqlite3.h>

#include <condition_variable>
#include <mutex>

namespace portico::mail::test {

/// A disk that answers a commit's sync, that of the write-ahead log, only while its gate is open.
/// For all databases that are opened while it exists, which end before it does; one at a time.
class GatedDisk {
public:
    GatedDisk()
    {
        self = this;
        real_ = sqlite3_vfs_find(nullptr);
        vfs_ = *real_;
        vfs_.zName = "gated";
        vfs_.xOpen = open;
        sqlite3_vfs_register(&vfs_, 1);
    }
    ~GatedDisk()
    {
        sqlite3_vfs_unregister(&vfs_);
        sqlite3_vfs_register(real_, 1);
        self = nullptr;
    }
    GatedDisk(const GatedDisk&) = delete;
    GatedDisk& operator=(const GatedDisk&) = delete;

    void close_gate() { set(false); }
    void open_gate() { set(true); }
    /// Returns when a sync waits for the gate.
    void wait_for_a_sync()
    {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return waiting_ > 0; });
    }

private:
    void set(bool open)
    {
        std::lock_guard lock{mutex_};
        open_ = open;
        changed_.notify_all();
    }

    void pass()
    {
        std::unique_lock lock{mutex_};
        ++waiting_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return open_; });
        --waiting_;
    }

    static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* given)
    {
        const int code = self->real_->xOpen(vfs, name, file, flags, given);
        if (code != SQLITE_OK || (flags & SQLITE_OPEN_WAL) == 0) return code;
        std::lock_guard lock{self->mutex_};
        if (!self->methods_) {
            self->methods_ = file->pMethods;
            self->gated_ = *file->pMethods;
            self->gated_.xSync = sync;
        }
        file->pMethods = &self->gated_; // those of all logs are the same
        return code;
    }

    static int sync(sqlite3_file* file, int flags)
    {
        self->pass();
        return self->methods_->xSync(file, flags);
    }

    static inline GatedDisk* self = nullptr;
    sqlite3_vfs* real_ = nullptr;
    sqlite3_vfs vfs_{};
    const sqlite3_io_methods* methods_ = nullptr;
    sqlite3_io_methods gated_{};
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = true;
    int waiting_ = 0;
};

} // namespace portico::mail::test
