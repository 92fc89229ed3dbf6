#include "net/socket.hpp"

#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace portico::net {

namespace {

std::error_code last_error()
{
    return {errno, std::system_category()};
}

bool switch_on(int socket, int level, int option)
{
    const int on = 1;
    return ::setsockopt(socket, level, option, &on, sizeof on) == 0;
}

socklen_t to_sockaddr(const Endpoint& endpoint, sockaddr_storage& storage)
{
    storage = {};
    if (endpoint.address.is_v4()) {
        auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
        v4.sin_family = AF_INET;
        v4.sin_port = htons(endpoint.port);
        const auto bytes = endpoint.address.to_v4().to_bytes();
        std::memcpy(&v4.sin_addr, bytes.data(), bytes.size());
        return sizeof v4;
    }
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port);
    const auto address = endpoint.address.to_v6();
    const auto bytes = address.to_bytes();
    std::memcpy(&v6.sin6_addr, bytes.data(), bytes.size());
    v6.sin6_scope_id = static_cast<std::uint32_t>(address.scope_id());
    return sizeof v6;
}

} // namespace

std::expected<FileDescriptor, std::error_code> bind_socket(const Endpoint& endpoint,
                                                           Sharing sharing)
{
    const bool tcp = endpoint.transport == Transport::tcp;
    const int family = endpoint.address.is_v4() ? AF_INET : AF_INET6;
    const int type = (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
    FileDescriptor socket{::socket(family, type, 0)};
    if (!socket) return std::unexpected{last_error()};
    sockaddr_storage address;
    const auto length = to_sockaddr(endpoint, address);
    // SO_REUSEADDR: a restart must not wait for the connections of the last run to time out. For
    // UDP it would mean sharing, so not there.
    const bool ready =
        (!tcp || switch_on(socket.get(), SOL_SOCKET, SO_REUSEADDR)) &&
        (!tcp || switch_on(socket.get(), IPPROTO_TCP, TCP_NODELAY)) &&
        (family == AF_INET || switch_on(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY)) &&
        (sharing == Sharing::alone || switch_on(socket.get(), SOL_SOCKET, SO_REUSEPORT)) &&
        ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), length) == 0 &&
        (!tcp || ::listen(socket.get(), SOMAXCONN) == 0);
    if (!ready) return std::unexpected{last_error()};
    // Where the system does not know it, a connection's read() calls recvmsg(2) once more.
    if (tcp) switch_on(socket.get(), IPPROTO_TCP, TCP_INQ);
    return socket;
}

std::expected<FileDescriptor, std::error_code> bind_local_socket(const std::string& path)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return std::unexpected{std::make_error_code(std::errc::filename_too_long)};
    path.copy(address.sun_path, path.size());
    FileDescriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!socket) return std::unexpected{last_error()};
    ::unlink(path.c_str());
    // Nobody can connect before listen(), so the mode is right before anyone could use it.
    if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 || ::listen(socket.get(), SOMAXCONN) != 0)
        return std::unexpected{last_error()};
    return socket;
}

std::error_code allow_sharing(int socket)
{
    return switch_on(socket, SOL_SOCKET, SO_REUSEPORT) ? std::error_code{} : last_error();
}

Endpoint to_endpoint(const sockaddr_storage& address, Transport transport)
{
    if (address.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
        return {transport, asio::ip::address_v4{ntohl(v4.sin_addr.s_addr)}, ntohs(v4.sin_port)};
    }
    if (address.ss_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
        asio::ip::address_v6::bytes_type bytes;
        std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
        return {transport, asio::ip::address_v6{bytes, v6.sin6_scope_id}, ntohs(v6.sin6_port)};
    }
    return {transport, {}, 0};
}

Endpoint local_endpoint(int socket, Transport transport)
{
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length);
    return to_endpoint(address, transport);
}

} // namespace portico::net
