#include "net/holder.hpp"

#include <fmt/core.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>

namespace portico::net {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view tcp_listen = "0A"; // the state's number in /proc/net/tcp
constexpr std::string_view udp_bound = "07";

// The inodes of the sockets bound to this port, from a table such as /proc/net/tcp:
//   sl  local_address rem_address   st ... inode
//    0: 0100007F:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 12345 ...
std::set<std::string> bound_sockets(const std::string& table, std::uint16_t port,
                                    std::string_view state)
{
    std::set<std::string> inodes;
    std::ifstream file{table};
    std::string line;
    std::getline(file, line); // the heading
    const auto wanted = fmt::format(":{:04X}", port);
    while (std::getline(file, line)) {
        std::istringstream fields{line};
        std::string number, local, remote, st, queues, timer, retries, uid, timeout, inode;
        fields >> number >> local >> remote >> st >> queues >> timer >> retries >> uid >> timeout >>
            inode;
        if (st == state && local.ends_with(wanted)) inodes.insert("socket:[" + inode + "]");
    }
    return inodes;
}

std::string first_line(const fs::path& path)
{
    std::ifstream file{path};
    std::string line;
    std::getline(file, line);
    return line;
}

} // namespace

std::optional<Holder> holder_of(const Endpoint& endpoint)
{
    const auto transport = std::string{to_string(endpoint.transport)};
    const auto state = endpoint.transport == Transport::udp ? udp_bound : tcp_listen;
    auto sockets = bound_sockets("/proc/net/" + transport, endpoint.port, state);
    sockets.merge(bound_sockets("/proc/net/" + transport + "6", endpoint.port, state));
    if (sockets.empty()) return std::nullopt;

    std::error_code ignored; // processes end while we look, and some are not ours to see
    for (const auto& process : fs::directory_iterator("/proc", ignored)) {
        const auto name = process.path().filename().string();
        int pid = 0;
        if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc{})
            continue;
        for (fs::directory_iterator fd{process.path() / "fd", ignored}, end; !ignored && fd != end;
             fd.increment(ignored)) {
            std::error_code unreadable;
            const auto target = fs::read_symlink(fd->path(), unreadable).string();
            if (!unreadable && sockets.contains(target))
                return Holder{pid, first_line(process.path() / "comm")};
        }
        ignored.clear();
    }
    return Holder{};
}

} // namespace portico::net
