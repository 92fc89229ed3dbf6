#include "tests/smtp/conversation.hpp"

namespace portico::smtp {
namespace {

using enum accounts::Mechanism;

/// TLS from the start, with every mechanism but those that a test says.
Scene offering(std::vector<accounts::Mechanism> mechanisms = {scram_sha_256, cram_md5, plain,
                                                              login},
               bool tls = true)
{
    Scene scene;
    scene.security = {.starttls = false, .tls = tls, .require_tls = false, .offer = {}};
    scene.security.offer.mechanisms = std::move(mechanisms);
    return scene;
}

TEST(SmtpAuth, IsAnnounced)
{
    rule("4954", "3", "EHLO announces AUTH with the mechanisms that work on this connection");
    expect_conversation(greeting + "C: EHLO c\n" + announced +
                            "S: 250-AUTH SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN\n" + announced_last +
                            R"(
        C: HELP
        S: 214-2.0.0 EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT AUTH
        S: 214 2.0.0 See RFC 5321 for what they do
    )",
                        offering());
}

TEST(SmtpAuth, InitialResponse)
{
    rule("4954", "4", "AUTH with an initial response, in any case, 235 on success");
    rule("4954", "4", "no second AUTH in a session: 503");
    after_helo(R"(
        C: auth plain AGJlbgBzZWNyZXQ=
        S: 235 2.7.0 Authentication succeeded
        C: AUTH PLAIN AGJlbgBzZWNyZXQ=
        S: 503 5.5.1 Already authenticated
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
    )",
               offering());
}

TEST(SmtpAuth, TheEnvelopeSaysWhoLoggedIn)
{
    auto talk = after_helo(R"(
        C: AUTH PLAIN AGJlbgBzZWNyZXQ=
        S: 235 2.7.0 Authentication succeeded
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<ben@example.org>
        S: 250 2.1.5 Recipient OK
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: Subject: hello
        C:
        C: .
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
    )",
                           offering());
    ASSERT_EQ(talk.stored.size(), 1U);
    EXPECT_EQ(talk.stored[0].envelope.username, "ben@example.org");
}

TEST(SmtpAuth, Challenges)
{
    rule("4954", "4", "challenges are 334 and base64, an empty one is 334 and a space");
    after_helo("C: AUTH PLAIN\n"
               "S: 334 \n"
               "C: AGJlbgBzZWNyZXQ=\n"
               "S: 235 2.7.0 Authentication succeeded\n",
               offering());
    after_helo(R"(
        C: AUTH LOGIN
        S: 334 VXNlcm5hbWU6
        C: YmVu
        S: 334 UGFzc3dvcmQ6
        C: c2VjcmV0
        S: 235 2.7.0 Authentication succeeded
    )",
               offering());
    after_helo(R"(
        C: AUTH CRAM-MD5
        S: 334 PDFAbXguZXhhbXBsZS5vcmc+
        C: YmVuIHNlY3JldA==
        S: 235 2.7.0 Authentication succeeded
    )",
               offering());
    after_helo(R"(
        C: AUTH SCRAM-SHA-256 biwsbj1iZW4scj0xMg==
        S: 334 cj0xMjM0LHM9YzJGc2RBPT0saT00MDk2
        C: Yz1iaXdzLHI9MTIzNCxwPWNBPT0=
        S: 235 2.7.0 Authentication succeeded
    )",
               offering());
}

TEST(SmtpAuth, EmptyInitialResponse)
{
    rule("4954", "4", "an initial response of = is one without octets");
    after_helo(R"(
        C: AUTH LOGIN =
        S: 334 UGFzc3dvcmQ6
        C: c2VjcmV0
        S: 535 5.7.8 Authentication credentials invalid
    )",
               offering());
    after_helo(R"(
        C: AUTH PLAIN =
        S: 501 5.5.2 The response is not of this mechanism's form
    )",
               offering());
}

TEST(SmtpAuth, NoInitialResponseWhereTheServerBegins)
{
    rule("4954", "4", "an initial response where the mechanism has none is 501 5.7.0");
    after_helo(R"(
        C: AUTH CRAM-MD5 YmVuIHNlY3JldA==
        S: 501 5.7.0 This mechanism has no initial response
        C: AUTH CRAM-MD5 =
        S: 501 5.7.0 This mechanism has no initial response
        C: NOOP
        S: 250 2.0.0 OK
    )",
               offering());
}

TEST(SmtpAuth, Wrong)
{
    rule("4954", "6", "535 5.7.8 for wrong credentials, and another try is possible");
    rule("4954", "6", "454 4.7.0 if the check itself fails");
    after_helo(R"(
        C: AUTH PLAIN AGJlbgB3cm9uZw==
        S: 535 5.7.8 Authentication credentials invalid
        C: AUTH PLAIN AGJlbgBicm9rZW4=
        S: 454 4.7.0 Temporary authentication failure
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
        C: RSET
        S: 250 2.0.0 OK
        C: AUTH PLAIN AGJlbgBzZWNyZXQ=
        S: 235 2.7.0 Authentication succeeded
    )",
               offering());
}

TEST(SmtpAuth, Cancelled)
{
    rule("4954", "4", "* cancels the exchange: 501");
    auto talk = after_helo(R"(
        C: AUTH LOGIN
        S: 334 VXNlcm5hbWU6
        C: *
        S: 501 5.7.0 Authentication cancelled
        C: AUTH LOGIN YmVu
        S: 334 UGFzc3dvcmQ6
        C: *
        S: 501 5.7.0 Authentication cancelled
        C: *
        S: 500 5.5.2 Command not recognized
        C: AUTH LOGIN YmVu
        S: 334 UGFzc3dvcmQ6
        C: c2VjcmV0
        S: 235 2.7.0 Authentication succeeded
    )",
                           offering());
    EXPECT_EQ(talk.cancelled, 2u);
}

TEST(SmtpAuth, WhatIsNoBase64)
{
    rule("4954", "4", "what is no base64 is 501 5.5.2, in the command and in a response");
    auto talk = after_helo(R"(
        C: AUTH PLAIN =AAA
        S: 501 5.5.2 Cannot decode the response: it is not base64
        C: AUTH PLAIN AAA=BBB
        S: 501 5.5.2 Cannot decode the response: it is not base64
        C: AUTH PLAIN AGJlbgBzZWNyZXQ
        S: 501 5.5.2 Cannot decode the response: it is not base64
        C: AUTH PLAIN *
        S: 501 5.5.2 Cannot decode the response: it is not base64
        C: AUTH LOGIN
        S: 334 VXNlcm5hbWU6
        C: YmVu YmVu
        S: 501 5.5.2 Cannot decode the response: it is not base64
        C: AUTH LOGIN
        S: 334 VXNlcm5hbWU6
        C: YmVu<LF>
        S: 501 5.5.2 Cannot decode the response: it is not base64
        C: AUTH LOGIN
        S: 334 VXNlcm5hbWU6
        C: =
        S: 501 5.5.2 Cannot decode the response: it is not base64
        C: NOOP
        S: 250 2.0.0 OK
    )",
                           offering());
    EXPECT_EQ(talk.cancelled, 3u);
}

TEST(SmtpAuth, EmptyResponse)
{
    rule("4954", "8", "a response may be an empty line");
    after_helo("C: AUTH PLAIN\n"
               "S: 334 \n"
               "C: \n"
               "S: 501 5.5.2 The response is not of this mechanism's form\n",
               offering());
}

TEST(SmtpAuth, OverLong)
{
    rule("4954", "4",
         "a response of more than 12288 octets is 500 5.5.6, and nothing of it counts");
    rule("4954", "4", "the AUTH command itself keeps to 512 octets");
    const std::string fits(12286, 'A');
    auto talk = after_helo("C: AUTH LOGIN\n"
                           "S: 334 VXNlcm5hbWU6\n"
                           "C: " +
                               fits.substr(2) +
                               "\n"
                               "S: 334 UGFzc3dvcmQ6\n"
                               "C: " +
                               fits +
                               "AA\n"
                               "S: 500 5.5.6 Authentication exchange line is too long\n"
                               "C: AUTH LOGIN\n"
                               "S: 334 VXNlcm5hbWU6\n"
                               "C: " +
                               std::string(100'000, 'A') +
                               "\n"
                               "S: 500 5.5.6 Authentication exchange line is too long\n"
                               "C: AUTH LOGIN " +
                               std::string(496, 'A') +
                               "\n"
                               "S: 334 UGFzc3dvcmQ6\n"
                               "C: *\n"
                               "S: 501 5.7.0 Authentication cancelled\n"
                               "C: AUTH LOGIN " +
                               std::string(500, 'A') +
                               "\n"
                               "S: 500 5.5.6 Authentication exchange line is too long\n"
                               "C: NOOP\n"
                               "S: 250 2.0.0 OK\n",
                           offering());
    EXPECT_EQ(talk.cancelled, 3u);
}

TEST(SmtpAuth, Mechanisms)
{
    rule("4954", "4", "504 5.5.4 for a mechanism that is not known, or cannot be had");
    after_helo(R"(
        C: AUTH
        S: 501 5.5.4 Syntax: AUTH mechanism [initial response]
        C: AUTH PLAIN a b
        S: 501 5.5.4 Syntax: AUTH mechanism [initial response]
        C: AUTH KERBEROS_V4
        S: 504 5.5.4 Unrecognized authentication mechanism
        C: AUTH SCRAM-SHA-256-PLUS
        S: 504 5.5.4 Authentication mechanism not available
    )",
               offering());
    rule("4954", "6", "538 5.7.11 for a password in clear where only TLS would do");
    after_helo(R"(
        C: AUTH PLAIN AGJlbgBzZWNyZXQ=
        S: 538 5.7.11 Encryption required for this mechanism
        C: AUTH LOGIN
        S: 538 5.7.11 Encryption required for this mechanism
    )",
               offering({cram_md5}, false));
    rule("4954", "6", "534 5.7.9 for a password in clear where even TLS would not do");
    after_helo(R"(
        C: AUTH PLAIN AGJlbgBzZWNyZXQ=
        S: 534 5.7.9 Authentication mechanism is too weak
    )",
               offering({scram_sha_256}));
}

TEST(SmtpAuth, InItsPlace)
{
    rule("4954", "4", "AUTH needs EHLO, and no mail transaction");
    expect_conversation(greeting + R"(
        C: AUTH PLAIN AGJlbgBzZWNyZXQ=
        S: 503 5.5.1 Bad sequence of commands
    )",
                        offering());
    after_rcpt(R"(
        C: AUTH PLAIN AGJlbgBzZWNyZXQ=
        S: 503 5.5.1 Not during a mail transaction
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: .
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
    )",
               offering());
}

TEST(SmtpAuth, Off)
{
    rule("4954", "3", "a port without AUTH announces none and knows none");
    auto scene = offering();
    scene.options.auth = config::Smtp::Auth::off;
    expect_conversation(greeting + "C: EHLO c\n" + announced + announced_last + R"(
        C: AUTH PLAIN AGJlbgBzZWNyZXQ=
        S: 502 5.5.1 Command not implemented
        C: MAIL FROM:<ana@example.net> AUTH=<>
        S: 555 5.5.4 Parameter not recognized
    )",
                        scene);
}

TEST(SmtpAuth, MailParameter)
{
    rule("4954", "5", "AUTH= of MAIL is checked, before a login too");
    after_helo(R"(
        C: MAIL FROM:<e=mc2@example.com> AUTH=e=mc2@example.com
        S: 501 5.5.4 Bad parameter syntax
        C: MAIL FROM:<e=mc2@example.com> AUTH=e+3Dmc2@example.com
        S: 250 2.1.0 Sender OK
        C: RSET
        S: 250 2.0.0 OK
        C: MAIL FROM:<john+@example.org> AUTH=<>
        S: 250 2.1.0 Sender OK
    )",
               offering());
}

TEST(SmtpAuth, TooManyFailures)
{
    rule("4954", "9", "after failures_per_session failed logins the session ends with 421");
    auto scene = offering();
    scene.failures_per_session = 3;
    auto talk = after_helo(R"(
        C: AUTH PLAIN AGJlbgB3cm9uZw==
        S: 535 5.7.8 Authentication credentials invalid
        C: AUTH LOGIN YmVu
        S: 334 UGFzc3dvcmQ6
        C: *
        S: 501 5.7.0 Authentication cancelled
        C: AUTH PLAIN AGJlbgBicm9rZW4=
        S: 454 4.7.0 Temporary authentication failure
        C: AUTH LOGIN YmVu
        S: 334 UGFzc3dvcmQ6
        C: d3Jvbmc=
        S: 535 5.7.8 Authentication credentials invalid
        C: AUTH PLAIN AGJlbgB3cm9uZw==
        S: 421 4.7.0 mx.example.org Too many failed logins
        C: AUTH PLAIN AGJlbgBzZWNyZXQ=
    )",
                           scene);
    EXPECT_TRUE(talk.closed);
}

TEST(SmtpAuth, InAPipeline)
{
    rule("4954", "4", "AUTH with an initial response may be pipelined; replies keep their order");
    Talk talk{offering()};
    talk.said.clear();
    talk.feed("HELO c\r\nAUTH PLAIN AGJlbgBzZWNyZXQ=\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\n");
    EXPECT_EQ(talk.said, "250 mx.example.org\r\n235 2.7.0 Authentication succeeded\r\n"
                         "250 2.1.0 Sender OK\r\n250 2.1.5 Recipient OK\r\n");
}

TEST(SmtpAuth, StoppingDuringAnExchange)
{
    rule("5321", "3.8", "421 on stop ends an AUTH exchange");
    Talk talk{offering()};
    talk.feed("HELO c\r\nAUTH LOGIN\r\n");
    talk.said.clear();
    talk.interrupt(Interruption::stopping);
    EXPECT_EQ(talk.said, "421 4.3.2 mx.example.org Service shutting down\r\n");
    EXPECT_TRUE(talk.closed);
}

struct Recorder final : net::Transcript {
    std::string heard;
    void client(std::uint64_t, std::string_view line) override { (heard += line) += '\n'; }
    void server(std::uint64_t, std::string_view) override {}
};

TEST(SmtpAuth, TheTranscriptHasNoCredentials)
{
    rule("4954", "9", "credentials stand in no transcript and no log");
    Recorder recorder;
    auto scene = offering();
    scene.trace = net::Trace{&recorder, 1};
    Talk talk{scene};
    talk.feed("HELO c\r\nAUTH LOGIN\r\nYmVu\r\nc2VjcmV0x\r\n"     // answered one by one
              "AUTH LOGIN\r\n*\r\n"                               // cancelled
              "AUTH NONE\r\nYmVu\r\nc2VjcmV0\r\nNOOP\r\n"         // did not wait
              "auth\tplain\tc2VjcmV0\r\nAUTH PLAIN\nc2VjcmV0\r\n" // malformed
              "AUTH PLAIN =c2VjcmV0\r\nAUTH PLAIN c2VjcmV0 c2VjcmV0\r\n"
              "AUTH PLAIN AGJlbgBzZWNyZXQ=\r\nXYZZY\r\n");
    EXPECT_EQ(recorder.heard,
              "HELO c\nAUTH LOGIN\n****\n****\nAUTH LOGIN\n*\nAUTH NONE\n****\n****\n"
              "NOOP\nauth\tplain ****\nAUTH PLAIN ****\nAUTH PLAIN ****\n"
              "AUTH PLAIN ****\nAUTH PLAIN ****\nXYZZY\n");
    for (const auto& text : talk.notes) EXPECT_FALSE(text.contains("c2Vj")) << text;
    EXPECT_FALSE(talk.said.contains("c2Vj"));
}

// --- submission -------------------------------------------------------------------------------

Scene submission()
{
    auto scene = offering();
    scene.options.auth = config::Smtp::Auth::required;
    return scene;
}

TEST(SmtpSubmission, NeedsALogin)
{
    rule("6409", "4.3", "with auth = required, MAIL before AUTH is 530 5.7.0");
    after_helo(R"(
        C: MAIL FROM:<ana@example.net>
        S: 530 5.7.0 Authentication required
        C: RCPT TO:<ben@example.org>
        S: 503 5.5.1 Bad sequence of commands
        C: BDAT 6 LAST
        B: QUIT<CR><LF>
        S: 503 5.5.1 Bad sequence of commands
        C: NOOP
        S: 250 2.0.0 OK
        C: AUTH PLAIN AGJlbgBzZWNyZXQ=
        S: 235 2.7.0 Authentication succeeded
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
    )",
               submission());
}

TEST(SmtpSubmission, AddsWhatIsMissing)
{
    rule("6409", "8", "Date and Message-ID are added to a submission, by DATA and by BDAT");
    const auto fields =
        "Date: Sun, 22 Nov 2026 22:00:00 +0000\r\nMessage-ID: <" + test_id + "@mx.example.org>\r\n";
    auto talk = after_helo(R"(
        C: AUTH PLAIN AGJlbgBzZWNyZXQ=
        S: 235 2.7.0 Authentication succeeded
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<ben@example.org>
        S: 250 2.1.5 Recipient OK
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: Subject: hello
        C: 
        C: ..
        C: .
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<ben@example.org>
        S: 250 2.1.5 Recipient OK
        C: BDAT 3
        B: Dat
        S: 250 2.0.0 3 octets received
        C: BDAT 4
        B: e: x
        S: 250 2.0.0 4 octets received
        C: BDAT 0 LAST
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<ben@example.org>
        S: 250 2.1.5 Recipient OK
        C: BDAT 0 LAST
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
    )",
                           submission());
    ASSERT_EQ(talk.stored.size(), 3u);
    EXPECT_EQ(talk.stored[0].bytes, "Subject: hello\r\n" + fields + "\r\n.\r\n");
    EXPECT_EQ(talk.stored[1].bytes, "Date: x\r\n" + fields.substr(fields.find("Message-ID")));
    EXPECT_EQ(talk.stored[2].bytes, fields);
}

TEST(SmtpSubmission, NothingIsAddedElsewhere)
{
    rule("6409", "8", "nothing is added to mail that is no submission");
    auto talk = after_helo(R"(
        C: AUTH PLAIN AGJlbgBzZWNyZXQ=
        S: 235 2.7.0 Authentication succeeded
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<ben@example.org>
        S: 250 2.1.5 Recipient OK
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: Subject: hello
        C: .
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
    )",
                           offering());
    EXPECT_EQ(talk.stored.at(0).bytes, "Subject: hello\r\n");
}

} // namespace
} // namespace portico::smtp
