// The whole service over loopback: real logins, real TLS, the real store.
#include "net/server.hpp"
#include "services/accounts/digest.hpp"
#include "services/pop3/service.hpp"
#include "tests/accounts/scram_client.hpp"
#include "tests/mail/support.hpp"
#include "tests/net/certificate.hpp"
#include "tests/net/log.hpp"
#include "tests/net/tls_client.hpp"
#include "tests/pop3/conversation.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>

namespace portico::pop3 {
namespace {

using namespace std::chrono_literals;
using tests::Client;
using tests::TlsClient;

struct Port {
    net::Encryption encryption = net::Encryption::none;
    LoginRules rules = {};
    bool plaintext = false;
};

struct Pop3Store : mail::test::StoreTest {
    void start(Port wanted)
    {
        authenticator.emplace(
            accounts::Policy{.mode = config::Auth::Mode::listed, .plaintext = wanted.plaintext},
            accounts, directory, login_pool);
        service.emplace(config::Pop3{}, wanted.rules, "pop.example.test", *store, *authenticator,
                        &transcript);
        server.emplace(reactor, registry, net::ServerLimits{}, server_log);
        auto ports = server->listen({asio::ip::make_address("127.0.0.1")}, 0, {"pop3", "the test"},
                                    *service, {wanted.encryption, tls.get()});
        ASSERT_TRUE(ports[0]);
        endpoint = *ports[0];
        thread = std::jthread{[this] { server->run(); }};
    }
    void stop()
    {
        if (!thread.joinable()) return;
        server->stop();
        thread.join();
    }
    void TearDown() override
    {
        stop();
        StoreTest::TearDown();
        pool.join();
        login_pool.join();
    }

    std::string deliver_utf8(std::string body)
    {
        auto outside = envelope({mailbox});
        outside.smtputf8 = true;
        return mail::test::run(deliver_one(*store, std::move(outside), std::move(body))).value();
    }

    /// The greeting's timestamp.
    static std::string timestamp_in(std::string_view greeting)
    {
        const auto start = greeting.find('<');
        const auto end = greeting.find('>');
        if (start == greeting.npos || end == greeting.npos) return "";
        return std::string{greeting.substr(start, end + 1 - start)};
    }

    template <class Peer>
    static std::string line(Peer& peer)
    {
        std::string got;
        while (!got.ends_with('\n')) {
            const auto octet = peer.receive(1);
            if (octet.empty()) break;
            got += octet;
        }
        return got;
    }
    template <class Peer>
    static std::string ask(Peer& peer, std::string_view command)
    {
        peer.send(std::string{command} + "\r\n");
        auto reply = line(peer);
        if (reply.ends_with("\r\n")) reply.resize(reply.size() - 2);
        return reply;
    }
    /// Up to the termination octet, status line included.
    template <class Peer>
    static std::string ask_for_lines(Peer& peer, std::string_view command)
    {
        peer.send(std::string{command} + "\r\n");
        auto all = line(peer);
        if (!all.starts_with("+OK")) return all;
        for (std::string next; next != ".\r\n" && all.ends_with('\n'); all += next)
            next = line(peer);
        return all;
    }
    template <class Peer>
    static std::string log_in(Peer& peer)
    {
        const auto timestamp = timestamp_in(line(peer));
        return ask(peer, "APOP bob " + accounts::md5_hex(timestamp + secret));
    }

    /// One that bare LFs are in.
    static std::string crlf_line(Client& client)
    {
        std::string got;
        while (!got.ends_with("\r\n")) {
            const auto octet = client.receive(1);
            if (octet.empty()) break;
            got += octet;
        }
        return got;
    }
    bool store_is_free() { return mail::test::run(store->open(mailbox)).has_value(); }

    static inline const std::string secret = "open sesame";
    static constexpr const char* mailbox = "bob@example.test";
    tests::Folder certificates;
    std::unique_ptr<net::Tls> tls =
        net::Tls::create({tests::make_certificate(certificates.path, "pop.example.test",
                                                  "DNS:pop.example.test")},
                         {})
            .value();
    test::RecordedTranscript transcript;
    tests::KeptLog server_log;
    net::Pool login_pool{1};
    const std::vector<config::Account> accounts{
        {.name = "bob", .addresses = {}, .password = "", .secret = secret, .line = 0}};
    const accounts::Directory directory{"example.test", config::Mail::Accept::any,
                                        config::Auth::Mode::listed, accounts};
    std::optional<accounts::Authenticator> authenticator;
    std::optional<Service> service;
    net::Reactor reactor{1};
    net::Registry registry{reactor};
    std::optional<net::Server> server;
    net::Endpoint endpoint;
    std::jthread thread;
};

// ---- the maildrop

TEST_F(Pop3Store, ASessionSeesWhatWasThereWhenItBegan)
{
    rule("1939", "4", "the maildrop is a snapshot, taken at the login");
    rule("1939", "5", "message numbers do not change while mail goes on arriving");
    rule("1939", "7", "a message keeps its unique-id from session to session");
    deliver({mailbox}, "A: 1\r\n\r\n1\r\n");
    deliver({mailbox}, "A: 2\r\n\r\n2\r\n");
    start({});
    Client client{endpoint};
    EXPECT_EQ(log_in(client), "+OK maildrop has 2 messages (22 octets)");
    const auto ids = ask_for_lines(client, "UIDL");
    deliver({mailbox}, "A: 3\r\n\r\n3\r\n");
    EXPECT_EQ(ask(client, "STAT"), "+OK 2 22");
    EXPECT_EQ(ask_for_lines(client, "LIST"), "+OK 2 messages (22 octets)\r\n1 11\r\n2 11\r\n.\r\n");
    EXPECT_EQ(ask(client, "RETR 3"), "-ERR no such message");
    EXPECT_EQ(ask_for_lines(client, "RETR 2"), "+OK 11 octets\r\nA: 2\r\n\r\n2\r\n.\r\n");
    EXPECT_EQ(ask(client, "DELE 1"), "+OK message 1 deleted");
    deliver({mailbox}, "A: 4\r\n\r\n4\r\n");
    EXPECT_EQ(ask(client, "RSET"), "+OK maildrop has 2 messages (22 octets)");
    EXPECT_EQ(ask(client, "DELE 1"), "+OK message 1 deleted");
    EXPECT_EQ(ask(client, "QUIT"),
              "+OK pop.example.test POP3 portico signing off (1 message left)");
    Client again{endpoint};
    EXPECT_EQ(log_in(again), "+OK maildrop has 3 messages (33 octets)");
    EXPECT_EQ(ask(again, "UIDL 1").substr(6), ids.substr(ids.find("2 ") + 2, 22));
    EXPECT_EQ(ask_for_lines(again, "RETR 3"), "+OK 11 octets\r\nA: 4\r\n\r\n4\r\n.\r\n");
}

TEST_F(Pop3Store, DeliveriesGoOnBesideASession)
{
    rule("1939", "4", "mail goes on arriving while the maildrop is locked");
    for (int number = 0; number != 20; ++number) deliver({mailbox}, "A: 1\r\n\r\n1\r\n");
    start({});
    std::atomic<bool> over{false};
    std::jthread postman{[&] {
        while (!over) deliver({mailbox}, "A: n\r\n\r\nn\r\n");
    }};
    Client client{endpoint};
    const auto reply = log_in(client);
    const auto stat = ask(client, "STAT");
    const auto list = ask_for_lines(client, "LIST");
    for (int round = 0; round != 50; ++round) {
        EXPECT_EQ(ask(client, "STAT"), stat);
        EXPECT_EQ(ask_for_lines(client, "LIST"), list);
        EXPECT_EQ(ask_for_lines(client, "RETR 20"), "+OK 11 octets\r\nA: 1\r\n\r\n1\r\n.\r\n");
    }
    for (int number = 1; number <= 20; ++number)
        EXPECT_EQ(ask(client, "DELE " + std::to_string(number)),
                  "+OK message " + std::to_string(number) + " deleted");
    EXPECT_TRUE(ask(client, "QUIT").starts_with("+OK"));
    over = true;
    postman.join();
    for (const auto& left : bodies(mailbox)) EXPECT_EQ(left, "A: n\r\n\r\nn\r\n");
}

TEST_F(Pop3Store, ADroppedConnectionDeletesNothing)
{
    rule("1939", "6", "a dropped connection removes nothing");
    const std::string large = "A: 1\r\n\r\n" + std::string(3'000'000, 'x') + "\r\n";
    deliver({mailbox}, large);
    deliver({mailbox}, "A: 2\r\n\r\n2\r\n");
    start({});
    for (const auto* last : {"", "NOOP\r\n", "RETR 1\r\n", "QUIT", "QUIT\r"}) {
        Client client{endpoint};
        ASSERT_TRUE(log_in(client).starts_with("+OK")) << last;
        EXPECT_EQ(ask(client, "DELE 2"), "+OK message 2 deleted");
        client.send(last);
        client.close();
        // The lock goes with the connection.
        while (!store_is_free()) std::this_thread::sleep_for(5ms);
        EXPECT_EQ(ids(mailbox).size(), 2U) << last;
    }
}

TEST_F(Pop3Store, WhatIsStoredStaysExact)
{
    rule("1939", "11", "octets count the CRLF that RETR adds to a message without a last one");
    rule("3030", "3", "BINARYMIME: bare CR and LF, NUL and 8-bit octets are not touched");
    const std::string unended = "A: 1\r\n\r\nx";
    const std::string binary = "A: 2\r\n\r\n" + mail::test::octets(200'000) + "\n";
    deliver({mailbox}, unended);
    deliver({mailbox}, binary);
    start({});
    Client client{endpoint};
    const auto total = std::to_string(unended.size() + 2 + binary.size() + 2);
    EXPECT_EQ(log_in(client), "+OK maildrop has 2 messages (" + total + " octets)");
    EXPECT_EQ(ask(client, "LIST 1"), "+OK 1 11");
    EXPECT_EQ(ask_for_lines(client, "RETR 1"), "+OK 11 octets\r\n" + unended + "\r\n.\r\n");
    EXPECT_EQ(ask(client, "LIST 2"), "+OK 2 " + std::to_string(binary.size() + 2));
    EXPECT_EQ(ask(client, "RETR 2"), "+OK " + std::to_string(binary.size() + 2) + " octets");
    std::string sent;
    for (std::string next; next != ".\r\n"; next = crlf_line(client)) {
        if (next.starts_with('.')) next.erase(0, 1);
        sent += next;
    }
    EXPECT_TRUE(sent == binary + "\r\n");
    ask(client, "QUIT");
    EXPECT_TRUE(bodies(mailbox) == (std::vector{unended, binary}));
}

TEST_F(Pop3Store, MessagesAreExactOneByOneAndPipelined)
{
    rule("1939", "3", "dot-stuffed where a line begins with a dot, and nowhere else");
    rule("2449", "6.6", "pipelined RETRs are answered in order, as one by one");
    const std::vector<std::pair<std::string, std::string>> stored{
        {"A: 1\r\n\r\nplain\r\n", "A: 1\r\n\r\nplain\r\n"},
        {".\r\n..\r\nA: 2\r\n", "..\r\n...\r\nA: 2\r\n"},
        {"A: 3\r\n\r\nno end", "A: 3\r\n\r\nno end\r\n"},
        {"", ""},
        {"A: 5\r\n\r\n\xc3\xa4\r\n.\r\n", "A: 5\r\n\r\n\xc3\xa4\r\n..\r\n"},
        {"A: 6\r\n\r\n" + std::string(100'000, '.'), // in a file
         "A: 6\r\n\r\n." + std::string(100'000, '.') + "\r\n"},
        {"A: 7\r\n\r\n" + std::string(60'000, 'x') + "\r\n",
         "A: 7\r\n\r\n" + std::string(60'000, 'x') + "\r\n"},
        {".", "..\r\n"},
    };
    std::string commands;
    std::string replies;
    std::vector<std::string> one_by_one;
    for (int round = 0; round != 3; ++round) {
        for (const auto& [content, wire] : stored) {
            deliver({mailbox}, content);
            const auto crlf = content.empty() || content.ends_with("\r\n") ? 0U : 2U;
            one_by_one.push_back("+OK " + std::to_string(content.size() + crlf) + " octets\r\n" +
                                 wire + ".\r\n");
            replies += one_by_one.back();
            commands += "RETR " + std::to_string(one_by_one.size()) + "\r\n";
        }
    }
    start({});
    Client client{endpoint};
    ASSERT_TRUE(log_in(client).starts_with("+OK"));
    for (std::size_t index = 0; index != one_by_one.size(); ++index)
        ASSERT_TRUE(ask_for_lines(client, "RETR " + std::to_string(index + 1)) == one_by_one[index])
            << index + 1;
    client.send(commands);
    ASSERT_TRUE(client.receive(replies.size()) == replies);
    EXPECT_EQ(ask_for_lines(client, "TOP 1 0"), "+OK top of message follows\r\nA: 1\r\n\r\n.\r\n");
    EXPECT_TRUE(ask(client, "QUIT").starts_with("+OK"));
}

TEST_F(Pop3Store, AMessageRemovedMeanwhileIsSaidToBe)
{
    rule("1939", "5", "-ERR to a RETR of what is not there any more");
    std::vector<std::string> ids_of;
    for (const auto* body : {"1\r\n", "2\r\n", "3\r\n", "4\r\n"})
        ids_of.push_back(deliver({mailbox}, body));
    start({});
    Client client{endpoint};
    ASSERT_TRUE(log_in(client).starts_with("+OK"));
    for (const auto* number : {"1", "2"}) // which reads the others ahead
        EXPECT_EQ(ask_for_lines(client, std::string{"RETR "} + number),
                  std::string{"+OK 3 octets\r\n"} + number + "\r\n.\r\n");
    ASSERT_TRUE(mail::test::run(store->remove(ids_of[2])).has_value());
    EXPECT_EQ(ask(client, "RETR 3"), "-ERR no such message");
    EXPECT_EQ(ask_for_lines(client, "RETR 4"), "+OK 3 octets\r\n4\r\n.\r\n");
    EXPECT_TRUE(ask(client, "QUIT").starts_with("+OK"));
}

TEST_F(Pop3Store, ADamagedMessageIsSaidAndTheOthersGoOut)
{
    rule("3206", "4", "[SYS/PERM] where a message is damaged, and the session goes on");
    const auto cut_short = deliver({mailbox}, mail::test::octets(400'000));
    const auto lost = deliver({mailbox}, mail::test::octets(100'000));
    deliver({mailbox}, "A: 3\r\n\r\n3\r\n");
    const auto folder_of_bodies = folder.path() / "mail" / "bodies";
    std::filesystem::resize_file(folder_of_bodies / cut_short, 300'000);
    std::filesystem::remove(folder_of_bodies / lost);
    start({});
    Client client{endpoint};
    EXPECT_TRUE(log_in(client).starts_with("+OK maildrop has 3 messages"));
    EXPECT_EQ(ask(client, "RETR 1"), "-ERR [SYS/PERM] the message is damaged");
    EXPECT_EQ(ask(client, "TOP 2 0"), "-ERR [SYS/PERM] the message is damaged");
    EXPECT_EQ(ask_for_lines(client, "RETR 3"), "+OK 11 octets\r\nA: 3\r\n\r\n3\r\n.\r\n");
    EXPECT_EQ(ask(client, "DELE 1"), "+OK message 1 deleted");
    EXPECT_EQ(ask(client, "DELE 2"), "+OK message 2 deleted");
    EXPECT_TRUE(ask(client, "QUIT").ends_with("(1 message left)"));
    EXPECT_EQ(ids(mailbox).size(), 1U);
}

TEST_F(Pop3Store, AMessageInUtf8NeedsUtf8)
{
    rule("6856", "5", "-ERR [UTF8] for RETR and TOP outside the mode");
    const std::string message = "Subject: \xc3\xa4\r\n\r\n1\r\n";
    deliver_utf8(message);
    deliver_utf8("Subject: a\r\n\r\n\xc3\xa4\r\n"); // 8-bit text is everybody's
    start({});
    {
        Client client{endpoint};
        EXPECT_EQ(log_in(client), "+OK maildrop has 2 messages (36 octets)");
        EXPECT_TRUE(ask(client, "RETR 1").starts_with("-ERR [UTF8] "));
        EXPECT_TRUE(ask(client, "TOP 1 0").starts_with("-ERR [UTF8] "));
        EXPECT_TRUE(ask_for_lines(client, "RETR 2").ends_with("\r\n\xc3\xa4\r\n.\r\n"));
        ask(client, "QUIT");
    }
    Client client{endpoint};
    const auto timestamp = timestamp_in(line(client));
    EXPECT_TRUE(ask(client, "UTF8").starts_with("+OK"));
    EXPECT_TRUE(
        ask(client, "APOP bob " + accounts::md5_hex(timestamp + secret)).starts_with("+OK"));
    EXPECT_EQ(ask_for_lines(client, "RETR 1"), "+OK 18 octets\r\n" + message + ".\r\n");
}

// ---- logins

TEST_F(Pop3Store, ApopHasAnotherTimestampEachTime)
{
    rule("1939", "7", "the timestamp is another one in each greeting, a message-id by its form");
    start({});
    std::set<std::string> timestamps;
    for (int number = 0; number != 10; ++number) {
        Client client{endpoint};
        const auto timestamp = timestamp_in(line(client));
        EXPECT_TRUE(timestamp.ends_with("@pop.example.test>")) << timestamp;
        timestamps.insert(timestamp);
        // The digest of a session before is worth nothing.
        const auto digest = accounts::md5_hex(*timestamps.begin() + secret);
        EXPECT_EQ(ask(client, "APOP bob " + digest).starts_with("+OK"),
                  timestamp == *timestamps.begin());
        ask(client, "QUIT");
    }
    EXPECT_EQ(timestamps.size(), 10U);
}

TEST_F(Pop3Store, EveryMechanismLogsIn)
{
    rule("5034", "4", "AUTH PLAIN, LOGIN, CRAM-MD5 and SCRAM-SHA-256 over a connection");
    start({.plaintext = true});
    const std::string in = "+OK maildrop has 0 messages (0 octets)";
    const auto base64 = accounts::base64;
    const auto plain = base64(std::string{"\0bob\0", 5} + secret);
    {
        Client client{endpoint};
        line(client);
        EXPECT_TRUE(ask_for_lines(client, "CAPA")
                        .contains("\r\nUSER\r\nSASL SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN\r\n"));
        EXPECT_EQ(ask(client, "AUTH PLAIN"), "+ ");
        EXPECT_EQ(ask(client, plain), in);
        ask(client, "QUIT");
    }
    {
        Client client{endpoint};
        line(client);
        EXPECT_EQ(ask(client, "AUTH PLAIN " + plain), in);
        ask(client, "QUIT");
    }
    {
        Client client{endpoint};
        line(client);
        EXPECT_EQ(ask(client, "AUTH LOGIN"), "+ VXNlcm5hbWU6");
        EXPECT_EQ(ask(client, base64("bob")), "+ UGFzc3dvcmQ6");
        EXPECT_EQ(ask(client, base64("open the door")), "-ERR [AUTH] wrong user name or password");
        EXPECT_EQ(ask(client, "AUTH LOGIN " + base64("bob")), "+ UGFzc3dvcmQ6");
        EXPECT_EQ(ask(client, base64(secret)), in);
        ask(client, "QUIT");
    }
    {
        Client client{endpoint};
        line(client);
        const auto said = ask(client, "AUTH CRAM-MD5");
        const auto challenge = accounts::from_base64(said.substr(2)).value();
        EXPECT_EQ(ask(client, base64("bob " + accounts::hmac_md5_hex(secret, challenge))), in);
        ask(client, "QUIT");
    }
    {
        Client client{endpoint};
        line(client);
        tests::ScramClient scram{"n,,", "n=bob,r=abc", secret, "", {}, {}};
        const auto said = ask(client, "AUTH SCRAM-SHA-256 " + base64(scram.first()));
        const auto last = base64(scram.final(accounts::from_base64(said.substr(2)).value()));
        EXPECT_EQ(ask(client, last), "+ " + base64(scram.server_final()));
        EXPECT_EQ(ask(client, ""), in);
    }
    stop(); // then nobody writes to the transcript
    for (const auto& event : server_log.events()) EXPECT_FALSE(event.contains("open"));
    EXPECT_FALSE(transcript.text.contains("open"));
    EXPECT_FALSE(transcript.text.contains(base64(secret)));
    EXPECT_FALSE(transcript.text.contains(base64("open the door")));
}

TEST_F(Pop3Store, GuessingEndsTheSession)
{
    rule("3206", "5", "one text for unknown users and wrong passwords");
    start({.rules = {.failures_per_session = 3}, .plaintext = true});
    Client client{endpoint};
    line(client);
    ask(client, "USER bob");
    EXPECT_EQ(ask(client, "PASS guess"), "-ERR [AUTH] wrong user name or password");
    ask(client, "USER nobody");
    EXPECT_EQ(ask(client, "PASS guess"), "-ERR [AUTH] wrong user name or password");
    EXPECT_EQ(ask(client, "APOP bob 00000000000000000000000000000000"),
              "-ERR [AUTH] too many failed logins");
    EXPECT_EQ(client.rest(), "");
    EXPECT_TRUE(server_log.says("login of nobody failed (USER)"));
}

// ---- TLS

TEST_F(Pop3Store, StlsThenALogin)
{
    rule("2595", "4", "STLS over a connection, and the same session goes on under TLS");
    deliver({mailbox}, "A: 1\r\n\r\n1\r\n");
    start({.encryption = net::Encryption::starttls});
    Client wire{endpoint};
    line(wire);
    EXPECT_TRUE(ask_for_lines(wire, "CAPA").contains("\r\nSTLS\r\n"));
    EXPECT_EQ(ask(wire, "USER bob"), "-ERR a password is not taken in clear: send STLS first");
    EXPECT_EQ(ask(wire, "STLS"), "+OK begin TLS negotiation");
    TlsClient client{wire};
    ASSERT_TRUE(client.shake_hands());
    const auto capabilities = ask_for_lines(client, "CAPA");
    EXPECT_FALSE(capabilities.contains("STLS"));
    EXPECT_TRUE(capabilities.contains("\r\nUSER\r\nSASL SCRAM-SHA-256-PLUS SCRAM-SHA-256 "));
    EXPECT_EQ(ask(client, "STLS"), "-ERR TLS is active");
    tests::ScramClient scram{"p=tls-exporter,,", "n=bob,r=abc", secret, client.exporter(), {}, {}};
    const auto first = ask(client, "AUTH SCRAM-SHA-256-PLUS " + accounts::base64(scram.first()));
    const auto last =
        accounts::base64(scram.final(accounts::from_base64(first.substr(2)).value_or("")));
    EXPECT_EQ(ask(client, last), "+ " + accounts::base64(scram.server_final()));
    EXPECT_EQ(ask(client, ""), "+OK maildrop has 1 message (11 octets)");
    EXPECT_EQ(ask_for_lines(client, "RETR 1"), "+OK 11 octets\r\nA: 1\r\n\r\n1\r\n.\r\n");
    EXPECT_EQ(ask(client, "DELE 1"), "+OK message 1 deleted");
    EXPECT_TRUE(ask(client, "QUIT").ends_with("(maildrop empty)"));
    EXPECT_TRUE(ids(mailbox).empty());
}

TEST_F(Pop3Store, WhatIsInjectedBeforeTheHandshakeIsNotHeard)
{
    rule("2595", "4", "commands injected behind STLS are thrown away, and the log says how many");
    deliver({mailbox}, "A: 1\r\n\r\n1\r\n");
    start({.encryption = net::Encryption::starttls});
    Client wire{endpoint};
    line(wire);
    const std::string injected = "USER bob\r\nPASS open sesame\r\nDELE 1\r\nQUIT\r\nUSER bo";
    wire.send("STLS\r\n" + injected);
    EXPECT_EQ(line(wire), "+OK begin TLS negotiation\r\n");
    TlsClient client{wire};
    ASSERT_TRUE(client.shake_hands());
    EXPECT_TRUE(server_log.says(std::to_string(injected.size()) + " octets came in clear"));
    EXPECT_EQ(ask(client, "NOOP"), "-ERR log in first");
    EXPECT_EQ(ask(client, "PASS open sesame"), "-ERR send USER first");
    EXPECT_TRUE(ask(client, "QUIT").starts_with("+OK"));
    EXPECT_EQ(ids(mailbox).size(), 1U);
}

TEST_F(Pop3Store, AHandshakeThatFailsEndsTheSession)
{
    rule("2595", "4", "without a handshake behind STLS there is no session");
    start({.encryption = net::Encryption::starttls});
    Client wire{endpoint};
    line(wire);
    EXPECT_EQ(ask(wire, "STLS"), "+OK begin TLS negotiation");
    wire.send("CAPA\r\n");
    EXPECT_FALSE(wire.rest().contains("OK"));
}

TEST_F(Pop3Store, ImplicitTls)
{
    rule("8314", "3.2", "implicit TLS: the greeting comes under TLS, and there is no STLS");
    start({.encryption = net::Encryption::implicit, .rules = {.require_tls = true}});
    Client wire{endpoint};
    TlsClient client{wire};
    ASSERT_TRUE(client.shake_hands());
    EXPECT_TRUE(line(client).starts_with("+OK POP3 portico ready <"));
    EXPECT_FALSE(ask_for_lines(client, "CAPA").contains("STLS"));
    EXPECT_EQ(ask(client, "STLS"), "-ERR TLS is active");
    EXPECT_EQ(ask(client, "USER bob"), "+OK send PASS");
    EXPECT_EQ(ask(client, "PASS open sesame"), "+OK maildrop has 0 messages (0 octets)");
}

TEST_F(Pop3Store, WhereTlsIsRequired)
{
    rule("2595", "2.3", "require_tls: nothing but CAPA, STLS and QUIT in clear");
    start({.encryption = net::Encryption::starttls,
           .rules = {.require_tls = true},
           .plaintext = true});
    Client wire{endpoint};
    EXPECT_EQ(log_in(wire), "-ERR send STLS first");
    EXPECT_FALSE(ask_for_lines(wire, "CAPA").contains("SASL"));
    EXPECT_EQ(ask(wire, "STLS"), "+OK begin TLS negotiation");
    TlsClient client{wire};
    ASSERT_TRUE(client.shake_hands());
    EXPECT_EQ(ask(client, "USER bob"), "+OK send PASS");
    EXPECT_EQ(ask(client, "PASS open sesame"), "+OK maildrop has 0 messages (0 octets)");
}

} // namespace
} // namespace portico::pop3
