#include "net/server.hpp"
#include "net/tls.hpp"
#include "tests/net/certificate.hpp"
#include "tests/net/log.hpp"
#include "tests/net/tls_client.hpp"
#include "tests/rule.hpp"

#include <asio/co_spawn.hpp>
#include <asio/use_future.hpp>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

namespace portico::net {
namespace {

using namespace std::chrono_literals;
using tests::Client;
using tests::TlsClient;

/// A protocol of lines: says what it sees of TLS, keeps quiet, or takes much and gives it back.
class Lines final : public Service {
public:
    std::string_view name() const override { return "lines"; }
    std::string refusal() const override { return "no room\n"; }
    Task<void> serve(Connection& peer) override
    {
        std::string input;
        for (;;) {
            const auto end = input.find('\n');
            if (end == input.npos) {
                auto bytes = co_await peer.read(wait);
                if (!bytes && bytes.error() == Ended::stopping)
                    co_await peer.write("stopping\n", wait);
                if (!bytes) co_return;
                input += *bytes;
                continue;
            }
            const auto line = input.substr(0, end);
            input.erase(0, end + 1);
            if (line == "starttls") {
                if (!peer.can_start_tls()) co_return;
                if (!co_await peer.start_tls("go ahead\n", input.size())) {
                    // Nothing of it may go out.
                    EXPECT_FALSE(co_await peer.write("and in clear\n", wait));
                    EXPECT_FALSE(co_await peer.read(wait));
                    co_return;
                }
                input.clear();
                continue;
            }
            std::string answer = line + "\n";
            if (line == "exporter") answer = peer.tls_exporter();
            if (line == "info") answer = info(peer);
            if (line.starts_with("big ")) {
                const auto size = std::stoul(line.substr(4));
                while (input.size() < size) {
                    auto bytes = co_await peer.read(wait);
                    if (!bytes) co_return;
                    input += *bytes;
                }
                answer = std::exchange(input, {});
            }
            if (line == "pause") {
                peer.doing("pausing");
                co_await peer.pause(1h);
                answer = "paused\n";
            }
            if (!co_await peer.write(answer, wait)) co_return;
            if (line == "quit") co_return;
        }
    }

    static std::string info(const Connection& peer)
    {
        const auto* tls = peer.tls();
        if (!tls) return "in clear\n";
        return fmt::format("{} {} {}{}\n", tls->version, tls->cipher, tls->server_name,
                           tls->resumed ? " resumed" : "");
    }

    static constexpr auto wait = 60s;
};

struct TlsServer : testing::Test {
    TlsServer()
        : files{tests::make_certificate(folder.path, "first", "DNS:first.example"),
                tests::make_certificate(folder.path, "wild", "DNS:*.second.example"),
                tests::make_certificate(folder.path, "exact", "DNS:mail.second.example")}
    {
    }

    Endpoint start(Encryption encryption = Encryption::implicit, TlsOptions options = {},
                   ServerLimits limits = {})
    {
        auto made = Tls::create(files, options);
        if (!made) throw std::runtime_error(made.error());
        tls = std::move(*made);
        server.emplace(reactor, registry, limits, log);
        auto ports = server->listen({asio::ip::make_address("127.0.0.1")}, 0, {"lines", "the test"},
                                    service, {encryption, tls.get()});
        thread = std::jthread{[this] { server->run(); }};
        return ports.at(0).value();
    }
    void stop()
    {
        if (!thread.joinable()) return;
        server->stop();
        thread.join();
    }
    ~TlsServer() override { stop(); }

    std::vector<ConnectionStatus> connections()
    {
        return asio::co_spawn(reactor.loop(0).executor(), registry.connections(), asio::use_future)
            .get();
    }

    tests::Folder folder;
    std::vector<Tls::Files> files;
    tests::KeptLog log;
    Lines service;
    std::unique_ptr<Tls> tls;
    Reactor reactor{2};
    Registry registry{reactor};
    std::optional<Server> server;
    std::jthread thread;
};

struct EachVersion : TlsServer, testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Tls, EachVersion, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) {
                             return version.param == TLS1_2_VERSION ? "v1_2" : "v1_3";
                         });

TEST_P(EachVersion, HandshakeThenTalk)
{
    rule("9325", "3.1.1", "TLS 1.2 and TLS 1.3 are spoken");
    Client wire{start()};
    TlsClient client{wire, {.version = GetParam(), .server_name = "first.example"}};
    ASSERT_TRUE(client.shake_hands());
    EXPECT_TRUE(client.send("hello\n"));
    EXPECT_EQ(client.line(), "hello\n");
    client.send("info\n");
    EXPECT_EQ(client.line(), GetParam() == TLS1_2_VERSION
                                 ? "TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384 first.example\n"
                                 : "TLSv1.3 TLS_AES_256_GCM_SHA384 first.example\n");
    const auto all = connections();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_TRUE(all[0].tls);
    EXPECT_EQ(all[0].tls_version, client.version());
    EXPECT_EQ(all[0].bytes_in, 11U); // of the protocol, not of TLS
    EXPECT_EQ(registry.ports()[0].encryption, Encryption::implicit);
}

TEST_P(EachVersion, SessionsAreResumed)
{
    rule("8446", "2.2", "A session is resumed by its ticket, in TLS 1.2 too (RFC 5077)");
    const auto endpoint = start();
    Client wire{endpoint};
    TlsClient client{wire, {.version = GetParam(), .server_name = "mail.second.example"}};
    ASSERT_TRUE(client.shake_hands());
    EXPECT_FALSE(client.resumed());
    client.send("hello\n");
    EXPECT_EQ(client.line(), "hello\n");
    const auto session = client.session();
    Client again{endpoint};
    TlsClient resumed{
        again,
        {.version = GetParam(), .server_name = "mail.second.example", .resume = session.get()}};
    ASSERT_TRUE(resumed.shake_hands());
    EXPECT_TRUE(resumed.resumed());
    resumed.send("info\n");
    EXPECT_NE(resumed.line().find("mail.second.example resumed"), std::string::npos);
}

TEST_P(EachVersion, MuchGoesBothWaysThroughSmallBuffers)
{
    const auto endpoint = start();
    Client wire;
    wire.take_little();
    wire.connect(endpoint);
    TlsClient client{wire, {.version = GetParam()}};
    ASSERT_TRUE(client.shake_hands());
    std::string much(3'000'000, '\0');
    for (std::size_t i = 0; i < much.size(); ++i) much[i] = static_cast<char>(i * i >> 7);
    client.send(fmt::format("big {}\n", much.size()));
    client.send(much);
    EXPECT_TRUE(client.receive(much.size()) == much);
}

TEST_P(EachVersion, AHandshakeMayComeOctetByOctet)
{
    Client wire{start()};
    TlsClient client{wire, {.version = GetParam(), .piece = 1}};
    ASSERT_TRUE(client.shake_hands());
    client.send("hello\n");
    EXPECT_EQ(client.line(), "hello\n");
}

TEST_P(EachVersion, ManySmallRecordsAreOneStream)
{
    Client wire{start()};
    TlsClient client{wire, {.version = GetParam()}};
    ASSERT_TRUE(client.shake_hands());
    std::string all;
    for (int i = 0; i < 1000; ++i) {
        const auto line = fmt::format("line {}\n", i);
        client.send(line);
        all += line;
    }
    EXPECT_EQ(client.receive(all.size()), all);
}

TEST_P(EachVersion, TheExporterIsTheClientsToo)
{
    rule("9266", "2", "The channel binding is the same 32 octets on both sides");
    const auto endpoint = start();
    Client wire{endpoint};
    TlsClient client{wire, {.version = GetParam()}};
    ASSERT_TRUE(client.shake_hands());
    client.send("exporter\n");
    EXPECT_EQ(client.receive(32), client.exporter());
    Client other_wire{endpoint};
    TlsClient other{other_wire, {.version = GetParam()}};
    ASSERT_TRUE(other.shake_hands());
    EXPECT_NE(other.exporter(), client.exporter());
}

TEST_F(TlsServer, NoExporterInTls12WithoutTheExtendedMasterSecret)
{
    rule("9266", "4.2", "No channel binding in TLS 1.2 without the extended master secret");
    Client wire{start()};
    TlsClient client{wire,
                     {.version = TLS1_2_VERSION, .options = SSL_OP_NO_EXTENDED_MASTER_SECRET}};
    ASSERT_TRUE(client.shake_hands());
    client.send("exporter\ndone\n");
    EXPECT_EQ(client.line(), "done\n");
}

TEST_F(TlsServer, Tls11IsRefused)
{
    rule("8996", "2", "TLS 1.0 and TLS 1.1 are refused");
    Client wire{start()};
    TlsClient client{wire, {.version = TLS1_1_VERSION, .ciphers = "ALL:@SECLEVEL=0"}};
    EXPECT_FALSE(client.shake_hands());
    EXPECT_TRUE(
        log.says("TLS handshake failed: unsupported protocol: the client's TLS is too old"));
}

TEST_F(TlsServer, Tls12IsRefusedWhereOnly13IsWanted)
{
    Client wire{start(Encryption::implicit, {.min_version = TlsVersion::v1_3})};
    TlsClient client{wire, {.version = TLS1_2_VERSION}};
    EXPECT_FALSE(client.shake_hands());
}

TEST_F(TlsServer, OnlyForwardSecrecyAndAead)
{
    rule("9325", "4.1", "Only ciphers with forward secrecy and authenticated encryption");
    const auto endpoint = start();
    for (const char* ciphers : {"AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256",
                                "ECDHE-ECDSA-AES256-SHA", "DHE-RSA-AES128-GCM-SHA256"}) {
        Client wire{endpoint};
        TlsClient client{wire, {.version = TLS1_2_VERSION, .ciphers = ciphers}};
        EXPECT_FALSE(client.shake_hands()) << ciphers;
    }
    EXPECT_TRUE(log.says("no shared cipher: nothing sound that both sides can do"));
}

TEST_F(TlsServer, NoRenegotiation)
{
    rule("9325", "3.5", "A client's renegotiation is refused");
    Client wire{start()};
    TlsClient client{wire, {.version = TLS1_2_VERSION}};
    ASSERT_TRUE(client.shake_hands());
    EXPECT_NE(client.renegotiate(), 1);
}

TEST_F(TlsServer, KeyUpdatesGoOnBehindTheProtocol)
{
    rule("8446", "4.6.3", "Keys are updated when the client asks");
    Client wire{start()};
    TlsClient client{wire, {.version = TLS1_3_VERSION}};
    ASSERT_TRUE(client.shake_hands());
    for (int i = 0; i < 50; ++i) client.update_keys();
    client.send("hello\n");
    EXPECT_EQ(client.line(), "hello\n");
}

TEST_F(TlsServer, TheNameAskedForPicksTheCertificate)
{
    rule("6066", "3",
         "The certificate is the one for the name that the client asks for, else the first");
    const auto endpoint = start();
    auto served = [&](const std::string& name) {
        Client wire{endpoint};
        TlsClient client{wire, {.server_name = name}};
        return client.shake_hands() ? client.certificate() : "none";
    };
    EXPECT_EQ(served(""), "first");
    EXPECT_EQ(served("first.example"), "first");
    EXPECT_EQ(served("web.second.example"), "wild");
    EXPECT_EQ(served("MAIL.Second.Example"), "exact"); // which goes before the wildcard
    EXPECT_EQ(served("a.b.second.example"), "first");
    EXPECT_EQ(served("exact"), "first"); // the common name does not count
    EXPECT_EQ(served("unknown.example"), "first");
}

TEST_F(TlsServer, AnEndedHandshakeIsLoggedInWords)
{
    const auto endpoint = start();
    Client wire{endpoint};
    wire.send("EHLO client.example\r\n");
    wire.rest(); // an alert, and the end
    EXPECT_TRUE(log.says("lines: TLS handshake failed: wrong version number: the client spoke no "
                         "TLS"));
    Client browser{endpoint};
    browser.send("GET / HTTP/1.1\r\n\r\n");
    browser.rest();
    EXPECT_TRUE(log.says("TLS handshake failed: http request: the client spoke no TLS"));
    Client scanner{endpoint};
    scanner.close();
    EXPECT_TRUE(log.says("TLS handshake failed: the client left"));
}

TEST_F(TlsServer, AHandshakeHasADeadline)
{
    Client wire{start(Encryption::implicit, {.handshake_timeout = 200ms})};
    EXPECT_EQ(wire.rest(), "");
    EXPECT_TRUE(log.says("TLS handshake failed: not done within 200 ms"));
}

TEST_F(TlsServer, TheDeadlineIsForAllPiecesTogether)
{
    Client wire{start(Encryption::implicit, {.handshake_timeout = 300ms})};
    // A record of 16 KiB with a ClientHello as long: it would take minutes.
    wire.send(std::string_view{"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc", 9});
    int pieces = 0;
    for (; pieces < 3000 && !wire.comes_within(10ms); ++pieces) wire.send("\3");
    EXPECT_LT(pieces, 300);
    EXPECT_TRUE(log.says("TLS handshake failed: not done within 300 ms"));
}

TEST_F(TlsServer, AStopEndsAHandshakeAtOnce)
{
    const auto endpoint = start(Encryption::implicit, {}, {.grace = 60s});
    Client wire{endpoint};
    wire.send("\x16");
    while (connections().empty() || connections()[0].doing != "TLS handshake")
        std::this_thread::yield();
    server->stop();
    EXPECT_EQ(wire.rest(), "");
    wire.close();
    EXPECT_TRUE(log.says("TLS handshake failed: the server stops"));
}

TEST_P(EachVersion, AStopIsAnAnswerToAnIdleRead)
{
    Client wire{start()};
    TlsClient client{wire, {.version = GetParam()}};
    ASSERT_TRUE(client.shake_hands());
    client.send("hello\n");
    EXPECT_EQ(client.line(), "hello\n");
    server->stop();
    EXPECT_EQ(client.rest(), "stopping\n");
    EXPECT_TRUE(client.ended_cleanly());
}

TEST_P(EachVersion, TheEndIsSaidToTheClient)
{
    rule("8446", "6.1", "The server says close_notify before it closes");
    Client wire{start()};
    TlsClient client{wire, {.version = GetParam()}};
    ASSERT_TRUE(client.shake_hands());
    client.send("quit\n");
    EXPECT_EQ(client.rest(), "quit\n");
    EXPECT_TRUE(client.ended_cleanly());
}

TEST_P(EachVersion, TheClientsEndIsAnswered)
{
    rule("8446", "6.1", "The client's close_notify is answered by one");
    Client wire{start()};
    TlsClient client{wire, {.version = GetParam()}};
    ASSERT_TRUE(client.shake_hands());
    client.send(std::string(2000, 'x')); // together with what comes last
    client.close_notify();               // while the socket stays open
    EXPECT_EQ(client.rest(), "");
    EXPECT_TRUE(client.ended_cleanly());
}

TEST_F(TlsServer, AnEndWithoutCloseNotifyIsLeaving)
{
    rule("8446", "6.1", "An end without close_notify is the end of the connection");
    Client wire{start()};
    TlsClient client{wire};
    ASSERT_TRUE(client.shake_hands());
    client.send("hello\n");
    client.line();
    wire.close_sending();
    wire.rest(); // an alert, and the end
    EXPECT_TRUE(log.says("TLS: the client left"));
}

TEST_F(TlsServer, OneTooManyIsClosedWithoutWords)
{
    const auto endpoint = start(Encryption::implicit, {}, {.max_connections = 1});
    Client wire{endpoint};
    TlsClient client{wire};
    ASSERT_TRUE(client.shake_hands());
    Client other{endpoint};
    EXPECT_EQ(other.rest(), "");
    EXPECT_TRUE(log.says("refused: max_connections is reached"));
}

TEST_F(TlsServer, StartTlsUpgradesInPlace)
{
    Client wire{start(Encryption::starttls)};
    wire.send("info\n");
    EXPECT_EQ(wire.receive(9), "in clear\n");
    wire.send("exporter\ndone\n");
    EXPECT_EQ(wire.receive(5), "done\n");
    wire.send("starttls\n");
    EXPECT_EQ(wire.receive(9), "go ahead\n");
    TlsClient client{wire};
    ASSERT_TRUE(client.shake_hands());
    client.send("info\n");
    EXPECT_EQ(client.line(), "TLSv1.3 TLS_AES_256_GCM_SHA384 \n");
    client.send("starttls\n"); // not twice
    EXPECT_EQ(client.rest(), "");
}

TEST_F(TlsServer, WhatCameInClearIsThrownAway)
{
    rule("3207", "4.2", "What came in clear behind STARTTLS is thrown away");
    Client wire{start(Encryption::starttls)};
    wire.send("starttls\ninjected\nmore\n");
    EXPECT_EQ(wire.receive(9), "go ahead\n");
    TlsClient client{wire};
    ASSERT_TRUE(client.shake_hands());
    client.send("hello\n");
    EXPECT_EQ(client.line(), "hello\n");
    EXPECT_TRUE(log.says("14 octets came in clear before the TLS handshake: thrown away"));
}

TEST_F(TlsServer, WhatStillLiesInTheSocketIsThrownAwayToo)
{
    rule("3207", "4.2", "What came in clear and was not read yet is thrown away, too");
    Client wire{start(Encryption::starttls)};
    const std::string injected(100'000, 'x'); // more than one read takes
    wire.send("starttls\n" + injected);
    const auto ready = wire.receive(9);
    if (ready == "go ahead\n") {
        // What was still on its way after the drain is no handshake.
        TlsClient client{wire};
        if (client.shake_hands()) {
            client.send("hello\n");
            EXPECT_EQ(client.line(), "hello\n");
        } else {
            EXPECT_TRUE(log.says("TLS handshake failed"));
        }
    }
    EXPECT_TRUE(log.says("came in clear before the TLS handshake: thrown away"));
}

TEST_F(TlsServer, AFloodBeforeTheHandshakeIsCutOff)
{
    Client wire{start(Encryption::starttls)};
    wire.send("starttls\n");
    // Either the drain meets its limit, or what comes after it is no handshake.
    for (int i = 0; i < 64; ++i) wire.send(std::string(1 << 20, 'x'));
    wire.close_sending();
    const auto got = wire.rest();
    EXPECT_TRUE(got.empty() || got.starts_with("go ahead\n")) << got.substr(0, 20);
    EXPECT_EQ(got.find("in clear"), got.npos);
}

TEST_F(TlsServer, AFailedUpgradeSaysNothingInClear)
{
    rule("3207", "4.1", "After a failed handshake nothing is said in clear");
    Client wire{start(Encryption::starttls)};
    wire.send("starttls\n");
    EXPECT_EQ(wire.receive(9), "go ahead\n");
    wire.send("EHLO again\r\n");
    EXPECT_EQ(wire.rest().find("clear"), std::string::npos);
    EXPECT_TRUE(log.says("TLS handshake failed: wrong version number"));
}

TEST_F(TlsServer, AnUpgradeHasADeadlineToo)
{
    Client wire{start(Encryption::starttls, {.handshake_timeout = 200ms})};
    wire.send("starttls\n");
    EXPECT_EQ(wire.rest(), "go ahead\n");
    EXPECT_TRUE(log.says("not done within 200 ms"));
}

TEST_F(TlsServer, APauseEndsAtAStop)
{
    Client wire{start()};
    TlsClient client{wire};
    ASSERT_TRUE(client.shake_hands());
    client.send("pause\n");
    while (connections().empty() || connections()[0].doing != "pausing") std::this_thread::yield();
    server->stop();
    EXPECT_EQ(client.rest(), "paused\nstopping\n");
}

TEST_F(TlsServer, NewFilesAreForNewSessions)
{
    const auto endpoint = start();
    auto served = [&] {
        Client wire{endpoint};
        TlsClient client{wire};
        return client.shake_hands() ? client.certificate() : "none";
    };
    Client wire{endpoint};
    TlsClient live{wire};
    ASSERT_TRUE(live.shake_hands());
    EXPECT_FALSE(tls->changed());

    const auto renewed = tests::make_certificate(folder.path, "renewed", "DNS:first.example");
    std::filesystem::rename(renewed.certificate, files[0].certificate);
    EXPECT_TRUE(tls->changed());
    auto half = tls->reload(); // the key is still the old one's
    ASSERT_FALSE(half);
    EXPECT_EQ(half.error(), fmt::format("key {}: it is not the key of {}", files[0].key.string(),
                                        files[0].certificate.string()));
    EXPECT_FALSE(tls->changed()); // not until they change again
    EXPECT_EQ(served(), "first");

    std::filesystem::rename(renewed.key, files[0].key);
    EXPECT_TRUE(tls->changed());
    EXPECT_TRUE(tls->reload());
    EXPECT_EQ(served(), "renewed");
    live.send("hello\n");
    EXPECT_EQ(live.line(), "hello\n");

    std::filesystem::remove(files[0].key);
    EXPECT_TRUE(tls->changed());
    EXPECT_FALSE(tls->reload());
    EXPECT_EQ(served(), "renewed");
}

TEST(Tls, WrongFilesAreNamed)
{
    const tests::Folder folder;
    const auto good = tests::make_certificate(folder.path, "good", "DNS:good.example");
    const auto other = tests::make_certificate(folder.path, "other", "DNS:other.example");
    auto error = [](std::vector<Tls::Files> files) {
        auto made = Tls::create(std::move(files), {});
        return made ? "none" : made.error();
    };
    EXPECT_EQ(error({good, other}), "none");
    EXPECT_NE(error({}), "none");
    EXPECT_NE(error({{folder.path / "missing.pem", good.key}}).find("missing.pem: No such file"),
              std::string::npos)
        << error({{folder.path / "missing.pem", good.key}});
    EXPECT_NE(
        error({{good.certificate, folder.path / "missing.key"}}).find("missing.key: No such file"),
        std::string::npos);
    EXPECT_NE(error({{good.certificate, other.key}}).find("other.key: it is not the key of"),
              std::string::npos);
    const auto garbage = folder.path / "garbage.pem";
    std::ofstream{garbage} << "no certificate\n";
    EXPECT_NE(error({{garbage, good.key}}).find("garbage.pem: no start line"), std::string::npos);
}

} // namespace
} // namespace portico::net
