#include "net/server.hpp"
#include "services/pop3/service.hpp"
#include "tests/net/client.hpp"
#include "tests/net/log.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace portico::pop3 {
namespace {

using namespace std::chrono_literals;
using tests::Client;

/// One mailbox in memory; says when nobody has it open.
struct Mailbox {
    bool wait_until_free()
    {
        std::unique_lock lock{mutex};
        return changed.wait_for(lock, 10s, [this] { return !open; });
    }
    std::vector<std::string> contents()
    {
        const std::scoped_lock lock{mutex};
        return messages;
    }

    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::string> messages{"Subject: a\r\n\r\n.\r\n",
                                      std::string(300'000, 'b') + "\r\n"};
    bool open = false;
};

class MemoryReading final : public mail::Reading {
public:
    explicit MemoryReading(std::string content) : content_{std::move(content)} {}
    net::Task<std::expected<std::string, mail::StoreError>> next() override
    {
        auto piece = content_.substr(0, 100'000);
        content_.erase(0, piece.size());
        co_return piece;
    }

private:
    std::string content_;
};

class MemoryMaildrop final : public mail::Maildrop {
public:
    explicit MemoryMaildrop(Mailbox& mailbox) : mailbox_{mailbox}
    {
        for (const auto& content : mailbox_.contents())
            messages_.push_back({std::ssize(messages_), content.size(), {}});
        for (auto& message : messages_) message.id.fill('u');
    }
    ~MemoryMaildrop() override
    {
        const std::scoped_lock lock{mailbox_.mutex};
        mailbox_.open = false;
        mailbox_.changed.notify_all();
    }

    const std::vector<mail::Message>& messages() const override { return messages_; }
    std::unique_ptr<mail::Reading> read(const mail::Message& message) override
    {
        return std::make_unique<MemoryReading>(
            mailbox_.contents()[static_cast<std::size_t>(message.key)]);
    }
    net::Task<std::expected<void, mail::StoreError>>
    remove(std::vector<std::size_t> indices) override
    {
        const std::scoped_lock lock{mailbox_.mutex};
        std::ranges::sort(indices, std::greater{});
        for (auto index : indices)
            mailbox_.messages.erase(mailbox_.messages.begin() + static_cast<std::ptrdiff_t>(index));
        co_return std::expected<void, mail::StoreError>{};
    }

private:
    Mailbox& mailbox_;
    std::vector<mail::Message> messages_;
};

/// A store of which a POP3 session needs only open().
class MemoryStore final : public mail::Store {
public:
    Mailbox mailbox;

    net::Task<std::expected<std::unique_ptr<mail::Maildrop>, mail::StoreError>>
    open(std::string) override
    {
        {
            const std::scoped_lock lock{mailbox.mutex};
            if (std::exchange(mailbox.open, true))
                co_return std::unexpected{mail::StoreError::in_use};
        }
        co_return std::make_unique<MemoryMaildrop>(mailbox);
    }

    std::unique_ptr<mail::Draft> begin(mail::Envelope) override { return nullptr; }
    std::unique_ptr<mail::Reading> read(const mail::Message&) override { return nullptr; }
    net::Task<std::expected<std::vector<mail::Summary>, mail::StoreError>>
    list(std::string, std::size_t) override
    {
        co_return std::unexpected{mail::StoreError::failing};
    }
    net::Task<std::expected<mail::Message, mail::StoreError>> find(std::string) override
    {
        co_return std::unexpected{mail::StoreError::gone};
    }
    net::Task<std::expected<void, mail::StoreError>> remove(std::string) override
    {
        co_return std::unexpected{mail::StoreError::gone};
    }
};

struct Pop3Service : testing::Test {
    net::Endpoint start(config::Pop3 options = {})
    {
        service.emplace(options, LoginRules{}, "pop.example.org", store, authenticator, nullptr);
        server.emplace(reactor, registry, net::ServerLimits{}, log);
        auto ports = server->listen({asio::ip::make_address("127.0.0.1")}, 0, {"pop3", "the test"},
                                    *service);
        EXPECT_TRUE(ports[0]);
        thread = std::jthread{[this] { server->run(); }};
        return *ports[0];
    }
    ~Pop3Service() override
    {
        if (!thread.joinable()) return;
        server->stop();
        thread.join();
    }

    /// Says `lines` and expects `replies`, no octet more or less.
    static void talk(Client& client, std::string_view lines, std::string_view replies)
    {
        client.send(lines);
        EXPECT_EQ(client.receive(replies.size()), replies);
    }
    static void log_in(Client& client)
    {
        talk(client, "USER ana\r\nPASS a b\r\n",
             "+OK pop.example.org POP3 portico ready\r\n+OK send PASS\r\n"
             "+OK maildrop has 2 messages (300019 octets)\r\n");
    }

    MemoryStore store;
    tests::KeptLog log;
    net::Pool pool{1};
    accounts::Directory directory{
        "example.org", config::Mail::Accept::any, config::Auth::Mode::any, {}};
    accounts::Authenticator authenticator{{.plaintext = true}, {}, directory, pool};
    std::optional<Service> service;
    net::Reactor reactor{1};
    net::Registry registry{reactor};
    std::optional<net::Server> server;
    std::jthread thread;
};

const std::string dele_first = "DELE 1\r\n";
const std::string first_deleted = "+OK message 1 deleted\r\n";

TEST_F(Pop3Service, HandsOutAndRemoves)
{
    rule("1939", "5", "RETR over a connection");
    rule("1939", "6", "UPDATE is done before QUIT's reply");
    const auto endpoint = start();
    Client client{endpoint};
    log_in(client);
    talk(client, "RETR 1\r\n", "+OK 17 octets\r\nSubject: a\r\n\r\n..\r\n.\r\n");
    talk(client, "RETR 2\r\n", "+OK 300002 octets\r\n" + std::string(300'000, 'b') + "\r\n.\r\n");
    talk(client, dele_first, first_deleted);
    const std::string bye = "+OK pop.example.org POP3 portico signing off (1 message left)\r\n";
    talk(client, "QUIT\r\n", bye);
    // Who has read the reply finds the maildrop free, and the message gone.
    Client again{endpoint};
    talk(again, "USER ana\r\nPASS x\r\n",
         "+OK pop.example.org POP3 portico ready\r\n+OK send PASS\r\n"
         "+OK maildrop has 1 message (300002 octets)\r\n");
    EXPECT_EQ(client.rest(), "");
    EXPECT_TRUE(log.says("logged in to ana@example.org, messages: 2"));
    EXPECT_TRUE(log.says("messages removed: 1"));
}

TEST_F(Pop3Service, AMaildropHasOneSession)
{
    rule("1939", "4", "the maildrop is locked exclusively");
    rule("2449", "8.1.2", "[IN-USE] while another session has the maildrop");
    const auto endpoint = start();
    Client client{endpoint};
    log_in(client);
    Client other{endpoint};
    talk(other, "USER ana\r\nPASS x\r\n",
         "+OK pop.example.org POP3 portico ready\r\n+OK send PASS\r\n"
         "-ERR [IN-USE] another session has this maildrop\r\n");
}

TEST_F(Pop3Service, WhoLeavesRemovesNothingAndFreesTheMaildrop)
{
    rule("1939", "6", "a dropped connection removes nothing");
    const auto endpoint = start();
    Client client{endpoint};
    log_in(client);
    talk(client, dele_first, first_deleted);
    client.close();
    ASSERT_TRUE(store.mailbox.wait_until_free());
    Client again{endpoint};
    log_in(again);
}

TEST_F(Pop3Service, WhoIsIdleIsLeftWithoutAWord)
{
    rule("1939", "3", "the inactivity timer closes without a response and without UPDATE");
    Client client{start({.idle_timeout = 1s})};
    client.send("USER ana\r\nPASS x\r\n" + dele_first);
    EXPECT_TRUE(client.rest().ends_with(first_deleted));
    EXPECT_TRUE(store.mailbox.wait_until_free());
    EXPECT_EQ(store.mailbox.contents().size(), 2U);
}

TEST_F(Pop3Service, AStopIsSaidAndRemovesNothing)
{
    rule("1939", "6", "a session that a stop ends removes nothing");
    const auto endpoint = start();
    Client client{endpoint};
    log_in(client);
    talk(client, dele_first, first_deleted);
    server->stop();
    EXPECT_EQ(client.rest(), "-ERR [SYS/TEMP] server is shutting down\r\n");
    EXPECT_TRUE(store.mailbox.wait_until_free());
    EXPECT_EQ(store.mailbox.contents().size(), 2U);
}

} // namespace
} // namespace portico::pop3
