#include "services/host/file_limit.hpp"

#include <algorithm>
#include <sys/resource.h>

namespace portico::host {

std::uint64_t raise_file_limit()
{
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    auto raised = limit;
    raised.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    return limit.rlim_cur;
}

std::uint32_t connections_for(std::uint64_t files)
{
    constexpr std::uint64_t reserve = 256;
    constexpr std::uint64_t most = 1'000'000; // an unlimited number of files is no promise
    const auto free = std::min(files, most * 2);
    const auto kept = reserve + free / 8;
    return static_cast<std::uint32_t>(free > kept ? std::min(free - kept, most) : 16);
}

} // namespace portico::host
