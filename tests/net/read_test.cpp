#include "net/pool.hpp"
#include "net/server.hpp"
#include "tests/net/client.hpp"
#include "tests/net/log.hpp"

#include <asio/post.hpp>
#include <gtest/gtest.h>

#include <csignal>
#include <future>
#include <semaphore>
#include <thread>

namespace portico::net {
namespace {

using namespace std::chrono_literals;
using tests::Client;

/// What Connection::read() answers, by a service whose coroutine each test writes.
struct Read : testing::Test, Service {
    std::string_view name() const override { return "read"; }
    std::string refusal() const override { return ""; }

    Endpoint start()
    {
        auto ports =
            server.listen({asio::ip::make_address("127.0.0.1")}, 0, {"read", "the test"}, *this);
        EXPECT_TRUE(ports[0]);
        thread = std::jthread{[this] { exit_code = server.run(); }};
        return *ports[0];
    }

    /// Keeps a coroutine off its loop until the test says `go_on.release()`.
    Task<bool> hold()
    {
        auto wait = [this] { return go_on.try_acquire_for(10s); };
        co_return co_await pool.run(wait);
    }

    /// Sends back what it reads until it cannot; answers why.
    Task<Ended> echo(Connection& peer)
    {
        for (;;) {
            auto bytes = co_await peer.read(10s);
            if (!bytes) co_return bytes.error();
            const std::string copy{*bytes};
            co_await peer.write(copy, 10s);
        }
    }

    void TearDown() override // before what the derived fixtures hold is gone
    {
        if (!thread.joinable()) return;
        server.stop();
        thread.join();
    }

    tests::KeptLog log;
    Reactor reactor{1};
    Registry registry{reactor};
    Server server{reactor, registry, {}, log};
    Pool pool{1};
    std::counting_semaphore<> go_on{0};
    std::jthread thread;
    int exit_code = -1;
};

struct ReadAtOnce : Read {
    Task<void> serve(Connection& peer) override
    {
        co_await hold();
        ended.set_value(co_await echo(peer));
    }

    std::promise<Ended> ended;
};

// epoll(7) tells of octets and of the end behind them with one edge.
TEST_F(ReadAtOnce, TheEndThatCameWithTheOctets)
{
    Client client{start()};
    client.send("last");
    client.close_sending();
    go_on.release();
    EXPECT_EQ(client.rest(), "last");
    EXPECT_EQ(ended.get_future().get(), Ended::left);
}

struct ReadInSilence : Read {
    Task<void> serve(Connection& peer) override
    {
        co_await hold();
        auto bytes = co_await peer.read(10s);
        const std::string copy{bytes.value_or("")};
        bytes = co_await peer.read(1h);
        read.set_value({copy, bytes ? Ended::idle : bytes.error()});
    }

    std::promise<std::pair<std::string, Ended>> read;
};

TEST_F(ReadInSilence, TheResetThatCameWithTheOctets)
{
    Client client{start()};
    client.send("last");
    client.reset();
    go_on.release();
    auto outcome = read.get_future();
    ASSERT_EQ(outcome.wait_for(10s), std::future_status::ready);
    EXPECT_EQ(outcome.get().second, Ended::left);
}

struct ReadLater : Read {
    Task<void> serve(Connection& peer) override
    {
        for (;;) {
            auto bytes = co_await peer.read(10s);
            if (!bytes) co_return;
            const std::string copy{*bytes};
            co_await peer.write(copy, 10s);
            co_await hold();
        }
    }
};

TEST_F(ReadLater, WhatCameMeanwhileIsReadAfterwards)
{
    Client client{start()};
    for (const std::string_view octets : {"one", "two", "three"}) {
        client.send(octets); // it is held, but in the first round
        go_on.release();
        EXPECT_EQ(client.receive(octets.size()), octets);
    }
    go_on.release();
}

/// Sends back what it reads, and is held before each read and before each write.
struct ReadElsewhere : Read {
    Task<bool> hold_here()
    {
        auto wait = [this] {
            held.release();
            return go_on.try_acquire_for(10s);
        };
        co_return co_await pool.run(wait);
    }

    Task<void> serve(Connection& peer) override
    {
        for (;;) {
            co_await hold_here();
            auto bytes = co_await peer.read(10s);
            if (!bytes) co_return;
            const std::string copy{*bytes};
            co_await hold_here();
            co_await peer.write(copy, 10s);
        }
    }

    void at_the_next_place()
    {
        EXPECT_TRUE(held.try_acquire_for(10s)) << "read() waits though there is something";
    }

    /// The loop hears of what the client has sent: each turn asks epoll(7) before it goes on with
    /// what was posted.
    void hear()
    {
        for (int turn = 0; turn < 4; ++turn) {
            std::promise<void> over;
            asio::post(reactor.loop(0).executor(), [&over] { over.set_value(); });
            over.get_future().wait();
        }
    }

    std::counting_semaphore<> held{0};
};

// An edge is told once: whoever does not hear it, or takes it for an older one, waits in vain.
TEST_F(ReadElsewhere, AnEdgeIsHeardWhereverTheServiceIs)
{
    Client client{start()};
    client.send("before the first read");
    at_the_next_place();
    hear();
    go_on.release();
    at_the_next_place();
    client.send("before a write");
    hear();
    go_on.release();
    EXPECT_EQ(client.receive(21), "before the first read");
    at_the_next_place();
    go_on.release();
    at_the_next_place();
    go_on.release();
    EXPECT_EQ(client.receive(14), "before a write");
    at_the_next_place();
    client.send("after a write");
    hear();
    go_on.release();
    at_the_next_place();
    go_on.release();
    EXPECT_EQ(client.receive(13), "after a write");
    at_the_next_place();
    go_on.release();
    client.send("while it reads");
    at_the_next_place();
    client.close_sending();
    hear();
    go_on.release();
    EXPECT_EQ(client.receive(14), "while it reads");
    at_the_next_place();
    go_on.release();
    EXPECT_TRUE(log.says("ended: 62 octets in, 62 out"));
}

struct ReadNoMore : Read {
    Task<void> serve(Connection& peer) override
    {
        auto bytes = co_await peer.read(10s);
        if (!bytes) co_return;
        co_await hold();
        peer.no_more_comes();
        co_await peer.write("over", 10s);
    }
};

TEST_F(ReadNoMore, WhoSendsNoMoreIsNotWaitedFor)
{
    Client client{start()};
    client.send("all");
    go_on.release();
    EXPECT_TRUE(log.says("ended: 3 octets in, 4 out")); // though the client is still there
    EXPECT_EQ(client.rest(), "over");
}

// The reset of a socket that is closed with octets unread would overtake the last words.
TEST_F(ReadNoMore, WhoSendsMoreAllTheSameIsWaitedFor)
{
    Client client{start()};
    client.send("all");
    EXPECT_FALSE(client.comes_within(0ms));
    client.send("more");
    go_on.release();
    EXPECT_EQ(client.rest(), "over");
    client.close();
    EXPECT_TRUE(log.says("ended: 7 octets in, 4 out"));
}

struct ReadAfterIdleWrite : Read {
    Task<void> serve(Connection& peer) override
    {
        auto bytes = co_await peer.read(10s);
        if (!bytes) co_return;
        const std::string much(50'000'000, 'x');
        written.set_value(co_await peer.write(much, 100ms));
        bytes = co_await peer.read(10s);
        read.set_value(std::string{bytes.value_or("")});
    }

    std::promise<std::expected<void, Ended>> written;
    std::promise<std::string> read;
};

TEST_F(ReadAfterIdleWrite, ACancelledWriteLeavesTheReadAlone)
{
    Client client;
    client.take_little();
    client.connect(start());
    client.send("much");
    EXPECT_EQ(written.get_future().get(), std::unexpected{Ended::idle});
    client.send("hello");
    EXPECT_EQ(read.get_future().get(), "hello");
}

/// "now" and "later" wake it before its next read() and in it.
struct ReadWoken : Read {
    Task<void> serve(Connection& peer) override
    {
        for (;;) {
            auto bytes = co_await peer.read(10s);
            if (!bytes && bytes.error() == Ended::left) co_return;
            const std::string said = bytes                              ? std::string{*bytes}
                                     : bytes.error() == Ended::woken    ? "woken\n"
                                     : bytes.error() == Ended::stopping ? "stopping\n"
                                                                        : "idle\n";
            if (said == "now" || said == "stop") {
                peer.wake();
                peer.wake();
            }
            if (said == "stop") {
                server.stop();
                co_await peer.pause(10s); // which ends as the server stops
            }
            auto wake = [&peer] { peer.wake(); };
            if (said == "later") asio::post(co_await asio::this_coro::executor, wake);
            if (bytes && said != "hello") continue;
            co_await peer.write(said, 10s);
            if (said == "stopping\n") woken_then.set_value(co_await woken_again(peer));
        }
    }

    Task<bool> woken_again(Connection& peer)
    {
        auto bytes = co_await peer.read(10s);
        co_return !bytes && bytes.error() == Ended::woken;
    }

    std::promise<bool> woken_then;
};

TEST_F(ReadWoken, TheNextReadSaysSoOnce)
{
    Client client{start()};
    client.send("now");
    EXPECT_EQ(client.receive(6), "woken\n");
    client.send("hello");
    EXPECT_EQ(client.receive(5), "hello");
}

TEST_F(ReadWoken, ThePendingReadSaysSoOnce)
{
    Client client{start()};
    for (int round = 0; round < 3; ++round) {
        client.send("later");
        EXPECT_EQ(client.receive(6), "woken\n");
        client.send("hello");
        EXPECT_EQ(client.receive(5), "hello");
    }
}

TEST_F(ReadWoken, AStopGoesBefore)
{
    Client client{start()};
    client.send("stop");
    EXPECT_EQ(client.receive(9), "stopping\n");
    EXPECT_TRUE(woken_then.get_future().get());
}

struct ReadWithoutEnd : Read {
    Task<void> serve(Connection& peer) override
    {
        co_await peer.write("hello", 10s);
        for (;;) {
            auto bytes = co_await peer.read(1h);
            if (!bytes && bytes.error() == Ended::left) co_return;
        }
    }
};

// The sanitizer of leaks looks on.
TEST_F(ReadWithoutEnd, IsDestroyedWithItsLoop)
{
    Client client{start()};
    EXPECT_EQ(client.receive(5), "hello");
    std::raise(SIGTERM);
    EXPECT_TRUE(log.says("stopping: 1 connections"));
    std::raise(SIGTERM);
    thread.join();
    EXPECT_EQ(exit_code, 128 + SIGTERM);
}

} // namespace
} // namespace portico::net
