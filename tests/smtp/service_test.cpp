#include "net/server.hpp"
#include "services/smtp/service.hpp"
#include "tests/net/certificate.hpp"
#include "tests/net/log.hpp"
#include "tests/net/tls_client.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace portico::smtp {
namespace {

using tests::Client;
using tests::TlsClient;

/// Keeps what is delivered, and nothing else.
class MemoryStore final : public mail::Store {
public:
    struct Stored {
        mail::Envelope envelope;
        std::string bytes;
    };
    std::vector<Stored> stored; // look when the server has ended

    std::unique_ptr<mail::Draft> begin(mail::Envelope envelope) override
    {
        return std::make_unique<Draft>(*this, std::move(envelope));
    }

    using Opened = std::expected<std::unique_ptr<mail::Maildrop>, mail::StoreError>;
    using List = std::expected<std::vector<mail::Summary>, mail::StoreError>;
    using Found = std::expected<mail::Message, mail::StoreError>;
    using Outcome = std::expected<void, mail::StoreError>;
    net::Task<Opened> open(std::string) override { co_return std::unexpected{gone}; }
    net::Task<List> list(std::string, std::size_t) override { co_return std::unexpected{gone}; }
    net::Task<Found> find(std::string) override { co_return std::unexpected{gone}; }
    std::unique_ptr<mail::Reading> read(const mail::Message&) override { return {}; }
    net::Task<Outcome> remove(std::string) override { co_return std::unexpected{gone}; }

private:
    static constexpr auto gone = mail::StoreError::gone;

    class Draft final : public mail::Draft {
    public:
        Draft(MemoryStore& store, mail::Envelope envelope)
            : store_{store}, stored_{std::move(envelope), ""}
        {
        }
        const std::string& id() const override { return id_; }
        net::Task<Outcome> append(std::string_view bytes) override
        {
            stored_.bytes += bytes;
            co_return Outcome{};
        }
        net::Task<Outcome> deliver() override
        {
            store_.stored.push_back(std::move(stored_));
            co_return Outcome{};
        }

    private:
        MemoryStore& store_;
        Stored stored_;
        const std::string id_ = "0123456789ABCDEFGHIJKL";
    };
};

struct SmtpOverTls : testing::Test {
    ~SmtpOverTls() override
    {
        stop();
        pool.join(); // before the loops go
    }
    void listen(net::Encryption encryption, bool require_tls, config::Smtp options = {})
    {
        service.emplace(Settings{.options = options,
                                 .require_tls = require_tls,
                                 .failures_per_session = 3,
                                 .host_name = "mx.example.test",
                                 .max_message_size = 1 << 20},
                        store, directory, authenticator, nullptr);
        server.emplace(reactor, registry, net::ServerLimits{}, log);
        auto ports = server->listen({asio::ip::make_address("127.0.0.1")}, 0, {"smtp", "a test"},
                                    *service, {encryption, tls.get()});
        port = *ports[0];
        thread = std::jthread{[this] { server->run(); }};
    }
    void stop()
    {
        if (!thread.joinable()) return;
        server->stop();
        thread.join();
    }

    /// The code of the reply, whose lines are all read.
    template <class Wire>
    static std::string reply(Wire& wire)
    {
        for (;;) {
            std::string line;
            while (!line.ends_with('\n')) {
                const auto octet = wire.receive(1);
                if (octet.empty()) return line;
                line += octet;
            }
            if (line.size() < 4 || line[3] != '-') return line.substr(0, 3);
        }
    }
    template <class Wire>
    static std::string ask(Wire& wire, std::string_view command)
    {
        wire.send(std::string{command} + "\r\n");
        return reply(wire);
    }

    tests::Folder folder;
    std::unique_ptr<net::Tls> tls =
        net::Tls::create(
            {tests::make_certificate(folder.path, "mx.example.test", "DNS:mx.example.test")}, {})
            .value();
    tests::KeptLog log;
    net::Pool pool{1};
    MemoryStore store;
    const std::vector<config::Account> accounts{{.name = "ben",
                                                 .addresses = {"ben@example.org"},
                                                 .password = "",
                                                 .secret = "secret",
                                                 .line = 0}};
    const accounts::Directory directory{"mx.example.test", config::Mail::Accept::listed,
                                        config::Auth::Mode::listed, accounts};
    accounts::Authenticator authenticator{
        {.mode = config::Auth::Mode::listed, .failure_delay_max = {}}, accounts, directory, pool};
    std::optional<Service> service;
    net::Reactor reactor{1};
    net::Registry registry{reactor};
    std::optional<net::Server> server;
    net::Endpoint port;
    std::jthread thread;
};

TEST_F(SmtpOverTls, StartTlsThenAuth)
{
    rule("3207", "4", "a handshake after STARTTLS, and a session after that");
    rule("4954", "4", "a password in clear under TLS only");
    listen(net::Encryption::starttls, false);
    {
        Client wire{port};
        EXPECT_EQ(reply(wire), "220");
        EXPECT_EQ(ask(wire, "EHLO client.example.net"), "250");
        EXPECT_EQ(ask(wire, "AUTH PLAIN AGJlbgBzZWNyZXQ="), "538");
        EXPECT_EQ(ask(wire, "STARTTLS"), "220");
        TlsClient client{wire};
        ASSERT_TRUE(client.shake_hands());
        EXPECT_EQ(ask(client, "MAIL FROM:<ana@example.net>"), "503");
        EXPECT_EQ(ask(client, "EHLO client.example.net"), "250");
        EXPECT_EQ(ask(client, "AUTH PLAIN AGJlbgB3cm9uZw=="), "535");
        EXPECT_EQ(ask(client, "AUTH PLAIN"), "334");
        EXPECT_EQ(ask(client, "AGJlbgBzZWNyZXQ="), "235");
        EXPECT_EQ(ask(client, "MAIL FROM:<ana@example.net>"), "250");
        EXPECT_EQ(ask(client, "RCPT TO:<ben@example.org>"), "250");
        EXPECT_EQ(ask(client, "BDAT 5 LAST\r\nabc"), "250");
    }
    stop();
    ASSERT_EQ(store.stored.size(), 1u);
    EXPECT_TRUE(store.stored[0].bytes.contains(" with ESMTPSA ")) << store.stored[0].bytes;
}

TEST_F(SmtpOverTls, WhatCameInClearIsThrownAway)
{
    rule("3207", "4.2", "commands behind STARTTLS, sent in clear, are thrown away and logged");
    listen(net::Encryption::starttls, true);
    {
        Client wire{port};
        EXPECT_EQ(reply(wire), "220");
        EXPECT_EQ(ask(wire, "EHLO client.example.net"), "250");
        EXPECT_EQ(ask(wire, "MAIL FROM:<eve@example.net>"), "530");
        EXPECT_EQ(ask(wire, "STARTTLS\r\nEHLO eve\r\nMAIL FROM:<eve@example.net>"), "220");
        TlsClient client{wire};
        ASSERT_TRUE(client.shake_hands());
        EXPECT_EQ(ask(client, "RCPT TO:<ben@example.org>"), "503");
        EXPECT_EQ(ask(client, "QUIT"), "221");
        EXPECT_EQ(client.rest(), "");
    }
    EXPECT_TRUE(log.says("39 octets"));
}

TEST_F(SmtpOverTls, ImplicitTlsForSubmission)
{
    rule("8314", "3.3", "submission on a port that is TLS from the start");
    listen(net::Encryption::implicit, false, {.auth = config::Smtp::Auth::required});
    {
        Client wire{port};
        TlsClient client{wire};
        ASSERT_TRUE(client.shake_hands());
        EXPECT_EQ(reply(client), "220");
        EXPECT_EQ(ask(client, "EHLO client.example.net"), "250");
        EXPECT_EQ(ask(client, "STARTTLS"), "503");
        EXPECT_EQ(ask(client, "MAIL FROM:<ana@example.net>"), "530");
        EXPECT_EQ(ask(client, "AUTH LOGIN YmVu"), "334");
        EXPECT_EQ(ask(client, "*"), "501");
        EXPECT_EQ(ask(client, "AUTH LOGIN YmVu"), "334");
        EXPECT_EQ(ask(client, "c2VjcmV0"), "235");
        EXPECT_EQ(ask(client, "MAIL FROM:<ana@example.net>"), "250");
        EXPECT_EQ(ask(client, "RCPT TO:<ben@example.org>"), "250");
        EXPECT_EQ(ask(client, "DATA"), "354");
        EXPECT_EQ(ask(client, "Subject: x\r\n\r\ntext\r\n."), "250");
        EXPECT_EQ(ask(client, "QUIT"), "221");
    }
    stop();
    ASSERT_EQ(store.stored.size(), 1u);
    EXPECT_TRUE(store.stored[0].bytes.contains("\r\nMessage-ID: <0123456789ABCDEFGHIJKL@"));
}

TEST_F(SmtpOverTls, TooManyFailedLogins)
{
    rule("4954", "9", "after failures_per_session failed logins the session ends with 421");
    listen(net::Encryption::implicit, false);
    Client wire{port};
    TlsClient client{wire};
    ASSERT_TRUE(client.shake_hands());
    EXPECT_EQ(reply(client), "220");
    EXPECT_EQ(ask(client, "EHLO client.example.net"), "250");
    EXPECT_EQ(ask(client, "AUTH PLAIN AGJlbgB3cm9uZw=="), "535");
    EXPECT_EQ(ask(client, "AUTH PLAIN AGJlbgB3cm9uZw=="), "535");
    EXPECT_EQ(ask(client, "AUTH PLAIN AGJlbgB3cm9uZw=="), "421");
    EXPECT_EQ(client.rest(), "");
}

} // namespace
} // namespace portico::smtp
