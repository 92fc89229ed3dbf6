#include "tests/smtp/conversation.hpp"

namespace portico::smtp {
namespace {

TEST(SmtpProtocol, AMessage)
{
    rule("5321", "3.3", "a message from MAIL to the reply to its end");
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
    rule("5321", "4.4", "the WITH clause says SMTP after HELO, ESMTP after EHLO");
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
    rule("5321", "4.1.1.1", "EHLO and HELO without a domain or address literal are 501");
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

TEST(SmtpProtocol, WhatNeedsNoGreeting)
{
    rule("5321", "4.1.4", "NOOP, RSET, VRFY, HELP and QUIT need no EHLO; MAIL, RCPT and DATA do");
    rule("5321", "7.3", "VRFY is 252 and tells nobody who has a mailbox");
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

TEST(SmtpProtocol, DataNeedsARecipient)
{
    rule("5321", "4.1.4", "RCPT before MAIL and DATA before RCPT are 503");
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
    rule("5321", "4.1.4", "MAIL in a transaction is 503 and leaves it as it is");
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
    rule("5321", "4.1.1.5", "RSET ends a transaction");
    rule("5321", "4.1.4", "EHLO and HELO in a transaction act as RSET");
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
    rule("5321", "4.1.4", "an EHLO that is refused changes nothing");
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
    rule("5321", "4.1.1", "arguments where none belong are 501; NOOP and HELP may have one");
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

TEST(SmtpProtocol, UnknownIsNotKnownButMissing)
{
    rule("5321", "4.2.4", "500 for what is no command, 502 for one that is not implemented");
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

TEST(SmtpProtocol, VerbsInAnyCaseAndWhiteSpaceAtTheEnd)
{
    rule("5321", "2.4", "verbs and keywords in any case");
    rule("5321", "4.1.1", "white space before CR LF is tolerated");
    rule("5321", "4.5.1", "<postmaster> without a domain is a recipient");
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
    rule("5321", "4.1.1.2", "what is no MAIL command is 501");
    rule("5321", "4.1.1.11",
         "parameters: 501 malformed or twice, 555 unknown, 504 not implemented");
    rule("6531", "3.5", "a reverse path in UTF-8 without SMTPUTF8 is 550 5.6.7");
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
    rule("5321", "4.1.1.3", "what is no RCPT command is 501");
    rule("6531", "3.5", "a forward path in UTF-8 without SMTPUTF8 is 553 5.6.7");
    rule("5321", "C", "source routes are accepted and ignored");
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

TEST(SmtpProtocol, AnnouncedSizeOverTheLimit)
{
    rule("1870", "6.1", "a SIZE over the limit is 552 before anything is sent");
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
    rule("5321", "3.3", "550 for a recipient that does not exist");
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

TEST(SmtpProtocol, TooManyRecipients)
{
    rule("5321", "4.5.3.1.10", "452 for recipients over the limit; those before stand");
    rule("9422", "4.2", "LIMITS RCPTMAX is the limit that holds");
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
    rule("5321", "3.3", "after a message the next transaction starts afresh");
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
    rule("1870", "6.3", "552 at the end of a message over the limit, counted without transparency");
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
    rule("5321", "4.2.2", "452 for want of space, 451 for a failure; nothing is stored");
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

TEST(SmtpProtocol, BareCrOrLfInACommand)
{
    rule("5321", "2.3.8", "a bare CR or LF in a command is 500, naming kind and octet");
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

TEST(SmtpProtocol, LineTooLong)
{
    rule("5321", "4.5.3.1.4", "command lines have up to 512 octets with CR LF");
    rule("5321", "4.5.3.1.9", "500 for a line that is too long");
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

TEST(SmtpProtocol, ParametersLengthenTheMailLine)
{
    rule("1870", "3", "extensions lengthen the line of MAIL");
    rule("6531", "3.1", "extensions lengthen the line of MAIL");
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

TEST(SmtpProtocol, ParametersLengthenTheRcptLine)
{
    rule("3461", "4.2", "ORCPT of 500 characters fits into the line of RCPT");
    const std::string orcpt = "ORCPT=rfc822;" + std::string(493, 'x');
    const std::string notify = " NOTIFY=SUCCESS,FAILURE,DELAY ";
    const std::string local(64, 'a');
    const std::string path = "RCPT TO:<" + local + "@" + std::string(189, 'd') + ">";
    after_helo("C: MAIL FROM:<>\n"
               "S: 250 2.1.0 Sender OK\n"
               "C: " +
               path + notify + orcpt +
               "\n"
               "S: 250 2.1.5 Recipient OK\n"
               "C: " +
               path + notify + "ORCPT=rfc822;" + std::string(494, 'x') +
               "\n"
               "S: 501 5.5.4 Bad parameter syntax\n"
               "C: " +
               path + std::string(1046 - path.size(), ' ') +
               "\n"
               "S: 250 2.1.5 Recipient OK\n"
               "C: " +
               path + std::string(1047 - path.size(), ' ') +
               "\n"
               "S: 500 5.5.2 Line too long\n");
}

TEST(SmtpProtocol, LongTextLinesAndEightBits)
{
    rule("5321", "4.5.3.1", "text lines of any length are taken as sent");
    rule("6152", "3", "8-bit text is taken as sent, with BODY=8BITMIME or without");
    for (std::string_view parameter : {"", " BODY=8BITMIME", " BODY=7BIT"}) {
        Scene scene;
        scene.max_message_size = 100'000;
        Talk talk{scene};
        talk.feed("EHLO c\r\nMAIL FROM:<>" + std::string{parameter} +
                  "\r\nRCPT TO:<a@b>\r\nDATA\r\n");
        const auto line = std::string(20'000, '\xe4') + "\r\n";
        talk.feed(line + ".\r\n");
        EXPECT_EQ(talk.stored.at(0).bytes, line);
    }
}

TEST(SmtpProtocol, EnvelopeParameters)
{
    rule("3461", "4.1", "NOTIFY is kept with the recipient");
    rule("3461", "4.2", "ORCPT is kept with the recipient");
    rule("3461", "4.3", "RET is kept with the message");
    rule("3461", "4.4", "ENVID is kept with the message");
    rule("6152", "2", "BODY=8BITMIME is kept with the message");
    auto talk = after_helo(R"(
        C: MAIL FROM:<ana@example.net> RET=hdrs ENVID=QQ+2B1 BODY=8BITMIME
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<ben@example.org> NOTIFY=Success,DELAY ORCPT=rfc822;Ben+2B@example.org
        S: 250 2.1.5 Recipient OK
        C: RCPT TO:<cem@example.org> NOTIFY=NEVER
        S: 250 2.1.5 Recipient OK
        C: RCPT TO:<dan@example.org>
        S: 250 2.1.5 Recipient OK
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: .
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
        C: MAIL FROM:<>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<ben@example.org>
        S: 250 2.1.5 Recipient OK
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: .
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
    )");
    ASSERT_EQ(talk.stored.size(), 2u);
    const auto& envelope = talk.stored[0].envelope;
    EXPECT_EQ(envelope.ret, "HDRS");
    EXPECT_EQ(envelope.envid, "QQ+2B1");
    EXPECT_EQ(envelope.body, mail::BodyType::eight_bit);
    EXPECT_FALSE(envelope.smtputf8);
    EXPECT_EQ(envelope.recipients.at(0).notify, "Success,DELAY");
    EXPECT_EQ(envelope.recipients.at(0).orcpt, "rfc822;Ben+2B@example.org");
    EXPECT_EQ(envelope.recipients.at(1).notify, "NEVER");
    EXPECT_EQ(envelope.recipients.at(2).notify, "");
    const auto& next = talk.stored[1].envelope;
    EXPECT_EQ(next.ret + next.envid + next.recipients.at(0).notify, "");
    EXPECT_EQ(next.body, mail::BodyType::seven_bit);
}

TEST(SmtpProtocol, BadDsnParameters)
{
    rule("3461", "4.5", "RET, ENVID, NOTIFY and ORCPT malformed or given twice are 501");
    after_helo(R"(
        C: MAIL FROM:<ana@example.net> RET=ALL
        S: 501 5.5.4 Bad parameter syntax
        C: MAIL FROM:<ana@example.net> ENVID=a+0A
        S: 501 5.5.4 Bad parameter syntax
        C: MAIL FROM:<ana@example.net> ENVID=1 ENVID=2
        S: 501 5.5.4 Parameter given twice
        C: MAIL FROM:<ana@example.net> NOTIFY=NEVER
        S: 555 5.5.4 Parameter not recognized
        C: MAIL FROM:<ana@example.net> RET=FULL
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<ben@example.org> NOTIFY=NEVER,DELAY
        S: 501 5.5.4 Bad parameter syntax
        C: RCPT TO:<ben@example.org> ORCPT=ben@example.org
        S: 501 5.5.4 Bad parameter syntax
        C: RCPT TO:<ben@example.org> NOTIFY=DELAY NOTIFY=DELAY
        S: 501 5.5.4 Parameter given twice
        C: RCPT TO:<ben@example.org> RET=FULL
        S: 555 5.5.4 Parameter not recognized
        C: DATA
        S: 503 5.5.1 Bad sequence of commands
    )");
}

TEST(SmtpProtocol, SmtpUtf8)
{
    rule("6531", "3.4", "with SMTPUTF8, paths and parameters of this transaction may be UTF-8");
    auto talk = after_helo(R"(
        C: MAIL FROM:<änä@bücher.example> SMTPUTF8=1
        S: 501 5.5.4 Bad parameter syntax
        C: MAIL FROM:<änä@bücher.example> smtputf8
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<"bén ä"@example.org> ORCPT=utf-8;bén@example.org
        S: 250 2.1.5 Recipient OK
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: Subject: ä
        C: .
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<bén@example.org>
        S: 553 5.6.7 Non-ASCII addresses are not permitted without SMTPUTF8
        C: VRFY bén SMTPUTF8
        S: 252 2.5.0 Cannot verify the user, send mail to find out
        C: VRFY bén
        S: 553 5.6.7 Non-ASCII addresses are not permitted without SMTPUTF8
        C: EXPN bén SMTPUTF8
        S: 502 5.5.1 Command not implemented
    )");
    ASSERT_EQ(talk.stored.size(), 1u);
    EXPECT_TRUE(talk.stored[0].envelope.smtputf8);
    EXPECT_EQ(talk.stored[0].envelope.reverse_path, "änä@bücher.example");
    EXPECT_EQ(talk.stored[0].envelope.recipients.at(0).orcpt, "utf-8;bén@example.org");
}

TEST(SmtpProtocol, MailLoops)
{
    rule("5321", "6.3", "554 5.4.6 for more Received fields than max_received, nothing stored");
    auto scene = with_options([](auto& options) { options.max_received = 2; });
    auto talk = after_rcpt(R"(
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: Received: a
        C: RECEIVED: b
        C:  Received: folded
        C: received: c
        C: 
        C: text
        C: .
        S: 554 5.4.6 Too many Received fields: this mail goes in a circle
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<ben@example.org>
        S: 250 2.1.5 Recipient OK
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: Received: a
        C: Received: b
        C: 
        C: Received: c
        C: .
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<ben@example.org>
        S: 250 2.1.5 Recipient OK
        C: BDAT 27
        B: Received: a<CR><LF>Received: b<CR><LF>R
        S: 250 2.0.0 27 octets received
        C: BDAT 10
        B: eceived: c
        S: 554 5.4.6 Too many Received fields: this mail goes in a circle
        C: BDAT 0 LAST
        S: 503 5.5.1 Bad sequence of commands
    )",
                           scene);
    EXPECT_EQ(talk.stored.size(), 1u);
    EXPECT_EQ(talk.abandoned.size(), 2u);
    ASSERT_EQ(talk.notes.size(), 2u);
    EXPECT_EQ(talk.notes[0], "message from <ana@example.net> refused: more than 2 Received fields");
}

TEST(SmtpProtocol, TooManyErrors)
{
    rule("5321", "4.3.2", "421 after too many errors in a session");
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
    rule("5321", "4.1.1.10", "QUIT is 221 and ends the session");
    auto talk = after_rcpt(R"(
        C: QUIT
        S: 221 2.0.0 Bye
        C: NOOP
        C: DATA
    )");
    EXPECT_TRUE(talk.closed);
    EXPECT_TRUE(talk.stored.empty());
}

TEST(SmtpProtocol, RepliesToAPipelineGoOutTogether)
{
    rule("2920", "3.2", "replies to what came together go out together, in order");
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
    rule("2920", "3.2", "a long pipeline costs no memory");
    Talk talk;
    std::string lines;
    for (int i = 0; i < 5000; ++i) lines += "HELP\r\n";
    talk.feed(lines);
    EXPECT_GT(talk.writes.size(), 10u);
    for (const auto& write : talk.writes) EXPECT_LT(write.size(), 20'000u);
    EXPECT_EQ(std::ranges::count(talk.said, '\n'), 10'001);
}

TEST(SmtpProtocol, StoppingBetweenMessages)
{
    rule("5321", "3.8", "421 when the server stops");
    Talk talk;
    talk.feed("HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\n");
    talk.said.clear();
    talk.interrupt(Interruption::stopping);
    EXPECT_EQ(talk.said, "421 4.3.2 mx.example.org Service shutting down\r\n");
    EXPECT_TRUE(talk.closed);
}

TEST(SmtpProtocol, StoppingLetsAMessageFinish)
{
    rule("5321", "3.8", "421 on stop comes after the message that is arriving");
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
    rule("5321", "3.8", "421 on stop comes after the reply to a message that is refused");
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
    rule("5321", "4.5.3.2.5", "421 after the timeout, nothing is stored of half a message");
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
