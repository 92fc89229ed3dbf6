#pragma once

#include <dlfcn.h>
#include <fcntl.h>
#include <string>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/// What libraries share that are preloaded into a server (LD_PRELOAD) and stand between it and the
/// C library. They are built without sanitizers, so that they go before any program.
namespace preload {

/// The function of this name that would be called without us.
template <class Function>
Function* next(const char* name)
{
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

/// What `descriptor` has open, "" if it has no path.
inline std::string path_of(int descriptor)
{
    char path[4096];
    auto length =
        readlink(("/proc/self/fd/" + std::to_string(descriptor)).c_str(), path, sizeof path);
    return length > 0 && path[0] == '/' ? std::string(path, static_cast<std::size_t>(length)) : "";
}

/// `name`, as a call takes it that is relative to an open folder.
inline std::string path_at(int folder, const std::string& name)
{
    if (name.starts_with('/')) return name;
    if (folder != AT_FDCWD) return path_of(folder) + "/" + name;
    char current[4096];
    return std::string{getcwd(current, sizeof current)} + "/" + name;
}

inline std::string folder_of(const std::string& path)
{
    return path.substr(0, path.rfind('/'));
}

} // namespace preload
