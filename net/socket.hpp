#pragma once

#include "net/endpoint.hpp"

#include <expected>
#include <string>
#include <sys/socket.h>
#include <system_error>
#include <utility>

namespace portico::net {

/// Owns a file descriptor.
class FileDescriptor {
public:
    FileDescriptor() = default;
    explicit FileDescriptor(int number) : number_{number} {}
    ~FileDescriptor() { reset(); }
    FileDescriptor(FileDescriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept
    {
        if (this != &other) reset(std::exchange(other.number_, -1));
        return *this;
    }

    int get() const { return number_; }
    int release() { return std::exchange(number_, -1); }
    void reset(int number = -1);
    explicit operator bool() const { return number_ >= 0; }

private:
    int number_ = -1;
};

enum class Sharing : bool { alone, with_other_loops };

/// A socket bound to `endpoint` (TCP: listening, and its connections inherit TCP_NODELAY); IPv6
/// sockets take IPv6 only. Sharing is SO_REUSEPORT, before the bind.
std::expected<FileDescriptor, std::error_code> bind_socket(const Endpoint& endpoint,
                                                           Sharing sharing);

/// A listening UNIX-domain socket at `path`, in place of what was left there; mode 0600.
std::expected<FileDescriptor, std::error_code> bind_local_socket(const std::string& path);

/// Lets later sockets share the port of one that was bound alone.
std::error_code allow_sharing(int socket);

/// This side's endpoint of a socket of `transport`.
Endpoint local_endpoint(int socket, Transport transport);
Endpoint to_endpoint(const sockaddr_storage& address, Transport transport);

} // namespace portico::net
