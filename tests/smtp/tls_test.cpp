#include "tests/smtp/conversation.hpp"

namespace portico::smtp {
namespace {

const accounts::Offer plain{.mechanisms = {accounts::Mechanism::plain}};

/// A port with STARTTLS, where AUTH PLAIN can be had under TLS.
Scene starttls()
{
    Scene scene;
    scene.security = {.starttls = true, .tls = false, .require_tls = false, .offer = {}};
    scene.after_handshake = {.starttls = false, .tls = true, .require_tls = false, .offer = plain};
    return scene;
}

Scene required()
{
    auto scene = starttls();
    scene.security.require_tls = scene.after_handshake.require_tls = true;
    return scene;
}

TEST(SmtpTls, Handshake)
{
    rule("3207", "4", "STARTTLS is announced where it works, is answered with 220, and not again");
    rule("3207", "4.2", "after the handshake the session is at its beginning");
    auto talk = expect_conversation(greeting + "C: EHLO client.example.net\n" + announced +
                                        "S: 250-STARTTLS\n" + announced_last + R"(
        C: STARTTLS
        S: 220 2.0.0 Ready to start TLS
        --
        C: MAIL FROM:<ana@example.net>
        S: 503 5.5.1 Bad sequence of commands
        C: EHLO client.example.net
)" + announced + "S: 250-AUTH PLAIN\n" + announced_last +
                                        R"(
        C: STARTTLS
        S: 503 5.5.1 TLS is active already
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
        C: QUIT
        S: 221 2.0.0 Bye
    )",
                                    starttls());
    EXPECT_EQ(talk.handshakes, std::vector<std::size_t>{0});
}

TEST(SmtpTls, NotOffered)
{
    rule("3207", "4", "STARTTLS is 502 where there is no TLS");
    after_helo(R"(
        C: STARTTLS
        S: 502 5.5.1 Command not implemented
    )");
}

TEST(SmtpTls, Arguments)
{
    rule("3207", "4", "STARTTLS with an argument is 501");
    auto talk = after_helo(R"(
        C: STARTTLS now
        S: 501 5.5.4 Syntax: STARTTLS
        C: NOOP
        S: 250 2.0.0 OK
    )",
                           starttls());
    EXPECT_TRUE(talk.handshakes.empty());
}

TEST(SmtpTls, NeedsEhlo)
{
    expect_conversation(greeting + R"(
        C: STARTTLS
        S: 503 5.5.1 Bad sequence of commands
    )",
                        starttls());
}

TEST(SmtpTls, ForgetsTheTransaction)
{
    rule("3207", "4.2", "what the client said in clear is forgotten: name, transaction, login");
    auto scene = starttls();
    scene.security.offer = plain;
    auto talk = expect_conversation(greeting + R"(
        C: HELO client.example.net
        S: 250 mx.example.org
        C: AUTH PLAIN AGJlbgBzZWNyZXQ=
        S: 235 2.7.0 Authentication succeeded
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<ben@example.org>
        S: 250 2.1.5 Recipient OK
        C: BDAT 1
        B: x
        S: 250 2.0.0 1 octets received
        C: STARTTLS
        S: 220 2.0.0 Ready to start TLS
        --
        C: DATA
        S: 503 5.5.1 Bad sequence of commands
        C: HELO another.example.net
        S: 250 mx.example.org
        C: DATA
        S: 503 5.5.1 Bad sequence of commands
        C: AUTH PLAIN AGJlbgBzZWNyZXQ=
        S: 235 2.7.0 Authentication succeeded
    )",
                                    scene);
    EXPECT_TRUE(talk.stored.empty());
    EXPECT_EQ(talk.abandoned.size(), 1u);
    EXPECT_EQ(talk.protocol().client_name(), "another.example.net");
}

// CVE-2011-0411 and its kin: what somebody put behind STARTTLS in clear must not be taken for
// what the client says under TLS.
TEST(SmtpTls, WhatCameInClearIsThrownAway)
{
    rule("3207", "4.2", "commands behind STARTTLS, sent in clear, are thrown away");
    const std::string injected = "MAIL FROM:<eve@x>\r\nRCPT TO:<b@y>\r\nDATA\r\nevil\r\n.\r\n";
    for (std::size_t length = 0; length <= injected.size(); ++length) {
        Talk talk{starttls()};
        talk.feed("EHLO c\r\n");
        talk.said.clear();
        talk.feed("STARTTLS\r\n" + injected.substr(0, length));
        EXPECT_EQ(talk.said, "220 2.0.0 Ready to start TLS\r\n");
        EXPECT_EQ(talk.handshakes, std::vector<std::size_t>{length});
        talk.said.clear();
        talk.feed("RSET\r\n");
        EXPECT_EQ(talk.said, "250 2.0.0 OK\r\n");
        EXPECT_EQ(talk.protocol().state(), State::greeted);
        EXPECT_TRUE(talk.stored.empty());
    }
}

TEST(SmtpTls, RepliesBeforeItGoOutBeforeIt)
{
    rule("2920", "3.1", "STARTTLS ends a group: what was asked before it is answered before it");
    Talk talk{starttls()};
    talk.writes.clear();
    talk.said.clear();
    talk.feed("HELO c\r\nNOOP\r\nSTARTTLS\r\n");
    EXPECT_EQ(talk.said, "250 mx.example.org\r\n250 2.0.0 OK\r\n220 2.0.0 Ready to start TLS\r\n");
    EXPECT_EQ(talk.writes.size(), 1u);
}

TEST(SmtpTls, RequiredBeforeAnythingOfWorth)
{
    rule("3207", "4", "with require_tls, commands before STARTTLS are 530");
    auto talk = expect_conversation(greeting + R"(
        C: MAIL FROM:<ana@example.net>
        S: 530 5.7.0 Must issue a STARTTLS command first
        C: EHLO client.example.net
)" + announced + "S: 250-STARTTLS\n" + announced_last +
                                        R"(
        C: MAIL FROM:<ana@example.net>
        S: 530 5.7.0 Must issue a STARTTLS command first
        C: RCPT TO:<ben@example.org>
        S: 530 5.7.0 Must issue a STARTTLS command first
        C: DATA
        S: 530 5.7.0 Must issue a STARTTLS command first
        C: BDAT 6
        B: QUIT<CR><LF>
        S: 530 5.7.0 Must issue a STARTTLS command first
        C: VRFY ben
        S: 530 5.7.0 Must issue a STARTTLS command first
        C: EXPN staff
        S: 530 5.7.0 Must issue a STARTTLS command first
        C: AUTH PLAIN AGJlbgBzZWNyZXQ=
        S: 530 5.7.0 Must issue a STARTTLS command first
        C: NOOP
        S: 250 2.0.0 OK
        C: RSET
        S: 250 2.0.0 OK
        C: HELP
        S: 214-2.0.0 EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT STARTTLS
        S: 214 2.0.0 See RFC 5321 for what they do
        C: STARTTLS
        S: 220 2.0.0 Ready to start TLS
        --
        C: HELO client.example.net
        S: 250 mx.example.org
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
        C: QUIT
        S: 221 2.0.0 Bye
    )",
                                    required());
    EXPECT_TRUE(talk.closed);
}

TEST(SmtpTls, NoAuthIsAnnouncedBeforeRequiredTls)
{
    rule("4954", "4", "AUTH is announced only where it would not be refused");
    auto scene = required();
    scene.security.offer = plain;
    expect_conversation(greeting + "C: EHLO c\n" + announced + "S: 250-STARTTLS\n" + announced_last,
                        scene);
}

TEST(SmtpTls, TransmissionTypes)
{
    rule("3848", "1", "WITH ESMTPS under TLS, ESMTPA after AUTH, ESMTPSA with both");
    rule("6531", "4.3", "WITH UTF8SMTP and its kin with SMTPUTF8");
    struct Row {
        bool tls, login;
        std::string parameters, type;
    };
    for (const auto& [tls, login, parameters, type] : {
             Row{false, false, "", "ESMTP"},
             Row{true, false, "", "ESMTPS"},
             Row{false, true, "", "ESMTPA"},
             Row{true, true, "", "ESMTPSA"},
             Row{false, false, " SMTPUTF8", "UTF8SMTP"},
             Row{true, false, " SMTPUTF8", "UTF8SMTPS"},
             Row{false, true, " SMTPUTF8", "UTF8SMTPA"},
             Row{true, true, " SMTPUTF8", "UTF8SMTPSA"},
         }) {
        Scene scene;
        scene.security = {.starttls = false, .tls = tls, .require_tls = false, .offer = plain};
        Talk talk{scene};
        talk.feed("EHLO c\r\n");
        if (login) talk.feed("AUTH PLAIN AGJlbgBzZWNyZXQ=\r\n");
        talk.feed("MAIL FROM:<>" + parameters + "\r\nRCPT TO:<a@b>\r\nBDAT 0 LAST\r\n");
        EXPECT_EQ(talk.stored.at(0).transmission_type, type);
    }
}

} // namespace
} // namespace portico::smtp
