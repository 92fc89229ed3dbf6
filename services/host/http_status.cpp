#include "services/host/http_status.hpp"

#include "net/file_descriptor.hpp"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <netinet/in.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>

namespace portico::host {

namespace {

using Milliseconds = std::chrono::milliseconds;
using Failure = std::unexpected<std::string>;

constexpr std::size_t most_of_an_answer = 4096; // the status line is all that counts

/// Connected, and impatient; or why not.
std::expected<net::FileDescriptor, std::string> connect(const Question& question,
                                                        Milliseconds patience)
{
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    const bool is_v4 = ::inet_pton(AF_INET, question.address.c_str(), &v4.sin_addr) == 1;
    if (!is_v4 && ::inet_pton(AF_INET6, question.address.c_str(), &v6.sin6_addr) != 1)
        return Failure{fmt::format("{} is no address", question.address)};
    v4.sin_family = AF_INET;
    v6.sin6_family = AF_INET6;
    v4.sin_port = v6.sin6_port = htons(question.port);
    const auto* const address =
        is_v4 ? reinterpret_cast<sockaddr*>(&v4) : reinterpret_cast<sockaddr*>(&v6);
    const auto size = static_cast<socklen_t>(is_v4 ? sizeof v4 : sizeof v6);

    net::FileDescriptor socket{::socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(patience);
    const timeval wait{seconds.count(), std::chrono::microseconds{patience - seconds}.count()};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait); // connect()'s, too
    if (::connect(socket.get(), address, size) != 0) {
        if (errno == EINPROGRESS) errno = ETIMEDOUT;
        return Failure{std::strerror(errno)};
    }
    return socket;
}

std::string read_clear(int socket, std::string_view request)
{
    std::string answer(most_of_an_answer, '\0');
    const auto sent = ::send(socket, request.data(), request.size(), MSG_NOSIGNAL);
    std::size_t size = 0;
    while (sent == static_cast<ssize_t>(request.size()) && size < answer.size()) {
        const auto got = ::recv(socket, answer.data() + size, answer.size() - size, 0);
        if (got <= 0) break;
        size += static_cast<std::size_t>(got);
    }
    answer.resize(size);
    return answer;
}

// Whose certificate it is does not matter: nothing is told, and nothing is believed but a status.
std::string read_tls(int socket, std::string_view request)
{
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{
        SSL_CTX_new(TLS_client_method()), SSL_CTX_free};
    const std::unique_ptr<SSL, decltype(&SSL_free)> session{SSL_new(context.get()), SSL_free};
    SSL_set_fd(session.get(), socket);
    if (SSL_connect(session.get()) != 1) return {};
    std::string answer(most_of_an_answer, '\0');
    std::size_t size = 0;
    std::size_t done = 0;
    if (SSL_write_ex(session.get(), request.data(), request.size(), &done) != 1) return {};
    while (size < answer.size() &&
           SSL_read_ex(session.get(), answer.data() + size, answer.size() - size, &done) == 1)
        size += done;
    answer.resize(size);
    return answer;
}

} // namespace

std::expected<unsigned, std::string> http_status(const Question& question, Milliseconds patience)
{
    const auto socket = connect(question, patience);
    if (!socket) return Failure{socket.error()};
    const auto request =
        fmt::format("GET {} HTTP/1.0\r\nHost: localhost:{}\r\n\r\n", question.path, question.port);
    const auto answer =
        question.tls ? read_tls(socket->get(), request) : read_clear(socket->get(), request);
    constexpr std::string_view version = "HTTP/1.1 "; // RFC 9110 section 2.5: the server's own
    unsigned status = 0;
    if (answer.size() > version.size() + 3 && answer.starts_with("HTTP/1."))
        std::from_chars(answer.data() + version.size(), answer.data() + version.size() + 3, status);
    if (status == 0) return Failure{"no answer in HTTP"};
    return status;
}

} // namespace portico::host
