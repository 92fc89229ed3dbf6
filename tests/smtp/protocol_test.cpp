#include "tests/smtp/conversation.hpp"

namespace portico::smtp {
namespace {

TEST(SmtpProtocol, AMessage) // RFC 5321 appendix D.1
{
    auto talk = expect_conversation(R"(
        S: 220 mx.example.org ESMTP portico
        C: EHLO client.example.net
        S: 250-mx.example.org
        S: 250-PIPELINING
        S: 250-SIZE 1000
        S: 250-8BITMIME
        S: 250-SMTPUTF8
        S: 250-ENHANCEDSTATUSCODES
        S: 250-CHUNKING
        S: 250-BINARYMIME
        S: 250-DSN
        S: 250-LIMITS RCPTMAX=1000
        S: 250 HELP
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<Ben@example.org>
        S: 250 2.1.5 Recipient OK
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: Subject: hello
        C: 
        C: ..
        C: bye
        C: .
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
        C: QUIT
        S: 221 2.0.0 Bye
    )");
    ASSERT_EQ(talk.stored.size(), 1u);
    EXPECT_EQ(talk.stored[0].bytes, "Subject: hello\r\n\r\n.\r\nbye\r\n");
    EXPECT_EQ(talk.stored[0].envelope.reverse_path, "ana@example.net");
    ASSERT_EQ(talk.stored[0].envelope.recipients.size(), 1u);
    EXPECT_EQ(talk.stored[0].envelope.recipients[0].address, "Ben@example.org");
    EXPECT_EQ(talk.stored[0].envelope.recipients[0].mailbox, "ben@example.org");
    EXPECT_TRUE(talk.closed);
}

TEST(SmtpProtocol, TransmissionTypeIsThatOfTheGreeting)
{
    Talk talk;
    talk.feed("HELO [192.0.2.1]\r\n");
    EXPECT_EQ(talk.protocol().transmission_type(), "SMTP");
    EXPECT_EQ(talk.protocol().client_name(), "[192.0.2.1]");
    talk.feed("ehlo client_1.example.net \r\n");
    EXPECT_EQ(talk.protocol().transmission_type(), "ESMTP");
    EXPECT_EQ(talk.protocol().client_name(), "client_1.example.net");
}

TEST(SmtpProtocol, GreetingNeedsAName)
{
    auto talk = expect_conversation(R"(
        S: 220 mx.example.org ESMTP portico
        C: HELO
        S: 501 Syntax: HELO domain or address literal
        C: EHLO
        S: 501 Syntax: EHLO domain or address literal
        C: EHLO two words
        S: 501 Syntax: EHLO domain or address literal
        C: HELO [300.1.2.3]
        S: 501 Syntax: HELO domain or address literal
        C: MAIL FROM:<>
        S: 503 5.5.1 Bad sequence of commands
    )");
    EXPECT_EQ(talk.protocol().state(), State::greeted);
}

TEST(SmtpProtocol, WhatNeedsNoGreeting) // RFC 5321 section 4.1.4
{
    expect_conversation(R"(
        S: 220 mx.example.org ESMTP portico
        C: NOOP
        S: 250 2.0.0 OK
        C: RSET
        S: 250 2.0.0 OK
        C: VRFY ana
        S: 252 2.5.0 Cannot verify the user, send mail to find out
        C: HELP
        S: 214-2.0.0 EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT
        S: 214 2.0.0 See RFC 5321 for what they do
        C: MAIL FROM:<ana@example.net>
        S: 503 5.5.1 Bad sequence of commands
        C: RCPT TO:<ben@example.org>
        S: 503 5.5.1 Bad sequence of commands
        C: DATA
        S: 503 5.5.1 Bad sequence of commands
        C: QUIT
        S: 221 2.0.0 Bye
    )");
}

TEST(SmtpProtocol, DataNeedsARecipient) // RFC 5321 section 4.1.4
{
    after_helo(R"(
        C: RCPT TO:<ben@example.org>
        S: 503 5.5.1 Bad sequence of commands
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
        C: DATA
        S: 503 5.5.1 Bad sequence of commands
    )");
}

TEST(SmtpProtocol, NestedMail)
{
    auto talk = after_rcpt(R"(
        C: MAIL FROM:<eve@example.net>
        S: 503 5.5.1 Nested MAIL command
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: .
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
    )");
    EXPECT_EQ(talk.stored.at(0).envelope.reverse_path, "ana@example.net");
    EXPECT_EQ(talk.stored.at(0).bytes, "");
}

TEST(SmtpProtocol, RsetAndEhloEndATransaction)
{
    after_rcpt(R"(
        C: RSET
        S: 250 2.0.0 OK
        C: DATA
        S: 503 5.5.1 Bad sequence of commands
        C: MAIL FROM:<>
        S: 250 2.1.0 Sender OK
        C: HELO again
        S: 250 mx.example.org
        C: RCPT TO:<ben@example.org>
        S: 503 5.5.1 Bad sequence of commands
        C: MAIL FROM:<>
        S: 250 2.1.0 Sender OK
    )");
}

TEST(SmtpProtocol, ARefusedGreetingKeepsTheTransaction)
{
    auto talk = after_rcpt(R"(
        C: EHLO
        S: 501 Syntax: EHLO domain or address literal
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: .
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
    )");
    EXPECT_EQ(talk.stored.size(), 1u);
}

TEST(SmtpProtocol, ArgumentsWhereNoneBelong)
{
    after_rcpt(R"(
        C: DATA now
        S: 501 5.5.4 Syntax: DATA
        C: RSET all
        S: 501 5.5.4 Syntax: RSET
        C: QUIT please
        S: 501 5.5.4 Syntax: QUIT
        C: VRFY
        S: 501 5.5.4 Syntax: VRFY address
        C: NOOP whatever this is
        S: 250 2.0.0 OK
        C: HELP MAIL
        S: 214-2.0.0 EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT
        S: 214 2.0.0 See RFC 5321 for what they do
    )");
}

TEST(SmtpProtocol, UnknownIsNotKnownButMissing) // RFC 5321 section 4.2.4
{
    after_helo(R"(
        C: XYZZY
        S: 500 5.5.2 Command not recognized
        C:
        S: 500 5.5.2 Command not recognized
        C: MAILFROM:<ana@example.net>
        S: 500 5.5.2 Command not recognized
        C: EXPN staff
        S: 502 5.5.1 Command not implemented
        C: TURN
        S: 502 5.5.1 Command not implemented
        C: ETRN example.org
        S: 502 5.5.1 Command not implemented
        C: STARTTLS
        S: 502 5.5.1 Command not implemented
    )");
}

TEST(SmtpProtocol, VerbsInAnyCaseAndWhiteSpaceAtTheEnd) // RFC 5321 sections 2.4 and 4.1.1
{
    auto talk = after_helo("C: mAiL fRoM:<Ana@example.net> body=8bitmime Size=10 \t \n"
                           "S: 250 2.1.0 Sender OK\n"
                           "C: rcpt to:<POSTmaster>   \n"
                           "S: 250 2.1.5 Recipient OK\n"
                           "C: data \n"
                           "S: 354 End data with <CR><LF>.<CR><LF>\n"
                           "C: .\n"
                           "S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL\n"
                           "C: quit\t\n"
                           "S: 221 2.0.0 Bye\n");
    EXPECT_EQ(talk.stored.at(0).envelope.reverse_path, "Ana@example.net");
    EXPECT_EQ(talk.stored.at(0).envelope.recipients.at(0).mailbox, "postmaster@mx.example.org");
}

TEST(SmtpProtocol, MailArguments)
{
    after_helo(R"(
        C: MAIL
        S: 501 5.5.4 Syntax: MAIL FROM:<address> [parameters]
        C: MAIL TO:<ana@example.net>
        S: 501 5.5.4 Syntax: MAIL FROM:<address> [parameters]
        C: MAIL FROM: <ana@example.net>
        S: 501 5.1.7 Bad address syntax
        C: MAIL FROM:ana@example.net
        S: 501 5.1.7 Bad address syntax
        C: MAIL FROM:<ana>
        S: 501 5.1.7 Bad address syntax
        C: MAIL FROM:<änä@example.net>
        S: 550 5.6.7 Non-ASCII addresses are not permitted without SMTPUTF8
        C: MAIL FROM:<ana@example.net> SIZE=
        S: 501 5.5.4 Bad parameter syntax
        C: MAIL FROM:<ana@example.net> SIZE
        S: 501 5.5.4 Bad parameter syntax
        C: MAIL FROM:<ana@example.net> SIZE=1 BODY=7BIT size=1
        S: 501 5.5.4 Parameter given twice
        C: MAIL FROM:<ana@example.net> AUTH=<>
        S: 555 5.5.4 Parameter not recognized
        C: MAIL FROM:<ana@example.net> X
        S: 555 5.5.4 Parameter not recognized
        C: MAIL FROM:<ana@example.net> BODY=9BIT
        S: 504 5.5.4 BODY value not implemented
        C: MAIL FROM:<ana@example.net> SIZE=1000 BODY=7BIT
        S: 250 2.1.0 Sender OK
    )");
}

TEST(SmtpProtocol, RcptArguments)
{
    after_helo(R"(
        C: MAIL FROM:<>
        S: 250 2.1.0 Sender OK
        C: RCPT
        S: 501 5.5.4 Syntax: RCPT TO:<address> [parameters]
        C: RCPT FROM:<ben@example.org>
        S: 501 5.5.4 Syntax: RCPT TO:<address> [parameters]
        C: RCPT TO:<>
        S: 501 5.1.3 Bad address syntax
        C: RCPT TO:<ben>
        S: 501 5.1.3 Bad address syntax
        C: RCPT TO:<bén@example.org>
        S: 553 5.6.7 Non-ASCII addresses are not permitted without SMTPUTF8
        C: RCPT TO:<ben@example.org> X=1
        S: 555 5.5.4 Parameter not recognized
        C: RCPT TO:<@relay.example,@other.example:ben@example.org>
        S: 250 2.1.5 Recipient OK
    )");
}

TEST(SmtpProtocol, AnnouncedSizeOverTheLimit) // RFC 1870 section 6.1
{
    auto talk = after_helo(R"(
        C: MAIL FROM:<ana@example.net> SIZE=1001
        S: 552 5.3.4 Message size exceeds the limit
        C: MAIL FROM:<ana@example.net> SIZE=99999999999999999999
        S: 552 5.3.4 Message size exceeds the limit
        C: RCPT TO:<ben@example.org>
        S: 503 5.5.1 Bad sequence of commands
    )");
    EXPECT_EQ(talk.notes.size(), 2u);
}

TEST(SmtpProtocol, UnknownRecipients)
{
    Scene scene;
    scene.directory = accounts::Directory{test_host,
                                          config::Mail::Accept::listed,
                                          config::Auth::Mode::listed,
                                          {{.name = "ben",
                                            .addresses = {"ben@example.org"},
                                            .password = "",
                                            .secret = "",
                                            .line = 0}}};
    auto talk = after_rcpt(R"(
        C: RCPT TO:<eve@example.org>
        S: 550 5.1.1 No such mailbox here
        C: RCPT TO:<postmaster>
        S: 250 2.1.5 Recipient OK
        C: RSET
        S: 250 2.0.0 OK
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<eve@example.org>
        S: 550 5.1.1 No such mailbox here
        C: DATA
        S: 503 5.5.1 Bad sequence of commands
    )",
                           scene);
    ASSERT_EQ(talk.notes.size(), 2u);
    EXPECT_EQ(talk.notes[0], "recipient <eve@example.org> refused: no such mailbox");
}

TEST(SmtpProtocol, TooManyRecipients) // RFC 5321 section 4.5.3.1.10
{
    auto talk = after_rcpt(R"(
        C: RCPT TO:<cem@example.org>
        S: 250 2.1.5 Recipient OK
        C: RCPT TO:<dan@example.org>
        S: 452 4.5.3 Too many recipients
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: hello
        C: .
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
    )",
                           with_options([](auto& options) { options.max_recipients = 2; }));
    EXPECT_EQ(talk.stored.at(0).envelope.recipients.size(), 2u);
}

TEST(SmtpProtocol, SeveralMessages)
{
    auto talk = after_rcpt(R"(
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: one
        C: .
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
        C: RCPT TO:<ben@example.org>
        S: 503 5.5.1 Bad sequence of commands
        C: MAIL FROM:<>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<"cem"@example.org>
        S: 250 2.1.5 Recipient OK
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: two
        C: .
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
    )");
    ASSERT_EQ(talk.stored.size(), 2u);
    EXPECT_EQ(talk.stored[1].bytes, "two\r\n");
    EXPECT_EQ(talk.stored[1].envelope.reverse_path, "");
    EXPECT_EQ(talk.stored[1].envelope.recipients.at(0).mailbox, "cem@example.org");
    EXPECT_EQ(talk.protocol().doing(), "ready, 2 messages");
}

TEST(SmtpProtocol, MessageOverTheLimitIsReadToItsEnd)
{
    Scene scene;
    scene.max_message_size = 10;
    auto talk = after_rcpt(R"(
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: 12345678
        C: and more
        C: .
        S: 552 5.3.4 Message size exceeds the limit
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<ben@example.org>
        S: 250 2.1.5 Recipient OK
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: ..234567
        C: .
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
    )",
                           scene);
    EXPECT_EQ(talk.abandoned.size(), 1u);
    ASSERT_EQ(talk.stored.size(), 1u);
    EXPECT_EQ(talk.stored[0].bytes, ".234567\r\n"); // counted without the dot that was added
    ASSERT_EQ(talk.notes.size(), 1u);
    EXPECT_EQ(talk.notes[0], "message from <ana@example.net> refused: 20 octets, the limit is 10");
}

TEST(SmtpProtocol, TheStoreIsFullOrFails)
{
    Scene scene;
    scene.outcome = std::unexpected{mail::StoreError::full};
    after_rcpt(R"(
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: .
        S: 452 4.3.1 Insufficient system storage
        C: DATA
        S: 503 5.5.1 Bad sequence of commands
    )",
               scene);
    scene.outcome = std::unexpected{mail::StoreError::failing};
    after_rcpt(R"(
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: .
        S: 451 4.3.0 Local error, message not accepted, try again later
        C: MAIL FROM:<>
        S: 250 2.1.0 Sender OK
    )",
               scene);
}

TEST(SmtpProtocol, BareCrOrLfInACommand) // RFC 5321 section 2.3.8
{
    after_helo(R"(
        C: NOOP<LF>MAIL FROM:<eve@example.net>
        S: 500 5.5.2 Bare <LF> at octet 5 of the command: lines end in <CR><LF>
        C: NOOP<CR>MAIL FROM:<eve@example.net>
        S: 500 5.5.2 Bare <CR> at octet 5 of the command: lines end in <CR><LF>
        C: NOOP<CR>
        S: 500 5.5.2 Bare <CR> at octet 5 of the command: lines end in <CR><LF>
        C: <LF>NOOP
        S: 500 5.5.2 Bare <LF> at octet 1 of the command: lines end in <CR><LF>
        C: RCPT TO:<ben@example.org>
        S: 503 5.5.1 Bad sequence of commands
    )");
}

TEST(SmtpProtocol, LineTooLong) // RFC 5321 section 4.5.3.1.4: 512 octets with CR LF
{
    after_helo("C: NOOP " + std::string(505, 'x') +
               "\n"
               "S: 250 2.0.0 OK\n"
               "C: NOOP " +
               std::string(506, 'x') +
               "\n"
               "S: 500 5.5.2 Line too long\n"
               "C: " +
               std::string(5000, 'x') +
               "\n"
               "S: 500 5.5.2 Line too long\n"
               "C: NOOP\n"
               "S: 250 2.0.0 OK\n");
}

TEST(SmtpProtocol, ParametersLengthenTheMailLine) // RFC 1870 section 3, RFC 6152 section 2
{
    const std::string mail = "MAIL FROM:<ana@example.net>";
    after_helo("C: " + mail + " SIZE=1" + std::string(1179 - mail.size() - 7, ' ') +
               "\n"
               "S: 250 2.1.0 Sender OK\n"
               "C: RSET\n"
               "S: 250 2.0.0 OK\n"
               "C: " +
               mail + " SIZE=1" + std::string(1180 - mail.size() - 7, ' ') +
               "\n"
               "S: 500 5.5.2 Line too long\n");
}

TEST(SmtpProtocol, TooManyErrors)
{
    auto talk = after_helo(R"(
        C: FOO
        S: 500 5.5.2 Command not recognized
        C: RCPT TO:<ben@example.org>
        S: 503 5.5.1 Bad sequence of commands
        C: BAR
        S: 421 4.7.0 mx.example.org Too many errors
        C: NOOP
    )",
                           with_options([](auto& options) { options.max_errors = 2; }));
    EXPECT_TRUE(talk.closed);
}

TEST(SmtpProtocol, NothingIsHeardAfterQuit)
{
    auto talk = after_rcpt(R"(
        C: QUIT
        S: 221 2.0.0 Bye
        C: NOOP
        C: DATA
    )");
    EXPECT_TRUE(talk.closed);
    EXPECT_TRUE(talk.stored.empty());
}

TEST(SmtpProtocol, RepliesToAPipelineGoOutTogether) // RFC 2920 section 3.2
{
    Talk talk;
    talk.writes.clear();
    talk.feed("EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
    EXPECT_EQ(talk.writes.size(), 1u);
    talk.writes.clear();
    talk.feed("text\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\nmore\r\n.\r\nQUIT\r\n");
    // The replies before the second delivery do not wait for its disk.
    ASSERT_EQ(talk.writes.size(), 2u);
    EXPECT_EQ(talk.writes[1],
              "250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL\r\n221 2.0.0 Bye\r\n");
    ASSERT_EQ(talk.stored.size(), 2u);
    EXPECT_EQ(talk.stored[1].bytes, "more\r\n");
}

TEST(SmtpProtocol, ALongPipelineIsAnsweredInBoundedPieces)
{
    Talk talk;
    std::string lines;
    for (int i = 0; i < 5000; ++i) lines += "HELP\r\n";
    talk.feed(lines);
    EXPECT_GT(talk.writes.size(), 10u);
    for (const auto& write : talk.writes) EXPECT_LT(write.size(), 20'000u);
    EXPECT_EQ(std::ranges::count(talk.said, '\n'), 10'001);
}

TEST(SmtpProtocol, StoppingBetweenMessages) // RFC 5321 section 3.8
{
    Talk talk;
    talk.feed("HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\n");
    talk.said.clear();
    talk.interrupt(Interruption::stopping);
    EXPECT_EQ(talk.said, "421 4.3.2 mx.example.org Service shutting down\r\n");
    EXPECT_TRUE(talk.closed);
}

TEST(SmtpProtocol, StoppingLetsAMessageFinish)
{
    Talk talk;
    talk.feed("HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\nhalf");
    talk.said.clear();
    talk.interrupt(Interruption::stopping);
    EXPECT_EQ(talk.said, "");
    EXPECT_FALSE(talk.closed);
    talk.feed(" and half\r\n.\r\nMAIL FROM:<>\r\n");
    EXPECT_EQ(talk.said, "250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL\r\n"
                         "421 4.3.2 mx.example.org Service shutting down\r\n");
    EXPECT_TRUE(talk.closed);
    EXPECT_EQ(talk.stored.at(0).bytes, "half and half\r\n");
}

TEST(SmtpProtocol, StoppingDuringAMessageOverTheLimit)
{
    Scene scene;
    scene.max_message_size = 3;
    Talk talk{scene};
    talk.feed("HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\nhalf");
    talk.said.clear();
    talk.interrupt(Interruption::stopping);
    talk.feed("\r\n.\r\n");
    EXPECT_EQ(talk.said, "552 5.3.4 Message size exceeds the limit\r\n"
                         "421 4.3.2 mx.example.org Service shutting down\r\n");
    EXPECT_TRUE(talk.stored.empty());
}

TEST(SmtpProtocol, IdlingInDataStoresNothing)
{
    Talk talk;
    talk.feed("HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\nhalf\r\n.");
    talk.interrupt(Interruption::idle);
    EXPECT_TRUE(talk.closed);
    EXPECT_TRUE(talk.stored.empty());
}

TEST(SmtpProtocol, SaysWhatItIsDoing)
{
    Talk talk;
    EXPECT_EQ(talk.protocol().doing(), "no EHLO yet");
    talk.feed("HELO c\r\n");
    EXPECT_EQ(talk.protocol().doing(), "ready, 0 messages");
    auto before = talk.protocol().activity();
    talk.feed("NOOP\r\n");
    EXPECT_EQ(talk.protocol().activity(), before);
    talk.feed("MAIL FROM:<>\r\n");
    EXPECT_EQ(talk.protocol().doing(), "MAIL, 1st message");
    talk.feed("RCPT TO:<a@b>\r\n");
    EXPECT_EQ(talk.protocol().doing(), "RCPT, 1st message");
    talk.feed("DATA\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n");
    EXPECT_EQ(talk.protocol().doing(), "DATA, 2nd message");
    for (int i = 0; i < 9; ++i) talk.feed(".\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n");
    EXPECT_EQ(talk.protocol().doing(), "DATA, 11th message");
}

struct Recorder final : net::Transcript {
    std::vector<std::string> lines;
    void client(std::uint64_t, std::string_view line) override
    {
        lines.push_back("C: " + std::string{line});
    }
    void server(std::uint64_t, std::string_view line) override
    {
        lines.push_back("S: " + std::string{line});
    }
};

TEST(SmtpProtocol, TranscriptMasksSecretsAndShortensMessages)
{
    Recorder recorder;
    Scene scene;
    scene.trace = net::Trace{&recorder, 1};
    Talk talk{scene};
    talk.feed("EHLO c\r\nauth  plain AGFuYQBzZWNyZXQ=\r\nAUTH LOGIN\r\nMAIL FROM:<>\r\n"
              "RCPT TO:<a@b>\r\nDATA\r\nprivate\r\n.\r\n" +
              std::string(1200, 'x') + "\r\n");
    const std::vector<std::string> expected{
        "S: 220 mx.example.org ESMTP portico",
        "C: EHLO c",
        "S: 250-mx.example.org",
        "S: 250-PIPELINING",
        "S: 250-SIZE 1000",
        "S: 250-8BITMIME",
        "S: 250-SMTPUTF8",
        "S: 250-ENHANCEDSTATUSCODES",
        "S: 250-CHUNKING",
        "S: 250-BINARYMIME",
        "S: 250-DSN",
        "S: 250-LIMITS RCPTMAX=1000",
        "S: 250 HELP",
        "C: auth  plain ****",
        "S: 538 5.7.11 Encryption required for this mechanism",
        "C: AUTH LOGIN",
        "S: 538 5.7.11 Encryption required for this mechanism",
        "C: MAIL FROM:<>",
        "S: 250 2.1.0 Sender OK",
        "C: RCPT TO:<a@b>",
        "S: 250 2.1.5 Recipient OK",
        "C: DATA",
        "S: 354 End data with <CR><LF>.<CR><LF>",
        "C: (9 octets of message)",
        "S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL",
        "C: (1202 octets, too long)",
        "S: 500 5.5.2 Line too long",
    };
    EXPECT_EQ(recorder.lines, expected);
}

} // namespace
} // namespace portico::smtp
