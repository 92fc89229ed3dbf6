#pragma once

#include "net/endpoint.hpp"
#include "net/socket.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace portico::tests {

/// A blocking client; every wait ends after ten seconds, as a failure.
class Client {
public:
    explicit Client(int family = AF_INET) : socket_{::socket(family, SOCK_STREAM, 0)} {}
    explicit Client(const net::Endpoint& server)
        : Client{server.address.is_v4() ? AF_INET : AF_INET6}
    {
        connect(server);
    }

    void connect(const net::Endpoint& server)
    {
        sockaddr_storage address{};
        socklen_t length = 0;
        if (server.address.is_v4()) {
            auto& v4 = reinterpret_cast<sockaddr_in&>(address);
            v4.sin_family = AF_INET;
            v4.sin_port = htons(server.port);
            v4.sin_addr.s_addr = htonl(server.address.to_v4().to_uint());
            length = sizeof v4;
        } else {
            auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
            v6.sin6_family = AF_INET6;
            v6.sin6_port = htons(server.port);
            const auto bytes = server.address.to_v6().to_bytes();
            std::memcpy(&v6.sin6_addr, bytes.data(), bytes.size());
            length = sizeof v6;
        }
        connected_ = ::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), length) == 0;
    }

    bool connected() const { return connected_; }

    /// So that the server meets a peer that takes little at a time. Before connect().
    void take_little()
    {
        const int octets = 4096;
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDBUF, &octets, sizeof octets);
    }

    void send(std::string_view bytes)
    {
        while (!bytes.empty()) {
            const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
    }

    /// Exactly `octets`, fewer if the server ends first.
    std::string receive(std::size_t octets)
    {
        std::string got;
        while (got.size() < octets && readable()) {
            char buffer[4096];
            const auto count =
                ::recv(socket_.get(), buffer, std::min(sizeof buffer, octets - got.size()), 0);
            if (count <= 0) break;
            got.append(buffer, static_cast<std::size_t>(count));
        }
        return got;
    }

    /// What comes next, "" at the end.
    std::string some()
    {
        if (!readable()) return "";
        char buffer[4096];
        const auto count = ::recv(socket_.get(), buffer, sizeof buffer, 0);
        return {buffer, count > 0 ? static_cast<std::size_t>(count) : 0};
    }

    /// Whether something comes, if only the end, within `wait`.
    bool comes_within(std::chrono::milliseconds wait) const
    {
        pollfd poll{socket_.get(), POLLIN, 0};
        return ::poll(&poll, 1, static_cast<int>(wait.count())) == 1;
    }

    /// All until the server closes.
    std::string rest() { return receive(std::string::npos); }

    void close_sending() { ::shutdown(socket_.get(), SHUT_WR); }
    void close() { socket_.reset(); }

    /// Closes so that the server is told of a reset (RST), not of an end.
    void reset()
    {
        const linger at_once{1, 0};
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close();
    }

private:
    bool readable() const { return comes_within(std::chrono::seconds{10}); }

    net::FileDescriptor socket_;
    bool connected_ = false;
};

} // namespace portico::tests
