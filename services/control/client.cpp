#include "services/control/client.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace portico::control {

std::filesystem::path socket_path(const std::filesystem::path& data)
{
    return data / "control.sock";
}

std::expected<Client, std::string> Client::connect(const std::filesystem::path& data)
{
    const auto path = socket_path(data).string();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return std::unexpected{fmt::format("{}: the path is too long for a socket", path)};
    path.copy(address.sun_path, path.size());
    Client client{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (::connect(client.socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0)
        return client;
    if (errno == ENOENT || errno == ECONNREFUSED)
        return std::unexpected{
            fmt::format("no portico is running with the data directory {}", data.string())};
    return std::unexpected{fmt::format("{}: {}", path, std::strerror(errno))};
}

Client::Client(Client&& other) noexcept
    : socket_{std::exchange(other.socket_, -1)}, received_{std::move(other.received_)}
{
}

Client::~Client()
{
    if (socket_ >= 0) ::close(socket_);
}

std::expected<nlohmann::json, std::string> Client::ask(const nlohmann::json& request,
                                                       std::string_view body)
{
    return ask(request, [body]() mutable { return std::exchange(body, {}); });
}

std::expected<nlohmann::json, std::string> Client::ask(const nlohmann::json& request,
                                                       const Pieces& body)
{
    const auto line = request.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    // A server that refuses early does not read the rest, but has said why.
    bool taken = send(line);
    for (auto piece = body(); taken && !piece.empty(); piece = body()) taken = send(piece);
    std::size_t end = 0;
    while ((end = received_.find('\n')) == std::string::npos)
        if (!receive()) return std::unexpected{std::string{"the server ended without an answer"}};
    auto answer = nlohmann::json::parse(received_.substr(0, end), nullptr, false);
    received_.erase(0, end + 1);
    if (!answer.is_object()) return std::unexpected{std::string{"the server's answer is no JSON"}};
    if (answer.contains("error")) return std::unexpected{answer.value("error", "")};
    return answer;
}

std::expected<void, std::string>
Client::read_body(std::uint64_t size, const std::function<void(std::string_view)>& take)
{
    for (;;) {
        take(received_);
        size -= std::min<std::uint64_t>(size, received_.size());
        received_.clear();
        if (size == 0) return {};
        if (!receive()) return std::unexpected{fmt::format("{} octets are missing", size)};
    }
}

bool Client::send(std::string_view bytes)
{
    while (!bytes.empty()) {
        const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

bool Client::receive()
{
    char buffer[64 << 10];
    ssize_t got = 0;
    do got = ::recv(socket_, buffer, sizeof buffer, 0);
    while (got < 0 && errno == EINTR);
    if (got <= 0) return false;
    received_.append(buffer, static_cast<std::size_t>(got));
    return true;
}

} // namespace portico::control
