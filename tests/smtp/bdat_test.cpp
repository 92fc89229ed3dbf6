#include "tests/smtp/conversation.hpp"

namespace portico::smtp {
namespace {

TEST(SmtpBdat, ChunksOfAnySize)
{
    rule("3030", "2", "a message in chunks, each answered with 250");
    auto talk = after_rcpt(R"(
        C: BDAT 0
        S: 250 2.0.0 0 octets received
        C: BDAT 1
        B: S
        S: 250 2.0.0 1 octets received
        C: bdat 9
        B: ubject: x
        S: 250 2.0.0 9 octets received
        C: BDAT 7
        B: <CR><LF><CR><LF>hel
        S: 250 2.0.0 7 octets received
        C: BDAT 4 LAST
        B: lo<CR><LF>
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
        C: QUIT
        S: 221 2.0.0 Bye
    )");
    ASSERT_EQ(talk.stored.size(), 1u);
    EXPECT_EQ(talk.stored[0].bytes, "Subject: x\r\n\r\nhello\r\n");
}

TEST(SmtpBdat, AnyOctets)
{
    rule("3030", "3", "BINARYMIME: NUL, 8-bit octets, bare CR and LF and dots come as they are");
    auto talk = after_helo(R"(
        C: MAIL FROM:<ana@example.net> BODY=BINARYMIME
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<ben@example.org>
        S: 250 2.1.5 Recipient OK
        C: BDAT 12
        B: <NUL><CR>a<LF><CR><LF>.<CR><LF>é<CR>
        S: 250 2.0.0 12 octets received
        C: BDAT 5 LAST
        B: .<CR><LF>.<LF>
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
    )");
    EXPECT_EQ(talk.stored.at(0).envelope.body, mail::BodyType::binary);
    EXPECT_EQ(talk.stored[0].bytes, std::string("\0\ra\n\r\n.\r\n\xc3\xa9\r", 12) + ".\r\n.\n");
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    Talk raw;
    raw.feed("EHLO c\r\nMAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<a@b>\r\nBDAT 256 LAST\r\n" + all);
    EXPECT_EQ(raw.stored.at(0).bytes, all);
}

TEST(SmtpBdat, AnEmptyMessage)
{
    rule("3030", "2", "the last chunk may be empty, and the only one");
    auto talk = after_rcpt(R"(
        C: BDAT 0 LAST
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
    )");
    ASSERT_EQ(talk.stored.size(), 1u);
    EXPECT_EQ(talk.stored[0].bytes, "");
}

TEST(SmtpBdat, NothingAfterLast)
{
    rule("3030", "2", "a BDAT after BDAT LAST is 503, and its octets are read");
    auto talk = after_rcpt(R"(
        C: BDAT 2 LAST
        B: ab
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
        C: BDAT 6 LAST
        B: NOOP<CR><LF>
        S: 503 5.5.1 Bad sequence of commands
        C: NOOP
        S: 250 2.0.0 OK
    )");
    EXPECT_EQ(talk.stored.size(), 1u);
}

TEST(SmtpBdat, NeedsARecipient)
{
    rule("3030", "2", "octets of a refused chunk are thrown away before the reply");
    auto talk = expect_conversation(R"(
        S: 220 mx.example.org ESMTP portico
        C: BDAT 6
        B: QUIT<CR><LF>
        S: 503 5.5.1 Bad sequence of commands
        C: HELO client.example.net
        S: 250 mx.example.org
        C: BDAT 0 LAST
        S: 503 5.5.1 Bad sequence of commands
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
        C: BDAT 6 LAST
        B: QUIT<CR><LF>
        S: 503 5.5.1 Bad sequence of commands
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
    )");
    EXPECT_TRUE(talk.stored.empty());
    EXPECT_TRUE(talk.abandoned.empty());
}

TEST(SmtpBdat, RsetBetweenChunks)
{
    rule("3030", "2", "RSET between chunks clears them");
    auto talk = after_rcpt(R"(
        C: BDAT 3
        B: one
        S: 250 2.0.0 3 octets received
        C: NOOP
        S: 250 2.0.0 OK
        C: RSET
        S: 250 2.0.0 OK
        C: BDAT 3 LAST
        B: two
        S: 503 5.5.1 Bad sequence of commands
        C: MAIL FROM:<>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<ben@example.org>
        S: 250 2.1.5 Recipient OK
        C: BDAT 5 LAST
        B: three
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
    )");
    ASSERT_EQ(talk.abandoned.size(), 1u);
    EXPECT_EQ(talk.abandoned[0].bytes, "one");
    EXPECT_EQ(talk.stored.at(0).bytes, "three");
}

TEST(SmtpBdat, EhloBetweenChunks)
{
    auto talk = after_rcpt(R"(
        C: BDAT 3
        B: one
        S: 250 2.0.0 3 octets received
        C: HELO again
        S: 250 mx.example.org
        C: BDAT 0 LAST
        S: 503 5.5.1 Bad sequence of commands
    )");
    EXPECT_EQ(talk.abandoned.size(), 1u);
    EXPECT_TRUE(talk.stored.empty());
}

TEST(SmtpBdat, CommandsBetweenChunks)
{
    rule("3030", "2", "errors between chunks keep the session in step");
    auto talk = after_rcpt(R"(
        C: BDAT 3
        B: one
        S: 250 2.0.0 3 octets received
        C: MAIL FROM:<eve@example.net>
        S: 503 5.5.1 Nested MAIL command
        C: RCPT TO:<eve@example.org>
        S: 503 5.5.1 Bad sequence of commands
        C: XYZZY
        S: 500 5.5.2 Command not recognized
        C: VRFY ben
        S: 252 2.5.0 Cannot verify the user, send mail to find out
        C: BDAT 3 LAST
        B: two
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
    )");
    EXPECT_EQ(talk.stored.at(0).bytes, "onetwo");
    EXPECT_EQ(talk.stored[0].envelope.recipients.size(), 1u);
}

TEST(SmtpBdat, IsNotMixedWithData)
{
    rule("3030", "2", "DATA after BDAT in one transaction is 503");
    auto talk = after_rcpt(R"(
        C: BDAT 3
        B: one
        S: 250 2.0.0 3 octets received
        C: DATA
        S: 503 5.5.1 Bad sequence of commands
        C: BDAT 3 LAST
        B: two
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
    EXPECT_EQ(talk.stored.size(), 2u);
}

TEST(SmtpBdat, BinaryNeedsIt)
{
    rule("3030", "3", "BODY=BINARYMIME with DATA is 503");
    after_helo(R"(
        C: MAIL FROM:<ana@example.net> BODY=BINARYMIME
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<ben@example.org>
        S: 250 2.1.5 Recipient OK
        C: DATA
        S: 503 5.5.1 BODY=BINARYMIME needs BDAT
        C: BDAT 1 LAST
        B: x
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
    )");
}

TEST(SmtpBdat, Malformed)
{
    rule("3030", "2", "BDAT without a size is 501; with a size, its octets are read all the same");
    auto talk = after_rcpt(R"(
        C: BDAT 6 FIRST
        B: QUIT<CR><LF>
        S: 501 5.5.4 Syntax: BDAT size [LAST]
        C: BDAT 6 LAST
        B: QUIT<CR><LF>
        S: 503 5.5.1 Bad sequence of commands
        C: MAIL FROM:<>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<ben@example.org>
        S: 250 2.1.5 Recipient OK
        C: BDAT
        S: 501 5.5.4 Syntax: BDAT size [LAST]
        C: BDAT LAST
        S: 503 5.5.1 Bad sequence of commands
        C: NOOP
        S: 250 2.0.0 OK
    )");
    EXPECT_TRUE(talk.stored.empty());
}

TEST(SmtpBdat, OverTheLimit)
{
    rule("1870", "6.3", "chunks that come to more than the limit are 552, nothing is kept");
    Scene scene;
    scene.max_message_size = 10;
    auto talk = after_rcpt(R"(
        C: BDAT 8
        B: 12345678
        S: 250 2.0.0 8 octets received
        C: BDAT 3
        B: 901
        S: 552 5.3.4 Message size exceeds the limit
        C: BDAT 6 LAST
        B: QUIT<CR><LF>
        S: 503 5.5.1 Bad sequence of commands
        C: MAIL FROM:<>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<ben@example.org>
        S: 250 2.1.5 Recipient OK
        C: BDAT 11 LAST
        B: 12345678901
        S: 552 5.3.4 Message size exceeds the limit
        C: MAIL FROM:<>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<ben@example.org>
        S: 250 2.1.5 Recipient OK
        C: BDAT 4
        B: 1234
        S: 250 2.0.0 4 octets received
        C: BDAT 6 LAST
        B: 567890
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
    )",
                           scene);
    EXPECT_EQ(talk.abandoned.size(), 1u);
    ASSERT_EQ(talk.stored.size(), 1u);
    EXPECT_EQ(talk.notes.size(), 2u);
}

TEST(SmtpBdat, AChunkBeyondAllMeasure)
{
    rule("1870", "6.3", "a chunk size of any length is a size");
    Talk talk;
    talk.feed("EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nBDAT 99999999999999999999999 LAST\r\n");
    talk.said.clear();
    for (int i = 0; i < 100; ++i) talk.feed(std::string(10'000, '\n'));
    EXPECT_EQ(talk.said, "");
    EXPECT_TRUE(talk.stored.empty());
    talk.interrupt(Interruption::idle);
    EXPECT_TRUE(talk.closed);
}

TEST(SmtpBdat, TheStoreFails)
{
    Scene scene;
    scene.outcome = std::unexpected{mail::StoreError::full};
    after_rcpt(R"(
        C: BDAT 3
        B: one
        S: 250 2.0.0 3 octets received
        C: BDAT 0 LAST
        S: 452 4.3.1 Insufficient system storage
        C: BDAT 0 LAST
        S: 503 5.5.1 Bad sequence of commands
    )",
               scene);
}

TEST(SmtpBdat, StoppingLetsTheMessageFinish)
{
    rule("5321", "3.8", "421 on stop comes after the message that is arriving, in chunks too");
    Talk talk;
    talk.feed("EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nBDAT 3\r\nab");
    talk.said.clear();
    talk.interrupt(Interruption::stopping);
    talk.feed("c");
    EXPECT_EQ(talk.said, "250 2.0.0 3 octets received\r\n");
    talk.feed("BDAT 1 LAST\r\nd");
    EXPECT_EQ(talk.said, "250 2.0.0 3 octets received\r\n"
                         "250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL\r\n"
                         "421 4.3.2 mx.example.org Service shutting down\r\n");
    EXPECT_EQ(talk.stored.at(0).bytes, "abcd");
    EXPECT_TRUE(talk.closed);
}

TEST(SmtpBdat, StoppingInARefusedChunk)
{
    Talk talk;
    talk.feed("EHLO c\r\nBDAT 3\r\nab");
    talk.said.clear();
    talk.interrupt(Interruption::stopping);
    EXPECT_EQ(talk.said, "421 4.3.2 mx.example.org Service shutting down\r\n");
    EXPECT_TRUE(talk.closed);
}

TEST(SmtpBdat, IdlingInAChunkStoresNothing)
{
    Talk talk;
    talk.feed("EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nBDAT 3 LAST\r\nab");
    EXPECT_TRUE(talk.protocol().receiving());
    EXPECT_EQ(talk.protocol().doing(), "DATA, 1st message");
    talk.interrupt(Interruption::idle);
    EXPECT_TRUE(talk.closed);
    EXPECT_TRUE(talk.stored.empty());
}

} // namespace
} // namespace portico::smtp
