#include "net/server.hpp"
#include "services/accounts/authenticator.hpp"
#include "tests/accounts/scram_client.hpp"
#include "tests/accounts/step.hpp"
#include "tests/net/certificate.hpp"
#include "tests/net/log.hpp"
#include "tests/net/tls_client.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <variant>

namespace portico::accounts {
namespace {

using namespace std::literals;
using tests::Client;
using tests::ScramClient;
using tests::TlsClient;
using tests::TlsClientOptions;

/// Says what may be logged in with; takes a mechanism's name on a line, then an initial response
/// and more of them in base64, a line each, and answers each turn.
class Logins final : public net::Service {
public:
    explicit Logins(Authenticator& authenticator) : authenticator_{authenticator} {}
    std::string_view name() const override { return "logins"; }
    std::string refusal() const override { return "no room\n"; }
    net::Task<void> serve(net::Connection& peer) override
    {
        std::string said;
        for (auto mechanism : authenticator_.offer(peer).mechanisms)
            said.append(name_of(mechanism)).append(" ");
        said += "\n";
        std::optional<Authenticator::Exchange> exchange;
        for (std::string input;;) {
            if (!co_await peer.write(said, 10s)) co_return;
            for (bool more = true; more; more = !input.contains('\n')) {
                auto bytes = co_await peer.read(10s);
                if (!bytes) co_return;
                input += *bytes;
            }
            const auto line = input.substr(0, input.find('\n'));
            input.erase(0, line.size() + 1);
            said = "go on\n";
            if (auto mechanism = mechanism_named(line)) {
                exchange.emplace(authenticator_.begin(*mechanism, peer));
            } else {
                auto turn = co_await exchange->turn(from_base64(line));
                said = answer(turn) + "\n";
            }
        }
    }

private:
    static std::string answer(const AuthTurn& turn)
    {
        if (auto* challenge = std::get_if<Challenge>(&turn)) return challenge->data;
        if (auto* accepted = std::get_if<Accepted>(&turn)) return "accepted " + accepted->mailbox;
        return tests::name_of(std::get<AuthError>(turn));
    }

    Authenticator& authenticator_;
};

struct AuthenticatorOverTls : testing::Test {
    explicit AuthenticatorOverTls(bool delay_loopback = false)
        : authenticator{{.mode = config::Auth::Mode::listed,
                         .failure_delay_max = 1h,
                         .delay_loopback = delay_loopback},
                        accounts,
                        directory,
                        pool}
    {
        server.emplace(reactor, registry, net::ServerLimits{}, log);
        auto ports = server->listen({asio::ip::make_address("127.0.0.1")}, 0, {"logins", "a test"},
                                    service, {net::Encryption::implicit, tls.get()});
        port = *ports[0];
        thread = std::jthread{[this] { server->run(); }};
    }
    ~AuthenticatorOverTls() override
    {
        stop();
        pool.join(); // before the loops go
    }
    void stop()
    {
        if (!thread.joinable()) return;
        server->stop();
        thread.join();
    }

    static std::string ask(TlsClient& client, std::string_view line)
    {
        client.send(std::string{line} + "\n");
        auto answer = client.line();
        if (answer.ends_with('\n')) answer.pop_back();
        return answer;
    }

    /// The end of an exchange of SCRAM.
    static std::string log_in(TlsClient& client, std::string_view mechanism, ScramClient scram)
    {
        EXPECT_EQ(ask(client, mechanism), "go on");
        const auto server_first = ask(client, base64(scram.first()));
        if (!server_first.starts_with("r=")) return server_first;
        const auto last = base64(scram.final(server_first));
        const auto server_final = ask(client, last);
        if (server_final != scram.server_final()) return server_final;
        return ask(client, "");
    }

    static ScramClient scram(std::string gs2_header, std::string channel_data)
    {
        return {
            std::move(gs2_header), "n=bob,r=abc", "open sesame", std::move(channel_data), {}, {}};
    }

    tests::Folder folder;
    std::unique_ptr<net::Tls> tls =
        net::Tls::create(
            {tests::make_certificate(folder.path, "mx.example.test", "DNS:mx.example.test")}, {})
            .value();
    tests::KeptLog log;
    net::Pool pool{1};
    const std::vector<config::Account> accounts{
        {.name = "bob", .addresses = {}, .password = "", .secret = "open sesame", .line = 0}};
    const Directory directory{"example.test", config::Mail::Accept::any, config::Auth::Mode::listed,
                              accounts};
    Authenticator authenticator{
        {.mode = config::Auth::Mode::listed, .failure_delay_max = 60s}, accounts, directory, pool};
    Logins service{authenticator};
    net::Reactor reactor{1};
    net::Registry registry{reactor};
    std::optional<net::Server> server;
    net::Endpoint port;
    std::jthread thread;
};

TEST_F(AuthenticatorOverTls, PlusBindsToTheConnection)
{
    rule("9266", "2", "tls-exporter binds a login to its TLS connection, in 1.2 and 1.3");
    for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        Client wire{port};
        TlsClient client{wire, {.version = version}};
        ASSERT_TRUE(client.shake_hands());
        EXPECT_EQ(client.line(), "SCRAM-SHA-256-PLUS SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN \n");
        EXPECT_EQ(
            log_in(client, "SCRAM-SHA-256-PLUS", scram("p=tls-exporter,,", client.exporter())),
            "accepted bob@example.test");
        EXPECT_EQ(log_in(client, "SCRAM-SHA-256", scram("n,,", "")), "accepted bob@example.test");

        // Somebody in between has a connection of his own with each side.
        Client other_wire{port};
        TlsClient other{other_wire, {.version = version}};
        ASSERT_TRUE(other.shake_hands());
        EXPECT_NE(other.exporter(), client.exporter());
        EXPECT_EQ(log_in(client, "SCRAM-SHA-256-PLUS", scram("p=tls-exporter,,", other.exporter())),
                  "wrong");
        EXPECT_TRUE(log.says("login of bob failed (SCRAM-SHA-256-PLUS: the channel binding"));
    }
}

TEST_F(AuthenticatorOverTls, WhoTakesPlusAwayIsFoundOut)
{
    rule("5802", "6", "flag y is refused where -PLUS was offered");
    Client wire{port};
    TlsClient client{wire};
    ASSERT_TRUE(client.shake_hands());
    client.line();
    EXPECT_EQ(log_in(client, "SCRAM-SHA-256", scram("y,,", "")), "wrong");
}

TEST_F(AuthenticatorOverTls, NoPlusWithoutExtendedMasterSecret)
{
    rule("9266", "4.2", "in TLS 1.2 only with the extended master secret of RFC 7627");
    Client wire{port};
    TlsClient client{wire,
                     {.version = TLS1_2_VERSION, .options = SSL_OP_NO_EXTENDED_MASTER_SECRET}};
    ASSERT_TRUE(client.shake_hands());
    EXPECT_EQ(client.line(), "SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN \n");
    EXPECT_EQ(log_in(client, "SCRAM-SHA-256", scram("y,,", "")), "accepted bob@example.test")
        << "a client that could, and was not offered it";
}

struct SlowAuthenticator : AuthenticatorOverTls {
    SlowAuthenticator() : AuthenticatorOverTls{true} {}
};

TEST_F(SlowAuthenticator, AStopEndsTheDelay)
{
    Client wire{port};
    TlsClient client{wire};
    ASSERT_TRUE(client.shake_hands());
    client.line();
    ask(client, "PLAIN");
    client.send(base64("\0bob\0guess"s) + "\n"); // four minutes
    ASSERT_TRUE(log.says("login of bob failed (PLAIN)"));
    const auto start = std::chrono::steady_clock::now();
    stop();
    EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
}

TEST_F(SlowAuthenticator, OthersGuessesDoNotDelayARightPassword)
{
    Client wire{port};
    TlsClient guesser{wire};
    ASSERT_TRUE(guesser.shake_hands());
    guesser.line();
    ask(guesser, "PLAIN");
    guesser.send(base64("\0bob\0guess"s) + "\n");
    ASSERT_TRUE(log.says("login of bob failed (PLAIN)"));

    Client other_wire{port}; // even from the same address
    TlsClient bob{other_wire};
    ASSERT_TRUE(bob.shake_hands());
    bob.line();
    EXPECT_EQ(log_in(bob, "SCRAM-SHA-256-PLUS", scram("p=tls-exporter,,", bob.exporter())),
              "accepted bob@example.test");
}

} // namespace
} // namespace portico::accounts
