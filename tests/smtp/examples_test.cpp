// The dialogues that the RFCs show, with our words and the same codes.

#include "tests/smtp/conversation.hpp"

namespace portico::smtp {
namespace {

Scene host_of(std::vector<std::string> addresses)
{
    Scene scene;
    scene.directory = accounts::Directory{test_host,
                                          config::Mail::Accept::listed,
                                          config::Auth::Mode::listed,
                                          {{.name = "all",
                                            .addresses = std::move(addresses),
                                            .password = "",
                                            .secret = "",
                                            .line = 0}}};
    return scene;
}

TEST(SmtpExamples, TypicalScenario)
{
    rule("5321", "D.1", "a typical SMTP transaction");
    auto talk =
        expect_conversation(greeting + "C: EHLO bar.com\n" + announced + announced_last + R"(
        C: MAIL FROM:<Smith@bar.com>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<Jones@foo.com>
        S: 250 2.1.5 Recipient OK
        C: RCPT TO:<Green@foo.com>
        S: 550 5.1.1 No such mailbox here
        C: RCPT TO:<Brown@foo.com>
        S: 250 2.1.5 Recipient OK
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: Blah blah blah...
        C: ...etc. etc. etc.
        C: .
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
        C: QUIT
        S: 221 2.0.0 Bye
    )",
                            host_of({"jones@foo.com", "brown@foo.com"}));
    EXPECT_EQ(talk.stored.at(0).envelope.recipients.size(), 2u);
    // The client of the example forgot that its second line starts with a dot.
    EXPECT_EQ(talk.stored[0].bytes, "Blah blah blah...\r\n..etc. etc. etc.\r\n");
}

TEST(SmtpExamples, AbortedTransaction)
{
    rule("5321", "D.2", "an aborted SMTP transaction");
    auto talk =
        expect_conversation(greeting + "C: EHLO bar.com\n" + announced + announced_last + R"(
        C: MAIL FROM:<Smith@bar.com>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<Jones@foo.com>
        S: 250 2.1.5 Recipient OK
        C: RCPT TO:<Green@foo.com>
        S: 550 5.1.1 No such mailbox here
        C: RSET
        S: 250 2.0.0 OK
        C: QUIT
        S: 221 2.0.0 Bye
    )",
                            host_of({"jones@foo.com"}));
    EXPECT_TRUE(talk.stored.empty());
}

TEST(SmtpExamples, RelayedMail)
{
    rule("5321", "D.3", "relayed mail, as its last host gets it");
    auto talk =
        expect_conversation(greeting + "C: EHLO foo.com\n" + announced + announced_last + R"(
        C: MAIL FROM:<JQP@bar.com>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<Jones@XYZ.COM>
        S: 250 2.1.5 Recipient OK
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: Received: from bar.com by foo.com ; Thu, 21 May 1998
        C:     05:33:29 -0700
        C: Date: Thu, 21 May 1998 05:33:22 -0700
        C: From: John Q. Public <JQP@bar.com>
        C: Subject:  The Next Meeting of the Board
        C: To: Jones@xyz.com
        C: 
        C: Bill:
        C: The next meeting of the board of directors will be
        C: on Tuesday.
        C:                         John.
        C: .
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
        C: QUIT
        S: 221 2.0.0 Bye
    )");
    EXPECT_EQ(talk.stored.at(0).envelope.recipients.at(0).mailbox, "jones@xyz.com");
    EXPECT_TRUE(talk.stored[0].bytes.ends_with("\r\n                        John.\r\n"));
}

TEST(SmtpExamples, VerifyingAndSending)
{
    rule("5321", "D.4", "verifying and sending; VRFY is 252, as section 7.3 lets us");
    auto talk =
        expect_conversation(greeting + "C: EHLO bar.com\n" + announced + announced_last + R"(
        C: VRFY Crispin
        S: 252 2.5.0 Cannot verify the user, send mail to find out
        C: MAIL FROM:<EAK@bar.com>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<Admin.MRC@foo.com>
        S: 250 2.1.5 Recipient OK
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: Blah blah blah...
        C: .
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
        C: QUIT
        S: 221 2.0.0 Bye
    )");
    EXPECT_EQ(talk.stored.size(), 1u);
}

TEST(SmtpExamples, SimpleChunking)
{
    rule("3030", "4.1", "simple chunking");
    auto talk = expect_conversation(greeting + "C: EHLO ymir.claremont.edu\n" + announced +
                                    announced_last + R"(
        C: MAIL FROM:<Sam@Random.com>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<Susan@Random.com>
        S: 250 2.1.5 Recipient OK
        C: BDAT 86 LAST
        C: To: Susan@random.com
        C: From: Sam@random.com
        C: Subject: This is a bodyless test message
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
        C: QUIT
        S: 221 2.0.0 Bye
    )");
    EXPECT_EQ(talk.stored.at(0).bytes.size(), 86u);
}

TEST(SmtpExamples, PipeliningBinaryMime)
{
    rule("3030", "4.2", "pipelining BINARYMIME");
    Scene scene;
    scene.max_message_size = 200'000;
    Talk talk{scene};
    talk.feed("EHLO ymir.claremont.edu\r\n");
    talk.said.clear();
    talk.writes.clear();
    talk.feed("MAIL FROM:<ned@ymir.claremont.edu> BODY=BINARYMIME\r\n"
              "RCPT TO:<gvaudre@cnri.reston.va.us>\r\n"
              "RCPT TO:<jstewart@cnri.reston.va.us>\r\n");
    EXPECT_EQ(talk.said,
              "250 2.1.0 Sender OK\r\n250 2.1.5 Recipient OK\r\n250 2.1.5 Recipient OK\r\n");
    EXPECT_EQ(talk.writes.size(), 1u);
    talk.said.clear();
    std::string octets;
    for (int i = 0; i < 100'324; ++i) octets += static_cast<char>(i * 7 + i / 256);
    talk.feed("BDAT 100000\r\n" + octets.substr(0, 100'000) + "BDAT 324\r\n" +
              octets.substr(100'000) + "BDAT 0 LAST\r\n");
    EXPECT_EQ(talk.said, "250 2.0.0 100000 octets received\r\n"
                         "250 2.0.0 324 octets received\r\n"
                         "250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL\r\n");
    EXPECT_EQ(talk.stored.at(0).bytes, octets);
    talk.said.clear();
    talk.feed("QUIT\r\n");
    EXPECT_EQ(talk.said, "221 2.0.0 Bye\r\n");
}

TEST(SmtpExamples, Pipelining)
{
    rule("2920", "4", "a message in four turns instead of nine");
    Talk talk;
    talk.feed("EHLO dbc.mtview.ca.us\r\n");
    talk.said.clear();
    talk.writes.clear();
    talk.feed("MAIL FROM:<mrose@dbc.mtview.ca.us>\r\n"
              "RCPT TO:<ned@innosoft.com>\r\n"
              "RCPT TO:<dan@innosoft.com>\r\n"
              "RCPT TO:<kvc@innosoft.com>\r\n"
              "DATA\r\n");
    EXPECT_EQ(talk.said, "250 2.1.0 Sender OK\r\n"
                         "250 2.1.5 Recipient OK\r\n"
                         "250 2.1.5 Recipient OK\r\n"
                         "250 2.1.5 Recipient OK\r\n"
                         "354 End data with <CR><LF>.<CR><LF>\r\n");
    talk.said.clear();
    talk.feed("Subject: x\r\n\r\ntext\r\n.\r\nQUIT\r\n");
    EXPECT_EQ(talk.said, "250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL\r\n221 2.0.0 Bye\r\n");
    EXPECT_EQ(talk.writes.size(), 2u);
}

TEST(SmtpExamples, PipeliningWithoutARecipient)
{
    rule("2920", "4", "all recipients of a pipeline are refused, and so is DATA");
    auto talk = expect_conversation(greeting + R"(
        C: HELO dbc.mtview.ca.us
        S: 250 mx.example.org
        C: MAIL FROM:<mrose@dbc.mtview.ca.us>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<nsb@thumper.bellcore.com>
        S: 550 5.1.1 No such mailbox here
        C: RCPT TO:<galvin@tis.com>
        S: 550 5.1.1 No such mailbox here
        C: DATA
        S: 503 5.5.1 Bad sequence of commands
        C: QUIT
        S: 221 2.0.0 Bye
    )",
                                    host_of({"ned@innosoft.com"}));
    EXPECT_TRUE(talk.stored.empty());
}

} // namespace
} // namespace portico::smtp
