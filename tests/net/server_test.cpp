#include "net/pool.hpp"
#include "net/server.hpp"
#include "tests/net/client.hpp"
#include "tests/net/log.hpp"

#include <asio/co_spawn.hpp>
#include <asio/use_future.hpp>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <sys/mman.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace portico::net {
namespace {

using namespace std::chrono_literals;
using tests::Client;

const auto loopback = asio::ip::make_address("127.0.0.1");

/// Sends back what it gets; says why it ends.
class Echo final : public Service {
public:
    explicit Echo(std::chrono::milliseconds wait_ = 60s) : wait{wait_} {}

    std::string_view name() const override { return "echo"; }
    std::string refusal() const override { return "no room\n"; }
    Task<void> serve(Connection& peer) override
    {
        for (;;) {
            auto bytes = co_await peer.read(wait);
            if (!bytes) {
                if (bytes.error() == Ended::idle) co_await peer.write("idle\n", wait);
                if (bytes.error() == Ended::stopping) co_await peer.write("stopping\n", wait);
                co_return;
            }
            if (*bytes == "throw") throw std::runtime_error("a mistake of ours");
            const std::string copy{*bytes};
            peer.doing("echoing " + copy.substr(0, 10));
            if (!co_await peer.write(copy, wait)) co_return;
        }
    }

    std::chrono::milliseconds wait;
};

struct Running : testing::Test {
    Endpoint start(ServerLimits limits = {},
                   std::unique_ptr<Service> service_ = std::make_unique<Echo>())
    {
        service = std::move(service_);
        server.emplace(reactor, registry, limits, log);
        auto ports = server->listen({loopback}, 0, {"echo", "the test"}, *service);
        EXPECT_TRUE(ports[0]);
        thread = std::jthread{[this] { exit_code = server->run(); }};
        return *ports[0];
    }
    void stop()
    {
        if (thread.joinable()) {
            server->stop();
            thread.join();
        }
    }
    /// Runs `task` on the first loop and waits for its result.
    template <class T>
    T ask(Task<T> task)
    {
        return asio::co_spawn(reactor.loop(0).executor(), std::move(task), asio::use_future).get();
    }
    ~Running() override { stop(); }

    std::unique_ptr<Service> service;
    tests::KeptLog log;
    Reactor reactor{2};
    Registry registry{reactor};
    std::optional<Server> server;
    std::jthread thread;
    int exit_code = -1;
};

TEST_F(Running, ServesManyConnectionsOnAllLoops)
{
    const auto endpoint = start();
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 100; ++i) clients.push_back(std::make_unique<Client>(endpoint));
    for (auto& client : clients) client->send("hello");
    for (auto& client : clients) EXPECT_EQ(client->receive(5), "hello");
    const auto connections = ask(registry.connections());
    ASSERT_EQ(connections.size(), 100U);
    EXPECT_EQ(connections[0].tuple.server, endpoint);
    EXPECT_EQ(connections[0].bytes_in, 5U);
    EXPECT_EQ(connections[0].doing, "echoing hello");
    const auto ports = registry.ports();
    EXPECT_EQ(ports[0].open, 100U);
    EXPECT_EQ(ports[0].accepted, 100U);
    EXPECT_EQ(ports[0].bytes_in, 500U);
    EXPECT_EQ(ports[0].bytes_out, 500U);
}

TEST_F(Running, LargeAnswersArriveWhole)
{
    Client client{start()};
    const std::string large(3 << 20, 'x');
    std::jthread sender{[&] { client.send(large); }};
    EXPECT_EQ(client.receive(large.size()), large);
}

/// Sends `length` octets of a file to whoever comes, without reading them.
class Sender final : public Service {
public:
    Sender(std::uint64_t size, std::uint64_t length_, std::chrono::milliseconds wait_)
        : length{length_}, wait{wait_}, file{::memfd_create("sender", MFD_CLOEXEC)}
    {
        content.assign(size, 'x');
        for (std::size_t i = 0; i < content.size(); i += 4096) content[i] = 'y';
        EXPECT_EQ(::pwrite(file.get(), content.data(), content.size(), 0),
                  static_cast<ssize_t>(content.size()));
    }

    std::string_view name() const override { return "sender"; }
    std::string refusal() const override { return ""; }
    Task<void> serve(Connection& peer) override
    {
        outcome.set_value(co_await peer.send_file(file.get(), 1, length, wait));
    }

    std::uint64_t length;
    std::chrono::milliseconds wait;
    FileDescriptor file;
    std::string content;
    std::promise<std::expected<std::uint64_t, Ended>> outcome;
};

TEST_F(Running, AFileIsSentWithoutBeingRead)
{
    auto sender = std::make_unique<Sender>(5'000'000, 4'000'000, 10s);
    auto outcome = sender->outcome.get_future();
    const auto expected = sender->content.substr(1, 4'000'000);
    Client client{start({}, std::move(sender))};
    EXPECT_TRUE(client.rest() == expected);
    EXPECT_EQ(outcome.get(), 4'000'000U);
    EXPECT_EQ(registry.ports()[0].bytes_out, 4'000'000U);
}

TEST_F(Running, AFileThatEndsEarlyIsSentAsFarAsItGoes)
{
    auto sender = std::make_unique<Sender>(1000, 2000, 10s);
    auto outcome = sender->outcome.get_future();
    Client client{start({}, std::move(sender))};
    EXPECT_EQ(client.rest().size(), 999U);
    EXPECT_EQ(outcome.get(), 999U);
}

TEST_F(Running, WhoTakesNothingOfAFileIsWaitedForOnlySoLong)
{
    auto sender = std::make_unique<Sender>(50'000'000, 40'000'000, 200ms);
    auto outcome = sender->outcome.get_future();
    Client client;
    client.take_little();
    client.connect(start({}, std::move(sender)));
    EXPECT_EQ(outcome.get(), std::unexpected{Ended::idle});
    EXPECT_LT(registry.ports()[0].bytes_out, 40'000'000U);
}

TEST_F(Running, AnIdleClientIsToldAndClosed)
{
    Client client{start({}, std::make_unique<Echo>(200ms))};
    EXPECT_EQ(client.rest(), "idle\n");
}

TEST_F(Running, StoppingIsAnAnswerToRead)
{
    Client client{start()};
    client.send("a");
    EXPECT_EQ(client.receive(1), "a");
    server->stop();
    EXPECT_EQ(client.rest(), "stopping\n");
    client.close();
    thread.join();
    EXPECT_EQ(exit_code, 0);
}

TEST_F(Running, AStopClosesThePortAtOnce)
{
    const auto endpoint = start({.grace = 5s});
    Client client{endpoint};
    client.send("a");
    client.receive(1);
    server->stop();
    client.receive(9); // "stopping": the listeners were closed before
    EXPECT_FALSE(Client{endpoint}.connected());
}

/// Never ends by itself once the server stops.
class Stubborn final : public Service {
public:
    std::string_view name() const override { return "stubborn"; }
    std::string refusal() const override { return ""; }
    Task<void> serve(Connection& peer) override
    {
        co_await peer.write("hello\n", 1s);
        for (;;) {
            auto bytes = co_await peer.read(1h);
            if (!bytes && bytes.error() == Ended::left) co_return;
        }
    }
};

TEST_F(Running, WhatOutlivesTheGraceIsCutOff)
{
    Client client{start({.grace = 100ms}, std::make_unique<Stubborn>())};
    EXPECT_EQ(client.receive(6), "hello\n");
    stop();
    EXPECT_EQ(client.rest(), "");
    EXPECT_EQ(exit_code, 0);
    EXPECT_TRUE(log.says("cutting off 1 connections"));
}

TEST_F(Running, OneTooManyHearsTheServicesRefusal)
{
    const auto endpoint = start({.max_connections = 2});
    Client first{endpoint};
    Client second{endpoint};
    first.send("1");
    EXPECT_EQ(first.receive(1), "1");
    second.send("2");
    EXPECT_EQ(second.receive(1), "2");
    Client third{endpoint};
    third.send("octets that are never read");
    third.close_sending();
    EXPECT_EQ(third.rest(), "no room\n");
    EXPECT_EQ(registry.ports()[0].refused, 1U);
    EXPECT_TRUE(log.says("max_connections is reached"));
    first.close_sending();
    EXPECT_EQ(first.rest(), "");
    first.close();
    // The place is free once the server has seen the end; until then it refuses.
    std::string answer;
    for (int attempt = 0; attempt < 10'000 && answer != "4"; ++attempt) {
        Client fourth{endpoint};
        fourth.send("4");
        answer = fourth.receive(1);
    }
    EXPECT_EQ(answer, "4");
}

TEST_F(Running, OnePeerCannotTakeAllPlaces)
{
    const auto endpoint = start({.max_connections_per_peer = 1});
    Client first{endpoint};
    first.send("1");
    EXPECT_EQ(first.receive(1), "1");
    Client second{endpoint};
    second.close_sending();
    EXPECT_EQ(second.rest(), "no room\n");
    EXPECT_TRUE(log.says("max_connections_per_peer is reached"));
}

TEST_F(Running, AMistakeOfAServiceEndsItsConnectionOnly)
{
    const auto endpoint = start();
    Client other{endpoint};
    Client client{endpoint};
    client.send("throw");
    EXPECT_EQ(client.rest(), "");
    EXPECT_TRUE(log.says("echo: a mistake of ours"));
    other.send("alive");
    EXPECT_EQ(other.receive(5), "alive");
}

TEST_F(Running, RunsOutOfDescriptorsAndRecovers)
{
    const auto endpoint = start();
    Client before{endpoint};
    before.send("1");
    ASSERT_EQ(before.receive(1), "1");
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 3; ++i) clients.push_back(std::make_unique<Client>());
    // Every number below the lowest free one is in use, so with it as the limit nothing opens.
    const int lowest_free = ::dup(STDERR_FILENO);
    ::close(lowest_free);
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const rlimit low{static_cast<rlim_t>(lowest_free), limit.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &low);
    for (auto& client : clients) client->connect(endpoint);
    const bool noticed = log.says("cannot accept a client");
    before.send("2");
    const auto meanwhile = before.receive(1);
    ::setrlimit(RLIMIT_NOFILE, &limit);
    EXPECT_TRUE(noticed);
    EXPECT_EQ(meanwhile, "2");
    for (auto& client : clients) {
        client->send("3");
        EXPECT_EQ(client->receive(1), "3");
    }
    EXPECT_TRUE(log.says("accepting again"));
}

TEST_F(Running, APoolsResultAndErrorComeBack)
{
    start();
    Pool pool{2};
    EXPECT_EQ(ask(pool.run([] { return std::string{"done"}; })), "done");
    EXPECT_THROW(ask(pool.run([]() -> int { throw std::runtime_error("failed"); })),
                 std::runtime_error);
}

TEST_F(Running, ALocalSocketIsOursAlone)
{
    Echo echo;
    server.emplace(reactor, registry, ServerLimits{}, log);
    const auto path = testing::TempDir() + "/portico-net-test.sock";
    ASSERT_TRUE(server->listen_local(path, echo));
    EXPECT_EQ(std::filesystem::status(path).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    server.reset();
    EXPECT_FALSE(std::filesystem::exists(path));
}

} // namespace
} // namespace portico::net
