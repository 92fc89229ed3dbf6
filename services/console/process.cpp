#include "services/console/process.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/resource.h>
#include <system_error>
#include <unistd.h>

namespace portico::console {

Process this_process()
{
    Process process{};
    rusage usage{};
    if (::getrusage(RUSAGE_SELF, &usage) == 0) {
        const auto seconds = [](const timeval& time) {
            return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
        };
        process.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    }
    std::uint64_t size = 0;
    std::uint64_t resident = 0; // in pages: proc(5), statm
    if (std::ifstream{"/proc/self/statm"} >> size >> resident)
        process.resident_bytes = resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    std::error_code error;
    const std::filesystem::directory_iterator files{"/proc/self/fd", error};
    if (!error) process.open_files = static_cast<std::uint64_t>(std::distance(begin(files), {}));
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) process.most_open_files = limit.rlim_cur;
    return process;
}

} // namespace portico::console
