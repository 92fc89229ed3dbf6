#pragma once

#include "net/endpoint.hpp"
#include "net/file_descriptor.hpp"

#include <expected>
#include <string>
#include <sys/socket.h>
#include <system_error>

namespace portico::net {

enum class Sharing : bool { alone, with_other_loops };

/// A socket bound to `endpoint` (TCP: listening, and its connections inherit TCP_NODELAY and
/// TCP_INQ); IPv6
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
