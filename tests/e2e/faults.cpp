/// Preloaded into a server: lets its disk fail. FAULTS names a file; while there is one, each of
/// its lines "CALLS PATTERN ERRNO" lets calls fail for the paths that the pattern matches, as
///
///     write,sync */data/mail.db-wal 5
///
/// CALLS: write, sync (also of folders), read, truncate, remove, and open (to write or create).
#include "tests/e2e/preload.hpp"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <fnmatch.h>

namespace {

using preload::next;

/// Whether `call` is to fail for `path`; sets errno.
bool fails(const std::string& call, const std::string& path)
{
    static const char* const name = std::getenv("FAULTS");
    auto* file = name && !path.empty() ? std::fopen(name, "re") : nullptr;
    if (!file) return false;
    char calls[100];
    char pattern[1000];
    int number = 0;
    bool found = false;
    while (!found && std::fscanf(file, "%99s %999s %d", calls, pattern, &number) == 3) {
        auto named = ("," + std::string{calls} + ",").find("," + call + ",");
        found = named != std::string::npos && fnmatch(pattern, path.c_str(), 0) == 0;
    }
    std::fclose(file);
    if (found) errno = number;
    return found;
}

bool fails(const std::string& call, int descriptor)
{
    auto before = errno;
    if (fails(call, preload::path_of(descriptor))) return true;
    errno = before;
    return false;
}

bool open_fails(int folder, const char* path, int flags)
{
    bool writes = (flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0;
    return writes && fails("open", preload::path_at(folder, path));
}

} // namespace

// The C library's names. Those with 64 are the same functions where off_t has 64 bits.
extern "C" {

int openat(int folder, const char* path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    auto mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if (open_fails(folder, path, flags)) return -1;
    return next<int(int, const char*, int, ...)>("openat")(folder, path, flags, mode);
}
int openat64(int folder, const char* path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    auto mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return openat(folder, path, flags, mode);
}
int open(const char* path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    auto mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return openat(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    auto mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return openat(AT_FDCWD, path, flags, mode);
}

#define FAULTY(result, name, call, parameters, ...)                                                \
    result name parameters                                                                         \
    {                                                                                              \
        if (fails(call, descriptor)) return -1;                                                    \
        return next<result parameters>(#name)(__VA_ARGS__);                                        \
    }
FAULTY(ssize_t, write, "write", (int descriptor, const void* bytes, std::size_t size), descriptor,
       bytes, size)
FAULTY(ssize_t, writev, "write", (int descriptor, const iovec* parts, int count), descriptor, parts,
       count)
FAULTY(ssize_t, pwrite, "write", (int descriptor, const void* bytes, std::size_t size, off_t from),
       descriptor, bytes, size, from)
FAULTY(ssize_t, pwrite64, "write",
       (int descriptor, const void* bytes, std::size_t size, off_t from), descriptor, bytes, size,
       from)
FAULTY(ssize_t, pwritev, "write", (int descriptor, const iovec* parts, int count, off_t from),
       descriptor, parts, count, from)
FAULTY(ssize_t, pwritev64, "write", (int descriptor, const iovec* parts, int count, off_t from),
       descriptor, parts, count, from)
FAULTY(ssize_t, read, "read", (int descriptor, void* bytes, std::size_t size), descriptor, bytes,
       size)
FAULTY(ssize_t, pread, "read", (int descriptor, void* bytes, std::size_t size, off_t from),
       descriptor, bytes, size, from)
FAULTY(ssize_t, pread64, "read", (int descriptor, void* bytes, std::size_t size, off_t from),
       descriptor, bytes, size, from)
FAULTY(int, fsync, "sync", (int descriptor), descriptor)
FAULTY(int, fdatasync, "sync", (int descriptor), descriptor)

int ftruncate64(int descriptor, off_t size) noexcept
{
    if (fails("truncate", descriptor)) return -1;
    return next<int(int, off_t)>("ftruncate64")(descriptor, size);
}
int ftruncate(int descriptor, off_t size) noexcept
{
    return ftruncate64(descriptor, size);
}

int unlinkat(int folder, const char* name, int flags) noexcept
{
    if (fails("remove", preload::path_at(folder, name))) return -1;
    return next<int(int, const char*, int)>("unlinkat")(folder, name, flags);
}
int unlink(const char* path) noexcept
{
    return unlinkat(AT_FDCWD, path, 0);
}

} // extern "C"
