#include "services/control/commands.hpp"

#include "services/control/client.hpp"
#include "services/control/table.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <iostream>
#include <iterator>

namespace portico::control {

namespace {

using nlohmann::json;

int fail(const std::string& why)
{
    fmt::print(stderr, "portico: {}\n", why);
    return 1;
}

// Asks, and hands the answer to `show`, which returns the exit code.
int ask(const std::filesystem::path& data, const json& request,
        const std::function<int(const json&)>& show, std::string_view body = {})
{
    auto client = Client::connect(data);
    if (!client) return fail(client.error());
    auto answer = client->ask(request, body);
    if (!answer) return fail(answer.error());
    return show(*answer);
}

int print_json(const json& answer)
{
    fmt::print("{}\n", answer.dump(2, ' ', false, json::error_handler_t::replace));
    return 0;
}

std::string text(const json& object, const char* key)
{
    return object.value(key, "");
}
std::uint64_t number(const json& object, const char* key)
{
    return object.value(key, std::uint64_t{0});
}

} // namespace

int ports(const std::filesystem::path& data, bool as_json)
{
    return ask(data, {{"command", "ports"}}, [&](const json& answer) {
        if (as_json) return print_json(answer.at("ports"));
        std::vector<std::vector<std::string>> rows{{"PROTO", "ADDRESS", "PORT", "NAME", "SERVICE",
                                                    "TLS", "STATE", "OPEN", "TOTAL", "REFUSED",
                                                    "IN", "OUT", "DECLARED"}};
        for (const auto& port : answer.at("ports"))
            rows.push_back(
                {text(port, "transport"), text(port, "address"),
                 std::to_string(number(port, "port")), text(port, "name"), text(port, "service"),
                 text(port, "encryption"), text(port, "state"), std::to_string(number(port, "open")),
                 std::to_string(number(port, "accepted")), std::to_string(number(port, "refused")),
                 to_size(number(port, "bytes_in")), to_size(number(port, "bytes_out")),
                 text(port, "origin")});
        fmt::print("{}", to_table(rows));
        for (const auto& port : answer.at("ports"))
            if (!text(port, "why").empty()) fmt::print("{}\n", text(port, "why"));
        return 0;
    });
}

int connections(const std::filesystem::path& data, bool as_json)
{
    return ask(data, {{"command", "connections"}}, [&](const json& answer) {
        if (as_json) return print_json(answer.at("connections"));
        std::vector<std::vector<std::string>> rows{
            {"#", "PROTO", "CLIENT", "SERVER", "SERVICE", "TLS", "AGE", "IN", "OUT", "DOING"}};
        for (const auto& peer : answer.at("connections"))
            rows.push_back({std::to_string(number(peer, "number")), text(peer, "transport"),
                            text(peer, "client"), text(peer, "server"), text(peer, "service"),
                            peer.value("tls", false) ? text(peer, "tls_version") : "-",
                            to_age(number(peer, "seconds")), to_size(number(peer, "bytes_in")),
                            to_size(number(peer, "bytes_out")), text(peer, "doing")});
        fmt::print("{}", to_table(rows));
        return 0;
    });
}

int health(const std::filesystem::path& data)
{
    return ask(data, {{"command", "health"}}, [](const json& answer) {
        const auto& failed = answer.at("failed");
        for (const auto& why : failed) fail(why.get<std::string>());
        if (!failed.empty()) return 1;
        fmt::print("healthy\n");
        return 0;
    });
}

int mail_status(const std::filesystem::path& data, bool as_json)
{
    return ask(data, {{"command", "mail status"}}, [&](const json& answer) {
        if (as_json) return print_json(answer);
        const auto of = [&](const char* key) { return number(answer, key); };
        const auto per_commit = [&](std::uint64_t sum) {
            return static_cast<double>(sum) /
                   static_cast<double>(std::max<std::uint64_t>(of("commits"), 1));
        };
        fmt::print("stored       {} messages, {}\n", of("messages"), to_size(of("bytes")));
        fmt::print("in memory    {}\n", to_size(of("queue_bytes")));
        fmt::print("commits      {}, of {:.1f} changes, at most {}, in {:.2f} ms\n", of("commits"),
                   per_commit(of("changes")), of("largest_group"),
                   per_commit(of("sync_microseconds")) / 1000);
        fmt::print("log          {} pages, {} checkpoints\n", of("wal_pages"), of("checkpoints"));
        fmt::print("refused      {} by the store's limit, {} by a mailbox's, {} for want of space, "
                   "{} by failures\n",
                   of("refused_by_store_limit"), of("refused_by_mailbox_limit"),
                   of("refused_without_space"), of("refused_failing"));
        fmt::print("removed      {} messages\n", of("removed_messages"));
        fmt::print("expired      {} messages, {}\n", of("expired_messages"),
                   to_size(of("expired_bytes")));
        return 0;
    });
}

int mail_ls(const std::filesystem::path& data, const std::string& mailbox, bool as_json)
{
    return ask(data, {{"command", "mail ls"}, {"mailbox", mailbox}}, [&](const json& answer) {
        if (as_json) return print_json(answer.at("messages"));
        std::vector<std::vector<std::string>> rows{{"ID", "RECEIVED", "OCTETS", "MAILBOX", "FROM"}};
        for (const auto& message : answer.at("messages"))
            rows.push_back({text(message, "id"), text(message, "received"),
                            std::to_string(number(message, "size")), text(message, "mailbox"),
                            fmt::format("<{}>", text(message, "from"))});
        fmt::print("{}", to_table(rows));
        return 0;
    });
}

int mail_cat(const std::filesystem::path& data, const std::string& id)
{
    auto client = Client::connect(data);
    if (!client) return fail(client.error());
    auto answer = client->ask({{"command", "mail cat"}, {"id", id}});
    if (!answer) return fail(answer.error());
    auto whole = client->read_body(number(*answer, "size"), [](std::string_view piece) {
        std::fwrite(piece.data(), 1, piece.size(), stdout);
    });
    return whole ? 0 : fail(whole.error());
}

int mail_rm(const std::filesystem::path& data, const std::vector<std::string>& ids)
{
    int result = 0;
    for (const auto& id : ids)
        result |= ask(data, {{"command", "mail rm"}, {"id", id}}, [](const json&) { return 0; });
    return result;
}

int send(const std::filesystem::path& data, const std::string& from,
         const std::vector<std::string>& to)
{
    std::string message;
    char before = '\n';
    for (std::istreambuf_iterator<char> next{std::cin}, end; next != end; ++next) {
        if (*next == '\n' && before != '\r') message += '\r';
        message += before = *next;
    }
    if (!message.ends_with("\r\n")) message += "\r\n";
    return ask(
        data, {{"command", "send"}, {"from", from}, {"to", to}, {"size", message.size()}},
        [](const json& answer) {
            fmt::print("{}\n", text(answer, "id"));
            return 0;
        },
        message);
}

} // namespace portico::control
