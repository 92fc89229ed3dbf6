#include "tests/pop3/conversation.hpp"
#include "tests/rule.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace portico::pop3::test {
namespace {

using accounts::Mechanism;

const std::string capabilities_before_sasl = "S: +OK capabilities follow\nS: TOP\n";
const std::string capabilities_behind_sasl =
    "S: RESP-CODES\nS: AUTH-RESP-CODE\nS: PIPELINING\nS: EXPIRE NEVER\nS: UIDL\n"
    "S: IMPLEMENTATION portico\n";

/// What CAPA lists: `log_in` is how one can log in, `last` what is at the end.
std::string capa(std::string_view log_in, std::string_view last)
{
    return fmt::format("C: CAPA\n{}{}{}{}S: .\n", capabilities_before_sasl, log_in,
                       capabilities_behind_sasl, last);
}

/// Two messages, and every way to log in.
Outside all_ways()
{
    Outside outside{{"Subject: 1\r\n\r\none\r\n", "Subject: 2\r\n\r\ntwo\r\n"}};
    outside.timestamp = "<1896.697170952@dbc.mtview.ca.us>"; // RFC 1939 section 7
    outside.security.offer = {.mechanisms = {Mechanism::scram_sha_256_plus,
                                             Mechanism::scram_sha_256, Mechanism::cram_md5,
                                             Mechanism::plain, Mechanism::login},
                              .password = true,
                              .apop = true};
    outside.secured = {.tls = true, .offer = outside.security.offer};
    return outside;
}

/// A port with STLS, where passwords are not taken in clear.
Outside with_stls()
{
    auto outside = all_ways();
    outside.security.starttls = true;
    outside.security.offer = {.mechanisms = {Mechanism::scram_sha_256, Mechanism::cram_md5},
                              .password = false,
                              .apop = true};
    return outside;
}

/// The same where nothing goes on before STLS.
Outside with_tls_required()
{
    auto outside = with_stls();
    outside.security.require_tls = true;
    outside.secured.require_tls = true;
    return outside;
}

/// A conversation that begins after the greeting with a timestamp.
void expect_talk(Outside outside, std::string_view text)
{
    expect_conversation(std::move(outside),
                        "S: +OK POP3 portico ready <1896.697170952@dbc.mtview.ca.us>\n" +
                            std::string{text});
}

// ---- APOP (RFC 1939 section 7)

TEST(Pop3Apop, LogsIn)
{
    rule("1939", "7", "a greeting with a timestamp offers APOP");
    rule("1939", "7", "APOP with the right digest enters TRANSACTION");
    expect_talk(all_ways(), R"(
        C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
        S: +OK maildrop has 2 messages (38 octets)
        C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
        S: -ERR already logged in
    )");
}

TEST(Pop3Apop, FailsWithOneText)
{
    rule("1939", "7", "APOP with a wrong digest leaves AUTHORIZATION as it was");
    rule("3206", "5", "[AUTH] where APOP's digest is wrong");
    rule("2449", "8.1.2", "[IN-USE] where APOP is right and the maildrop locked");
    rule("3206", "4", "[SYS/TEMP] where APOP cannot be checked");
    expect_talk(all_ways(), R"(
        C: APOP mrose c4c9334bac560ecc979e58001b3e22fc
        S: -ERR [AUTH] wrong user name or password
        C: APOP nobody 00000000000000000000000000000000
        S: -ERR [AUTH] wrong user name or password
        C: APOP locked c4c9334bac560ecc979e58001b3e22fb
        S: -ERR [IN-USE] another session has this maildrop
        C: APOP broken c4c9334bac560ecc979e58001b3e22fb
        S: -ERR [SYS/TEMP] logging in is not possible now
        C: STAT
        S: -ERR log in first
        C: apop mrose c4c9334bac560ecc979e58001b3e22fb
        S: +OK maildrop has 2 messages (38 octets)
    )");
}

TEST(Pop3Apop, WhatIsNoDigestIsNoGuess)
{
    rule("1939", "7", "a digest is 16 octets in lower-case hexadecimal");
    rule("3206", "5", "no [AUTH] where no credentials were looked at");
    auto outside = all_ways();
    outside.max_failures = 1;
    expect_talk(outside, R"(
        C: APOP
        S: -ERR this command needs an argument
        C: APOP mrose
        S: -ERR a name and a digest of 32 lower-case hexadecimal digits are expected
        C: APOP mrose C4C9334BAC560ECC979E58001B3E22FB
        S: -ERR a name and a digest of 32 lower-case hexadecimal digits are expected
        C: APOP mrose c4c9334bac560ecc979e58001b3e22fb0
        S: -ERR a name and a digest of 32 lower-case hexadecimal digits are expected
        C: APOP m rose c4c9334bac560ecc979e58001b3e22fb
        S: -ERR a name and a digest of 32 lower-case hexadecimal digits are expected
        C: APOP mrose  c4c9334bac560ecc979e58001b3e22fb
        S: -ERR a name and a digest of 32 lower-case hexadecimal digits are expected
        C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
        S: +OK maildrop has 2 messages (38 octets)
    )");
}

TEST(Pop3Apop, NotWithoutATimestampOrAnAccountThatHasASecret)
{
    rule("1939", "7", "without a timestamp in the greeting there is no APOP");
    auto outside = all_ways();
    outside.security.offer.apop = false;
    expect_talk(outside, R"(
        C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
        S: -ERR APOP is not offered here
    )");
    outside = all_ways();
    outside.timestamp.clear();
    expect_conversation(outside, R"(
        S: +OK pop.example.org POP3 portico ready
        C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
        S: -ERR APOP is not offered here
    )");
}

TEST(Pop3Apop, ForgetsTheUserBeforeIt)
{
    rule("1939", "7", "PASS only after a successful USER");
    expect_talk(all_ways(), R"(
        C: USER ana
        S: +OK send PASS
        C: APOP mrose 00000000000000000000000000000000
        S: -ERR [AUTH] wrong user name or password
        C: PASS  se cret
        S: -ERR send USER first
    )");
}

// ---- AUTH (RFC 5034)

TEST(Pop3Auth, CapaListsTheMechanisms)
{
    rule("5034", "3", "SASL lists the mechanisms");
    rule("2449", "6.3", "SASL only where there are mechanisms, and not after the login");
    expect_talk(all_ways(),
                capa("S: USER\nS: SASL SCRAM-SHA-256-PLUS SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN\n",
                     "S: UTF8 USER\n") +
                    "C: AUTH PLAIN AGFuYQAgc2UgY3JldA==\n"
                    "S: +OK maildrop has 2 messages (38 octets)\n" +
                    capa("", "S: UTF8 USER\n"));
}

TEST(Pop3Auth, WithoutAnArgumentListsTheMechanisms)
{
    rule("5034", "4", "AUTH without a mechanism lists them, for clients older than CAPA");
    auto outside = with_stls();
    expect_talk(outside, R"(
        C: AUTH
        S: +OK mechanisms follow
        S: SCRAM-SHA-256
        S: CRAM-MD5
        S: .
        C: auth \s
        S: +OK mechanisms follow
        S: SCRAM-SHA-256
        S: CRAM-MD5
        S: .
    )");
    outside.security.offer.mechanisms.clear();
    expect_talk(outside, R"(
        C: AUTH
        S: -ERR no mechanism is offered here
    )");
}

TEST(Pop3Auth, Plain)
{
    rule("5034", "4", "AUTH with an initial response");
    rule("5034", "4", "AUTH without one: an empty challenge, with the space");
    rule("5034", "4", "= is an empty initial response");
    rule("3206", "5", "[AUTH] where AUTH's credentials are wrong");
    rule("3206", "4", "[SYS/TEMP] where AUTH cannot be checked");
    rule("2449", "8.1.2", "[IN-USE] where AUTH is right and the maildrop locked");
    expect_talk(all_ways(), R"(
        C: AUTH PLAIN AGFuYQB3cm9uZw==
        S: -ERR [AUTH] wrong user name or password
        C: AUTH PLAIN AGxvY2tlZAB4
        S: -ERR [IN-USE] another session has this maildrop
        C: AUTH PLAIN AGJyb2tlbgB4
        S: -ERR [SYS/TEMP] logging in is not possible now
        C: AUTH PLAIN YW5h
        S: -ERR not how this mechanism goes on
        C: AUTH PLAIN =
        S: -ERR not how this mechanism goes on
        C: AUTH PLAIN
        S: +\s
        C:
        S: -ERR not how this mechanism goes on
        C: auth plain
        S: +\s
        C: AGFuYQAgc2UgY3JldA==
        S: +OK maildrop has 2 messages (38 octets)
        C: AUTH PLAIN AGFuYQAgc2UgY3JldA==
        S: -ERR already logged in
        C: AUTH
        S: -ERR already logged in
    )");
}

TEST(Pop3Auth, Login)
{
    rule("5034", "4", "an exchange of several turns");
    expect_talk(all_ways(), R"(
        C: AUTH LOGIN
        S: + VXNlcm5hbWU6
        C: YW5h
        S: + UGFzc3dvcmQ6
        C: d3Jvbmc=
        S: -ERR [AUTH] wrong user name or password
        C: AUTH LOGIN YW5h
        S: + UGFzc3dvcmQ6
        C: IHNlIGNyZXQ=
        S: +OK maildrop has 2 messages (38 octets)
    )");
}

TEST(Pop3Auth, CramMd5)
{
    rule("5034", "4", "an exchange in which the server begins takes no initial response");
    expect_talk(all_ways(), R"(
        C: AUTH CRAM-MD5 YW5h
        S: -ERR not how this mechanism goes on
        C: AUTH CRAM-MD5
        S: + PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+
        C: dGltIGM5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw
        S: -ERR [AUTH] wrong user name or password
        C: AUTH CRAM-MD5
        S: + PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+
        C: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw
        S: +OK maildrop has 2 messages (38 octets)
    )");
}

TEST(Pop3Auth, ScramEndsWithAnEmptyResponse)
{
    rule("5034", "4", "what a mechanism says with success is a challenge of its own");
    expect_talk(all_ways(), R"(
        C: AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=
        S: + cj1yT3ByTkdmd0ViZVJXZ2JORWtxTyVodllEcFdVYTJSYVRDQWZ1eEZJbGopaE5sRiRrMCxzPVcyMlphSjBTTlk3c29Fc1VFamI2Z1E9PSxpPTQwOTY=
        C: Yz1iaXdzLHI9ck9wck5HZndFYmVSV2diTkVrcU8laHZZRHBXVWEyUmFUQ0FmdXhGSWxqKWhObEYkazAscD1kSHpiWmFwV0lrNGpVaE4rVXRlOXl0YWc5empmTUhnc3FtbWl6N0FuZFZRPQ==
        S: + dj02cnJpVFJCaTIzV3BSUi93dHVwK21NaFVaVW4vZEI1bkxUSlJzamw5NUc0PQ==
        C:
        S: +OK maildrop has 2 messages (38 octets)
    )");
}

TEST(Pop3Auth, IsCancelled)
{
    rule("5034", "4", "* cancels the exchange");
    expect_talk(all_ways(), R"(
        C: AUTH PLAIN
        S: +\s
        C: *
        S: -ERR authentication cancelled
        C: AUTH LOGIN
        S: + VXNlcm5hbWU6
        C: YW5h
        S: + UGFzc3dvcmQ6
        C: *
        S: -ERR authentication cancelled
        C: *
        S: -ERR unknown command
        C: AUTH PLAIN *
        S: -ERR not base64
        C: QUIT
        S: +OK pop.example.org POP3 portico signing off
        S: <close>
    )");
}

TEST(Pop3Auth, WhatIsNotBase64)
{
    rule("5034", "4", "a response that is not base64 ends the exchange");
    std::string talk;
    for (const auto* bad : {"STAT 1", "YW5h=", "YW5h\\s", " YW5h", "YW5", "=", "YR==", "**"})
        talk += fmt::format("C: AUTH LOGIN\nS: + VXNlcm5hbWU6\nC: {}\nS: -ERR not base64\n", bad);
    for (const auto* bad : {"YW5", "====", "==", "ana!"})
        talk += fmt::format("C: AUTH PLAIN {}\nS: -ERR not base64\n", bad);
    expect_talk(all_ways(), talk);
}

TEST(Pop3Auth, ACommandWithinAnExchangeIsNone)
{
    rule("5034", "4", "what follows a challenge is a response, whatever it looks like");
    expect_talk(all_ways(), R"(
        C: AUTH LOGIN
        S: + VXNlcm5hbWU6
        C: QUIT
        S: + UGFzc3dvcmQ6
        C: CAPA
        S: -ERR [AUTH] wrong user name or password
        C: QUIT
        S: +OK pop.example.org POP3 portico signing off
        S: <close>
    )");
}

TEST(Pop3Auth, LinesThatAreNoResponses)
{
    rule("1939", "3", "a line ends with CRLF, in an exchange too");
    expect_talk(all_ways(), R"(
        C: AUTH PLAIN
        S: +\s
        C: AGFuYQAgc2UgY3JldA==\n
        S: -ERR bare LF: a line ends with CRLF
        C: AUTH PLAIN
        S: +\s
        C: AGFu\rYQAgc2UgY3JldA==
        S: -ERR bare CR: a line ends with CRLF
        C: AUTH PLAIN
        S: +\s
        C: AGFu\0YQAgc2UgY3JldA==
        S: -ERR NUL octet in the line
        C: NOOP
        S: -ERR log in first
    )");
}

TEST(Pop3Auth, ResponsesMayBeLongAndNoLonger)
{
    rule("5034", "4", "a response has up to 12288 octets; a command line stays at 255");
    rule("2449", "4", "AUTH with its initial response is a command line");
    const std::string longest(12288, 'A');
    const std::string longest_initial(240, 'A'); // "AUTH LOGIN " and CRLF: 253
    expect_talk(all_ways(), fmt::format(R"(
        C: AUTH LOGIN
        S: + VXNlcm5hbWU6
        C: {0}
        S: + UGFzc3dvcmQ6
        C: {0}
        S: -ERR [AUTH] wrong user name or password
        C: AUTH LOGIN
        S: + VXNlcm5hbWU6
        C: {0}AAAA
        S: -ERR response too long (12288 octets at most)
        C: AUTH LOGIN
        S: + VXNlcm5hbWU6
        C: {0}{0}{0}{0}{0}{0}{0}{0}
        S: -ERR response too long (12288 octets at most)
        C: {0}
        S: -ERR line too long (255 octets at most)
        C: AUTH LOGIN {1}
        S: + UGFzc3dvcmQ6
        C: *
        S: -ERR authentication cancelled
        C: AUTH LOGIN {1}AAAA
        S: -ERR line too long (255 octets at most)
        C: AUTH LOGIN YW5h
        S: + UGFzc3dvcmQ6
        C: IHNlIGNyZXQ=
        S: +OK maildrop has 2 messages (38 octets)
        C: {0}
        S: -ERR line too long (255 octets at most)
    )",
                                        longest, longest_initial));
}

TEST(Pop3Auth, MechanismsThatAreNotOffered)
{
    rule("5034", "4", "-ERR for a mechanism that is not offered");
    rule("5034", "4", "-ERR for more than a mechanism and an initial response");
    expect_talk(with_stls(), R"(
        C: AUTH GSSAPI
        S: -ERR this mechanism is not offered here
        C: AUTH DIGEST-MD5 =
        S: -ERR this mechanism is not offered here
        C: AUTH SCRAM-SHA-256-PLUS
        S: -ERR this mechanism is not offered here
        C: AUTH CRAM-MD5 YW5h YW5h
        S: -ERR a mechanism and at most one initial response are expected
        C: AUTH  CRAM-MD5
        S: -ERR a mechanism and at most one initial response are expected
    )");
}

TEST(Pop3Auth, TheSessionEndsAfterSoManyFailedLogins)
{
    rule("3206", "5", "[AUTH] with the last failed login too");
    auto outside = all_ways();
    outside.max_failures = 4;
    expect_talk(outside, R"(
        C: USER ana
        S: +OK send PASS
        C: PASS wrong
        S: -ERR [AUTH] wrong user name or password
        C: APOP ana 00000000000000000000000000000000
        S: -ERR [AUTH] wrong user name or password
        C: AUTH PLAIN AGFuYQB3cm9uZw==
        S: -ERR [AUTH] wrong user name or password
        C: AUTH PLAIN AGxvY2tlZAB4
        S: -ERR [IN-USE] another session has this maildrop
        C: AUTH PLAIN
        S: +\s
        C: *
        S: -ERR authentication cancelled
        C: AUTH PLAIN
        S: +\s
        C: AGFuYQB3cm9uZw==
        S: -ERR [AUTH] too many failed logins
        S: <close>
        C: AUTH PLAIN AGFuYQAgc2UgY3JldA==
        S: <close>
    )");
}

TEST(Pop3Auth, MalformedExchangesAreErrors)
{
    rule("5034", "4", "a cancelled exchange is answered -ERR, and no end of them is an end");
    auto outside = all_ways();
    outside.max_errors = 3;
    expect_talk(outside, R"(
        C: AUTH PLAIN
        S: +\s
        C: *
        S: -ERR authentication cancelled
        C: AUTH PLAIN
        S: +\s
        C: !
        S: -ERR not base64
        C: AUTH PLAIN YW5h
        S: -ERR too many errors
        S: <close>
    )");
}

TEST(Pop3Auth, IdleAndStopWithinAnExchange)
{
    rule("1939", "3", "the inactivity timer runs within AUTH too");
    expect_talk(all_ways(), R"(
        C: AUTH PLAIN
        S: +\s
        I: idle
        S: <close>
    )");
    expect_talk(all_ways(), R"(
        C: AUTH PLAIN
        S: +\s
        I: stopping
        S: -ERR [SYS/TEMP] server is shutting down
        S: <close>
    )");
}

TEST(Pop3Auth, TheTranscriptHidesEveryTurn)
{
    rule("5034", "7", "credentials stand in no transcript");
    auto outside = all_ways();
    RecordedTranscript transcript;
    Session session{outside, &transcript};
    session.talk("AUTH PLAIN AGFuYQB3cm9uZw==\r\n"
                 "AUTH LOGIN\r\nYW5h\r\nd3Jvbmc=\r\n"
                 "AUTH LOGIN\r\n*\r\n"
                 "AUTH LOGIN\r\n!\r\nc2VjcmV0\r\n"
                 "NOOP\r\n"
                 "APOP ana 00000000000000000000000000000000\r\n"
                 "AUTH CRAM-MD5\r\ndGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\r\n"
                 "XTND\r\n");
    EXPECT_EQ(transcript.text, "S: +OK POP3 portico ready <1896.697170952@dbc.mtview.ca.us>\n"
                               "C: AUTH PLAIN ****\n"
                               "S: -ERR [AUTH] wrong user name or password\n"
                               "C: AUTH LOGIN\n"
                               "S: + ****\n"
                               "C: ****\n"
                               "S: + ****\n"
                               "C: ****\n"
                               "S: -ERR [AUTH] wrong user name or password\n"
                               "C: AUTH LOGIN\n"
                               "S: + ****\n"
                               "C: *\n"
                               "S: -ERR authentication cancelled\n"
                               "C: AUTH LOGIN\n"
                               "S: + ****\n"
                               "C: ****\n"
                               "S: -ERR not base64\n"
                               "C: ****\n"
                               "S: -ERR unknown command\n"
                               "C: NOOP\n"
                               "S: -ERR log in first\n"
                               "C: APOP ana ****\n"
                               "S: -ERR [AUTH] wrong user name or password\n"
                               "C: AUTH CRAM-MD5\n"
                               "S: + ****\n"
                               "C: ****\n"
                               "S: +OK maildrop has 2 messages (38 octets)\n"
                               "C: XTND\n"
                               "S: -ERR unknown command\n");
}

// ---- STLS (RFC 2595 section 4)

TEST(Pop3Stls, CapaBeforeAndBehindIt)
{
    rule("2595", "4", "STLS is announced until it is done");
    rule("2449", "6.2", "USER only where a password is taken");
    expect_talk(with_stls(),
                capa("S: SASL SCRAM-SHA-256 CRAM-MD5\n", "S: STLS\nS: UTF8 USER\n") + R"(
        C: STLS
        S: +OK begin TLS negotiation
        T: handshake
    )" +
                    capa("S: USER\nS: SASL SCRAM-SHA-256-PLUS SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN\n",
                         "S: UTF8 USER\n") +
                    R"(
        C: USER ana
        S: +OK send PASS
        C: PASS  se cret
        S: +OK maildrop has 2 messages (38 octets)
    )" + capa("", "S: UTF8 USER\n"));
}

TEST(Pop3Stls, NoPasswordInClear)
{
    rule("2595", "2.3", "a password in clear is refused where TLS is to be had");
    rule("3206", "5", "no [AUTH] where no credentials were looked at");
    expect_talk(with_stls(), R"(
        C: USER ana
        S: -ERR a password is not taken in clear: send STLS first
        C: PASS  se cret
        S: -ERR a password is not taken in clear: send STLS first
        C: AUTH PLAIN AGFuYQAgc2UgY3JldA==
        S: -ERR a password is not taken in clear: send STLS first
        C: AUTH LOGIN
        S: -ERR a password is not taken in clear: send STLS first
        C: AUTH CRAM-MD5
        S: + PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+
        C: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw
        S: +OK maildrop has 2 messages (38 octets)
    )");
    auto outside = with_stls();
    outside.security.starttls = false;
    expect_talk(outside, R"(
        C: USER ana
        S: -ERR a password is not taken in clear
        C: AUTH PLAIN
        S: -ERR a password is not taken in clear
        C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
        S: +OK maildrop has 2 messages (38 octets)
    )");
}

TEST(Pop3Stls, OnlyOnceAndOnlyBeforeTheLogin)
{
    rule("2595", "4", "STLS is -ERR when TLS is active");
    rule("2595", "4", "STLS only in AUTHORIZATION");
    rule("2595", "4", "STLS takes no argument");
    expect_talk(with_stls(), R"(
        C: STLS now
        S: -ERR this command takes no argument
        C: stls
        S: +OK begin TLS negotiation
        T: handshake
        C: STLS
        S: -ERR TLS is active
        C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
        S: +OK maildrop has 2 messages (38 octets)
        C: STLS
        S: -ERR already logged in
    )");
    expect_talk(with_stls(), R"(
        C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
        S: +OK maildrop has 2 messages (38 octets)
        C: STLS
        S: -ERR already logged in
    )");
    expect_talk(all_ways(), R"(
        C: STLS
        S: -ERR TLS is not offered here
    )");
}

TEST(Pop3Stls, WhatWasSaidBeforeIsForgotten)
{
    rule("2595", "4", "the server forgets what it learned before TLS");
    rule("6856", "2.1", "UTF8 before STLS does not hold behind it");
    auto outside = with_stls();
    outside.security.offer.password = true;
    outside.stored[0].utf8 = true;
    expect_talk(outside, R"(
        C: UTF8
        S: +OK UTF-8 from now on
        C: USER ana
        S: +OK send PASS
        C: STLS
        S: +OK begin TLS negotiation
        T: handshake
        C: PASS  se cret
        S: -ERR send USER first
        C: USER ana
        S: +OK send PASS
        C: PASS  se cret
        S: +OK maildrop has 2 messages (38 octets)
        C: TOP 1 0
        S: -ERR [UTF8] the header of this message is in UTF-8: send UTF8 before logging in
    )");
}

TEST(Pop3Stls, WhatCameInClearBehindItIsThrownAway)
{
    rule("2595", "4", "commands injected behind STLS are not looked at");
    const std::string_view injected = "USER mallory\r\nPASS  se cret\r\nDELE 1\r\nQUIT\r\nAUTH "
                                      "PLAIN AGFuYQAgc2UgY3JldA==\r\nUSER m";
    auto outside = with_stls();
    outside.secured.offer.password = true;
    Session session{outside};
    const auto said = session.talk("CAPA\r\nSTLS\r\n" + std::string{injected});
    EXPECT_EQ(session.handshakes, 1U);
    EXPECT_EQ(session.unread, injected.size());
    EXPECT_TRUE(said.ends_with("\r\n.\r\n+OK begin TLS negotiation\r\n")) << said;
    // The first command under TLS is the first that is heard; half a line does not wait for it.
    EXPECT_EQ(session.talk("NOOP\r\n"), "-ERR log in first\r\n");
    EXPECT_EQ(session.talk("PASS  se cret\r\n"), "-ERR send USER first\r\n");
    EXPECT_FALSE(session.last_login);
    EXPECT_TRUE(session.removed.empty());
}

TEST(Pop3Stls, RepliesBeforeItAreWrittenBefore)
{
    rule("2595", "4", "the handshake begins right behind the +OK");
    Protocol protocol{
        {}, {.name = "pop.example.org", .timestamp = {}}, {.starttls = true, .offer = {}}, 10, {}};
    protocol.feed("NOOP\r\nSTLS\r\nCAPA\r\n");
    auto step = protocol.next();
    ASSERT_TRUE(std::holds_alternative<Write>(step));
    EXPECT_EQ(std::get<Write>(step).bytes,
              "+OK pop.example.org POP3 portico ready\r\n-ERR log in first\r\n");
    step = protocol.next();
    ASSERT_TRUE(std::holds_alternative<StartTls>(step));
    EXPECT_EQ(std::get<StartTls>(step).go_ahead, "+OK begin TLS negotiation\r\n");
    EXPECT_EQ(std::get<StartTls>(step).unread, 6U);
    EXPECT_EQ(protocol.doing(), "AUTHORIZATION, STLS");
    protocol.secured({.tls = true, .offer = {}});
    EXPECT_EQ(protocol.doing(), "AUTHORIZATION");
    EXPECT_TRUE(std::holds_alternative<Read>(protocol.next()));
}

TEST(Pop3Stls, WhereItIsRequiredNothingElseGoes)
{
    rule("2595", "2.3", "require_tls: nothing but CAPA, STLS and QUIT in clear");
    std::string talk = capa("", "S: STLS\n");
    for (const auto* line :
         {"USER ana", "PASS  se cret", "APOP mrose c4c9334bac560ecc979e58001b3e22fb", "AUTH",
          "AUTH CRAM-MD5", "UTF8", "NOOP", "STAT", "LIST", "RETR 1", "RSET"})
        talk += fmt::format("C: {}\nS: -ERR send STLS first\n", line);
    talk += "C: XTND\nS: -ERR unknown command\n";
    expect_talk(with_tls_required(), talk + R"(
        C: STLS
        S: +OK begin TLS negotiation
        T: handshake
        C: UTF8
        S: +OK UTF-8 from now on
        C: AUTH PLAIN AGFuYQAgc2UgY3JldA==
        S: +OK maildrop has 2 messages (38 octets)
        C: NOOP
        S: +OK
    )");
    expect_talk(with_tls_required(), R"(
        C: QUIT
        S: +OK pop.example.org POP3 portico signing off
        S: <close>
    )");
}

// ---- UTF8 (RFC 6856)

Outside with_utf8()
{
    Outside outside{{"Subject: plain\r\n\r\n1\r\n", "Subject: \xc3\xa4\r\n\r\n2\r\n"}};
    outside.stored[1].utf8 = true;
    return outside;
}

TEST(Pop3Utf8, AMessageThatNeedsItIsNotSentWithoutIt)
{
    rule("6856", "2.1", "outside UTF-8 mode, RETR and TOP of a UTF-8 message are -ERR");
    rule("6856", "5", "[UTF8] says why");
    rule("6856", "5", "everything else works with such a message");
    auto outside = with_utf8();
    outside.max_errors = 1; // it is no error of the client's
    expect_conversation(outside, R"(
        S: +OK pop.example.org POP3 portico ready
        C: USER ana
        S: +OK send PASS
        C: PASS  se cret
        S: +OK maildrop has 2 messages (39 octets)
        C: RETR 2
        S: -ERR [UTF8] the header of this message is in UTF-8: send UTF8 before logging in
        C: TOP 2 0
        S: -ERR [UTF8] the header of this message is in UTF-8: send UTF8 before logging in
        C: RETR 1
        S: +OK 21 octets
        S: Subject: plain
        S:
        S: 1
        S: .
        C: LIST 2
        S: +OK 2 18
        C: LIST
        S: +OK 2 messages (39 octets)
        S: 1 21
        S: 2 18
        S: .
        C: UIDL 2
        S: +OK 2 uuuuuuuuuuuuuuuuuuuuu1
        C: DELE 2
        S: +OK message 2 deleted
        C: QUIT
        S: +OK pop.example.org POP3 portico signing off (1 message left)
        S: <close>
    )");
}

TEST(Pop3Utf8, EnablesTheMode)
{
    rule("6856", "2.1", "in UTF-8 mode a UTF-8 message is sent as it is");
    rule("6856", "2", "UTF8 is announced in both states, valid in AUTHORIZATION");
    expect_conversation(with_utf8(), R"(
        S: +OK pop.example.org POP3 portico ready
        C: UTF8 x
        S: -ERR this command takes no argument
        C: utf8
        S: +OK UTF-8 from now on
        C: UTF8
        S: +OK UTF-8 from now on
        C: USER ana
        S: +OK send PASS
        C: PASS  se cret
        S: +OK maildrop has 2 messages (39 octets)
        C: RETR 2
        S: +OK 18 octets
)"
                                     "        S: Subject: \xc3\xa4\n"
                                     R"(
        S:
        S: 2
        S: .
        C: TOP 2 0
        S: +OK top of message follows
)"
                                     "        S: Subject: \xc3\xa4\n"
                                     R"(
        S:
        S: .
    )");
}

TEST(Pop3Utf8, NotAfterTheLogin)
{
    rule("6856", "2", "UTF8 only in AUTHORIZATION");
    expect_conversation(with_utf8(), R"(
        S: +OK pop.example.org POP3 portico ready
        C: USER ana
        S: +OK send PASS
        C: PASS  se cret
        S: +OK maildrop has 2 messages (39 octets)
        C: UTF8
        S: -ERR already logged in
        C: RETR 2
        S: -ERR [UTF8] the header of this message is in UTF-8: send UTF8 before logging in
    )");
}

TEST(Pop3Utf8, NamesAndPasswordsAreUtf8)
{
    rule("6856", "2.2", "user names and passwords may be UTF-8, with the mode or without");
    rule("6856", "2.2", "what is not UTF-8 (RFC 3629) is refused");
    auto outside = all_ways();
    Session session{outside};
    session.talk("USER \xc3\xa4na\r\n");
    session.talk("PASS p\xc3\xa4ss\r\n");
    ASSERT_TRUE(session.last_login);
    EXPECT_EQ(session.last_login->user, "\xc3\xa4na");
    EXPECT_EQ(session.last_login->password, "p\xc3\xa4ss");
    for (const std::string_view bad : {"\xe4", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xff"}) {
        expect_talk(outside, fmt::format(R"(
        C: USER {0}
        S: -ERR not UTF-8
        C: PASS  se cret
        S: -ERR send USER first
        C: USER ana
        S: +OK send PASS
        C: PASS {0}
        S: -ERR not UTF-8
        C: APOP {0} c4c9334bac560ecc979e58001b3e22fb
        S: -ERR not UTF-8
    )",
                                         bad));
    }
}

// ---- what others see of it

TEST(Pop3Authorization, SaysWhatItIsDoing)
{
    auto outside = all_ways();
    Session session{outside};
    session.talk("AUTH CRAM-MD5\r\n");
    EXPECT_EQ(session.doing(), "AUTHORIZATION, AUTH CRAM-MD5");
    session.talk("*\r\n");
    EXPECT_EQ(session.doing(), "AUTHORIZATION");
}

TEST(Pop3Authorization, TheGreetingIsNeverTooLong)
{
    rule("1939", "3", "a response has up to 512 octets");
    const std::string host(255, 'h');
    EXPECT_LE(greeting(host, "").size() + 2, 512U);
    EXPECT_LE(greeting(host, "<0123456789012345678901.18446744073709551615@" + host + ">").size() +
                  2,
              512U);
}

} // namespace
} // namespace portico::pop3::test
