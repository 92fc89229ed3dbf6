// The dialogues that the RFCs have as examples, with our texts behind +OK and -ERR.
#include "tests/pop3/conversation.hpp"
#include "tests/rule.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <string>

namespace portico::pop3::test {
namespace {

using accounts::Mechanism;

Outside with_apop(std::vector<std::string> contents)
{
    Outside outside{std::move(contents)};
    outside.timestamp = "<1896.697170952@dbc.mtview.ca.us>";
    outside.security.offer.apop = true;
    return outside;
}

TEST(Pop3Rfc, Rfc1939Section10)
{
    rule("1939", "10", "the example session");
    const std::string of_120 = "Subject: a\r\n\r\n" + std::string(104, 'a') + "\r\n";
    const std::string of_200 = "Subject: b\r\n\r\n" + std::string(184, 'b') + "\r\n";
    expect_conversation(with_apop({of_120, of_200}),
                        fmt::format(R"(
        S: +OK POP3 portico ready <1896.697170952@dbc.mtview.ca.us>
        C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
        S: +OK maildrop has 2 messages (320 octets)
        C: STAT
        S: +OK 2 320
        C: LIST
        S: +OK 2 messages (320 octets)
        S: 1 120
        S: 2 200
        S: .
        C: RETR 1
        S: +OK 120 octets
        S: Subject: a
        S:
        S: {}
        S: .
        C: DELE 1
        S: +OK message 1 deleted
        C: RETR 2
        S: +OK 200 octets
        S: Subject: b
        S:
        S: {}
        S: .
        C: DELE 2
        S: +OK message 2 deleted
        C: QUIT
        S: +OK pop.example.org POP3 portico signing off (maildrop empty)
        S: <close>
    )",
                                    std::string(104, 'a'), std::string(184, 'b')));
}

TEST(Pop3Rfc, Rfc1939Sections5And6) // the commands' own examples
{
    rule("1939", "5", "the examples of STAT, LIST, RETR, DELE, NOOP and RSET");
    rule("1939", "6", "the example of QUIT");
    rule("1939", "7", "the examples of TOP and UIDL");
    const std::string of_120 = "Subject: a\r\n\r\n1\r\n2\r\n" + std::string(98, 'a') + "\r\n";
    const std::string of_200 = "Subject: b\r\n\r\n" + std::string(184, 'b') + "\r\n";
    expect_conversation(with_apop({of_120, of_200}),
                        fmt::format(R"(
        S: +OK POP3 portico ready <1896.697170952@dbc.mtview.ca.us>
        C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
        S: +OK maildrop has 2 messages (320 octets)
        C: LIST 2
        S: +OK 2 200
        C: LIST 3
        S: -ERR no such message
        C: RETR 1
        S: +OK 120 octets
        S: Subject: a
        S:
        S: 1
        S: 2
        S: {}
        S: .
        C: DELE 1
        S: +OK message 1 deleted
        C: DELE 1
        S: -ERR no such message
        C: NOOP
        S: +OK
        C: RSET
        S: +OK maildrop has 2 messages (320 octets)
        C: TOP 1 10
        S: +OK top of message follows
        S: Subject: a
        S:
        S: 1
        S: 2
        S: {}
        S: .
        C: TOP 100 3
        S: -ERR no such message
        C: UIDL
        S: +OK unique-ids follow
        S: 1 uuuuuuuuuuuuuuuuuuuuu0
        S: 2 uuuuuuuuuuuuuuuuuuuuu1
        S: .
        C: UIDL 2
        S: +OK 2 uuuuuuuuuuuuuuuuuuuuu1
        C: UIDL 3
        S: -ERR no such message
        C: QUIT
        S: +OK pop.example.org POP3 portico signing off (2 messages left)
        S: <close>
    )",
                                    std::string(98, 'a'), std::string(98, 'a')));
}

TEST(Pop3Rfc, Rfc1939Section7) // USER and PASS
{
    rule("1939", "7", "the examples of USER and PASS");
    expect_conversation(Outside{}, R"(
        S: +OK pop.example.org POP3 portico ready
        C: USER frated
        S: +OK send PASS
        C: USER mrose
        S: +OK send PASS
        C: PASS secret
        S: -ERR [AUTH] wrong user name or password
        C: USER locked
        S: +OK send PASS
        C: PASS secret
        S: -ERR [IN-USE] another session has this maildrop
        C: USER mrose
        S: +OK send PASS
        C: PASS  se cret
        S: +OK maildrop has 0 messages (0 octets)
    )");
}

TEST(Pop3Rfc, Rfc2449Section5)
{
    rule("2449", "5", "the example of CAPA");
    auto outside = with_apop({});
    outside.security.offer.mechanisms = {Mechanism::cram_md5};
    expect_conversation(outside, R"(
        S: +OK POP3 portico ready <1896.697170952@dbc.mtview.ca.us>
        C: CAPA
        S: +OK capabilities follow
        S: TOP
        S: USER
        S: SASL CRAM-MD5
        S: RESP-CODES
        S: AUTH-RESP-CODE
        S: PIPELINING
        S: EXPIRE NEVER
        S: UIDL
        S: IMPLEMENTATION portico
        S: UTF8 USER
        S: .
    )");
}

TEST(Pop3Rfc, Rfc2449Section8)
{
    rule("2449", "8.1.2", "the example of [IN-USE]");
    expect_conversation(with_apop({}), R"(
        S: +OK POP3 portico ready <1896.697170952@dbc.mtview.ca.us>
        C: APOP locked c4c9334bac560ecc979e58001b3e22fb
        S: -ERR [IN-USE] another session has this maildrop
    )");
}

TEST(Pop3Rfc, Rfc2595Section4)
{
    rule("2595", "4", "the example of STLS");
    auto outside = with_apop({});
    outside.security.starttls = true;
    expect_conversation(outside, R"(
        S: +OK POP3 portico ready <1896.697170952@dbc.mtview.ca.us>
        C: STLS
        S: +OK begin TLS negotiation
        T: handshake
        C: STLS
        S: -ERR TLS is active
    )");
}

/// RFC 5034 section 6: PLAIN is offered under TLS only.
Outside with_plain_under_tls()
{
    auto outside = with_apop({});
    outside.security = {.starttls = true, .offer = {.mechanisms = {Mechanism::scram_sha_256}}};
    outside.secured = {.tls = true,
                       .offer = {.mechanisms = {Mechanism::scram_sha_256, Mechanism::plain}}};
    return outside;
}

const std::string up_to_auth_plain = R"(
        S: +OK POP3 portico ready <1896.697170952@dbc.mtview.ca.us>
        C: CAPA
        S: +OK capabilities follow
        S: TOP
        S: SASL SCRAM-SHA-256
        S: RESP-CODES
        S: AUTH-RESP-CODE
        S: PIPELINING
        S: EXPIRE NEVER
        S: UIDL
        S: IMPLEMENTATION portico
        S: STLS
        S: UTF8 USER
        S: .
        C: STLS
        S: +OK begin TLS negotiation
        T: handshake
        C: CAPA
        S: +OK capabilities follow
        S: TOP
        S: SASL SCRAM-SHA-256 PLAIN
        S: RESP-CODES
        S: AUTH-RESP-CODE
        S: PIPELINING
        S: EXPIRE NEVER
        S: UIDL
        S: IMPLEMENTATION portico
        S: UTF8 USER
        S: .
)";

TEST(Pop3Rfc, Rfc5034Section6)
{
    rule("5034", "6", "the example with an initial response");
    rule("5034", "6", "the example without an initial response");
    rule("5034", "6", "the example in which the server begins");
    expect_conversation(with_plain_under_tls(), up_to_auth_plain + R"(
        C: AUTH PLAIN dGVzdAB0ZXN0AHRlc3Q=
        S: +OK maildrop has 0 messages (0 octets)
    )");
    expect_conversation(with_plain_under_tls(), up_to_auth_plain + R"(
        C: AUTH PLAIN
        S: +\s
        C: dGVzdAB0ZXN0AHRlc3Q=
        S: +OK maildrop has 0 messages (0 octets)
    )");
    // With CRAM-MD5 (RFC 2195 section 2) for DIGEST-MD5, which RFC 6331 has retired.
    auto outside = with_plain_under_tls();
    outside.secured.offer.mechanisms = {Mechanism::cram_md5};
    expect_conversation(outside, R"(
        S: +OK POP3 portico ready <1896.697170952@dbc.mtview.ca.us>
        C: STLS
        S: +OK begin TLS negotiation
        T: handshake
        C: AUTH CRAM-MD5
        S: + PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+
        C: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw
        S: +OK maildrop has 0 messages (0 octets)
    )");
}

} // namespace
} // namespace portico::pop3::test
