#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace portico::control {

/// Where a server with this data directory listens for the command line.
std::filesystem::path socket_path(const std::filesystem::path& data);

/// The next piece of what is to be sent, valid until the next call; empty at the end.
using Pieces = std::function<std::string_view()>;

/// Asks the running server, blocking. One request a connection.
class Client {
public:
    /// The error is a sentence for the user: no server runs there, or it may not be asked.
    static std::expected<Client, std::string> connect(const std::filesystem::path& data);

    Client(Client&& other) noexcept;
    Client& operator=(Client&&) = delete;
    ~Client();

    /// Sends `request` and then `body`; the answer's JSON, or what the server says is wrong.
    std::expected<nlohmann::json, std::string> ask(const nlohmann::json& request,
                                                   std::string_view body = {});
    std::expected<nlohmann::json, std::string> ask(const nlohmann::json& request,
                                                   const Pieces& body);

    /// After an answer that announces "size" octets: hands all of them to `take`.
    std::expected<void, std::string> read_body(std::uint64_t size,
                                               const std::function<void(std::string_view)>& take);

private:
    explicit Client(int socket) : socket_{socket} {}

    bool send(std::string_view bytes);
    bool receive(); // more into received_

    int socket_;
    std::string received_;
};

} // namespace portico::control
