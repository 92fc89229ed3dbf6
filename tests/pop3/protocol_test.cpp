#include "tests/pop3/conversation.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace portico::pop3::test {
namespace {

const std::string first = "Subject: 1\r\n\r\none\r\n.\r\n.two\r\n"; // 28 octets
const std::string second = "Subject: 2\r\n\r\nx\r\n";               // 17 octets

Outside two()
{
    return Outside{{first, second}};
}

TEST(Pop3Protocol, Rfc1939Example) // section 10, with USER and PASS instead of APOP
{
    const std::string of_120 = "Subject: a\r\n\r\n" + std::string(104, 'a') + "\r\n";
    const std::string of_200 = "Subject: b\r\n\r\n" + std::string(184, 'b') + "\r\n";
    expect_conversation(Outside{{of_120, of_200}},
                        fmt::format(R"(
        S: +OK pop.example.org POP3 portico ready
        C: USER mrose
        S: +OK send PASS
        C: PASS  se cret
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

// ---- AUTHORIZATION (RFC 1939 sections 4 and 7)

TEST(Pop3Protocol, QuitBeforeLoginSaysBye)
{
    expect_conversation(two(), R"(
        S: +OK pop.example.org POP3 portico ready
        C: QUIT
        S: +OK pop.example.org POP3 portico signing off
        S: <close>
    )");
}

TEST(Pop3Protocol, VerbsInAnyCase)
{
    expect_conversation(two(), R"(
        S: +OK pop.example.org POP3 portico ready
        C: user ana
        S: +OK send PASS
        C: pAsS  se cret
        S: +OK maildrop has 2 messages (45 octets)
        C: stat
        S: +OK 2 45
        C: Noop
        S: +OK
        C: quit
        S: +OK pop.example.org POP3 portico signing off (2 messages left)
        S: <close>
    )");
}

TEST(Pop3Protocol, NothingButLoginBeforeLogin)
{
    std::string talk = "S: +OK pop.example.org POP3 portico ready\n";
    for (auto* line : {"STAT", "LIST", "LIST 1", "UIDL", "UIDL 1", "RETR 1", "TOP 1 0", "DELE 1",
                       "RSET", "NOOP"})
        talk += fmt::format("C: {}\nS: -ERR log in first, with USER and PASS\n", line);
    expect_conversation(two(), talk);
}

TEST(Pop3Protocol, NoLoginAfterLogin)
{
    expect_conversation(two(), R"(
        S: +OK pop.example.org POP3 portico ready
        C: USER ana
        S: +OK send PASS
        C: PASS  se cret
        S: +OK maildrop has 2 messages (45 octets)
        C: USER ana
        S: -ERR already logged in
        C: PASS  se cret
        S: -ERR already logged in
    )");
}

TEST(Pop3Protocol, PassNeedsUserAndAgainAfterAFailure)
{
    expect_conversation(two(), R"(
        S: +OK pop.example.org POP3 portico ready
        C: PASS  se cret
        S: -ERR send USER first
        C: USER
        S: -ERR this command needs an argument
        C: USER \s
        S: -ERR this command needs an argument
        C: USER ana
        S: +OK send PASS
        C: PASS
        S: -ERR this command needs an argument
        C: PASS wrong
        S: -ERR [AUTH] wrong user name or password
        C: PASS  se cret
        S: -ERR send USER first
        C: USER bob
        S: +OK send PASS
        C: USER ana
        S: +OK send PASS
        C: PASS  se cret
        S: +OK maildrop has 2 messages (45 octets)
    )");
}

TEST(Pop3Protocol, FailedLoginsSayWhy) // RFC 2449 section 8.1, RFC 3206
{
    expect_conversation(two(), R"(
        S: +OK pop.example.org POP3 portico ready
        C: USER locked
        S: +OK send PASS
        C: PASS x
        S: -ERR [IN-USE] another session has this maildrop
        C: USER broken
        S: +OK send PASS
        C: PASS x
        S: -ERR [SYS/TEMP] logging in is not possible now
        C: USER ana
        S: +OK send PASS
        C: PASS\s
        S: -ERR [AUTH] wrong user name or password
    )");
}

TEST(Pop3Protocol, APasswordIsAllThatFollowsTheFirstSpace)
{
    struct Row {
        std::string_view line, password;
    };
    auto outside = two();
    for (auto& row : std::to_array<Row>({
             {"PASS x\r\n", "x"},
             {"PASS  x \r\n", " x "},
             {"PASS a b  c\r\n", "a b  c"},
             {"PASS \r\n", ""},
             {"PASS \t\r\n", "\t"},
             {"PASS p\xc3\xa4ss\r\n", "p\xc3\xa4ss"},
         })) {
        Session session{outside};
        session.talk("USER ana\r\n");
        session.talk(row.line);
        ASSERT_TRUE(session.last_login) << row.line;
        EXPECT_EQ(session.last_login->password, row.password);
        EXPECT_EQ(session.last_login->user, "ana");
    }
}

// ---- CAPA (RFC 2449)

TEST(Pop3Protocol, CapaInBothStates)
{
    expect_conversation(two(), R"(
        S: +OK pop.example.org POP3 portico ready
        C: CAPA
        S: +OK capabilities follow
        S: TOP
        S: USER
        S: RESP-CODES
        S: AUTH-RESP-CODE
        S: PIPELINING
        S: EXPIRE NEVER
        S: UIDL
        S: IMPLEMENTATION portico
        S: .
        C: USER ana
        S: +OK send PASS
        C: CAPA x
        S: -ERR this command takes no argument
        C: PASS  se cret
        S: +OK maildrop has 2 messages (45 octets)
        C: capa
        S: +OK capabilities follow
        S: TOP
        S: USER
        S: RESP-CODES
        S: AUTH-RESP-CODE
        S: PIPELINING
        S: EXPIRE NEVER
        S: UIDL
        S: IMPLEMENTATION portico
        S: .
    )");
}

// ---- TRANSACTION

/// A conversation that begins after the login.
void expect_transaction(Outside outside, std::string_view text)
{
    std::size_t octets = 0;
    for (auto& message : outside.stored) octets += message.content.size();
    auto count = outside.stored.size();
    auto greeting = fmt::format(R"(
        S: +OK pop.example.org POP3 portico ready
        C: USER ana
        S: +OK send PASS
        C: PASS  se cret
        S: +OK maildrop has {} message{} ({} octets)
    )",
                                count, count == 1 ? "" : "s", octets);
    expect_conversation(std::move(outside), greeting + std::string{text});
}

TEST(Pop3Protocol, UnknownAndMisspelt)
{
    expect_transaction(two(), R"(
        C: XTND
        S: -ERR unknown command
        C:
        S: -ERR unknown command
        C:  STAT
        S: -ERR unknown command
        C: RETR\t1
        S: -ERR unknown command
        C: RETRO 1
        S: -ERR unknown command
        C: STAT 1
        S: -ERR this command takes no argument
        C: NOOP 1
        S: -ERR this command takes no argument
        C: RSET 1
        S: -ERR this command takes no argument
        C: QUIT now
        S: -ERR this command takes no argument
        C: STAT \s
        S: +OK 2 45
    )");
}

TEST(Pop3Protocol, NumbersThatAreNoMessage)
{
    std::string talk;
    for (auto* verb : {"LIST {}", "UIDL {}", "RETR {}", "DELE {}", "TOP {} 1"}) {
        for (auto* number : {"0", "3", "00", "4294967297", "18446744073709551616",
                             "99999999999999999999999999999"})
            talk += fmt::format("C: {}\nS: -ERR no such message\n",
                                fmt::format(fmt::runtime(verb), number));
    }
    for (auto* verb : {"LIST {}", "UIDL {}", "RETR {}", "DELE {}"}) {
        for (auto* number : {"-1", "+1", "1a", "x", "1 2", " 1"})
            talk += fmt::format("C: {}\nS: -ERR a message number is expected\n",
                                fmt::format(fmt::runtime(verb), number));
    }
    for (auto* verb : {"RETR", "DELE", "TOP"})
        talk += fmt::format("C: {}\nS: -ERR this command needs an argument\n", verb);
    for (auto* top : {"TOP 1", "TOP 1 -1", "TOP a 1", "TOP 1 1 1", "TOP 1  1"})
        talk += fmt::format("C: {}\nS: -ERR a message number and a number of lines are expected\n",
                            top);
    auto outside = two();
    outside.max_errors = 1000;
    expect_transaction(outside, talk + "C: STAT\nS: +OK 2 45\n");
}

TEST(Pop3Protocol, ListAndUidl)
{
    expect_transaction(two(), R"(
        C: LIST 2
        S: +OK 2 17
        C: UIDL 1
        S: +OK 1 uuuuuuuuuuuuuuuuuuuuu0
        C: UIDL
        S: +OK unique-ids follow
        S: 1 uuuuuuuuuuuuuuuuuuuuu0
        S: 2 uuuuuuuuuuuuuuuuuuuuu1
        S: .
    )");
    expect_transaction(Outside{}, R"(
        C: STAT
        S: +OK 0 0
        C: LIST
        S: +OK 0 messages (0 octets)
        S: .
        C: UIDL
        S: +OK unique-ids follow
        S: .
        C: LIST 1
        S: -ERR no such message
        C: QUIT
        S: +OK pop.example.org POP3 portico signing off (maildrop empty)
        S: <close>
    )");
}

TEST(Pop3Protocol, RetrStuffsDots)
{
    expect_transaction(two(), R"(
        C: RETR 1
        S: +OK 28 octets
        S: Subject: 1
        S:
        S: one
        S: ..
        S: ..two
        S: .
        C: RETR 2
        S: +OK 17 octets
        S: Subject: 2
        S:
        S: x
        S: .
    )");
}

TEST(Pop3Protocol, RetrOfNothing)
{
    expect_transaction(Outside{{""}}, R"(
        C: RETR 1
        S: +OK 0 octets
        S: .
        C: TOP 1 5
        S: +OK top of message follows
        S: .
        C: NOOP
        S: +OK
    )");
}

TEST(Pop3Protocol, Top)
{
    expect_transaction(two(), R"(
        C: TOP 1 0
        S: +OK top of message follows
        S: Subject: 1
        S:
        S: .
        C: TOP 1 2
        S: +OK top of message follows
        S: Subject: 1
        S:
        S: one
        S: ..
        S: .
        C: TOP 1 3
        S: +OK top of message follows
        S: Subject: 1
        S:
        S: one
        S: ..
        S: ..two
        S: .
        C: TOP 2 99999999999999999999999
        S: +OK top of message follows
        S: Subject: 2
        S:
        S: x
        S: .
    )");
}

TEST(Pop3Protocol, TopReadsNoFurtherThanItMust)
{
    Outside outside{{"A: b\r\n\r\n" + std::string(1 << 20, 'x') + "\r\n"}};
    outside.piece = 1024;
    Session session{outside};
    session.talk(login);
    EXPECT_EQ(session.talk("TOP 1 0\r\n"), "+OK top of message follows\r\nA: b\r\n\r\n.\r\n");
    EXPECT_EQ(session.pieces, 1U);
}

TEST(Pop3Protocol, DeletedMessagesVanish)
{
    expect_transaction(two(), R"(
        C: DELE 1
        S: +OK message 1 deleted
        C: STAT
        S: +OK 1 17
        C: LIST
        S: +OK 1 message (17 octets)
        S: 2 17
        S: .
        C: UIDL
        S: +OK unique-ids follow
        S: 2 uuuuuuuuuuuuuuuuuuuuu1
        S: .
        C: LIST 1
        S: -ERR no such message
        C: UIDL 1
        S: -ERR no such message
        C: RETR 1
        S: -ERR no such message
        C: TOP 1 0
        S: -ERR no such message
        C: DELE 1
        S: -ERR no such message
        C: LIST 2
        S: +OK 2 17
        C: RSET
        S: +OK maildrop has 2 messages (45 octets)
        C: STAT
        S: +OK 2 45
        C: DELE 2
        S: +OK message 2 deleted
        C: QUIT
        S: +OK pop.example.org POP3 portico signing off (1 message left)
        S: <close>
    )");
}

TEST(Pop3Protocol, MessagesThatCannotBeRead)
{
    auto outside = two();
    outside.stored[0].fails_at = 0;
    outside.stored[1].fails_at = 0;
    outside.stored[1].error = mail::StoreError::gone;
    expect_transaction(outside, R"(
        C: RETR 1
        S: -ERR [SYS/TEMP] the message cannot be read now
        C: TOP 1 1
        S: -ERR [SYS/TEMP] the message cannot be read now
        C: RETR 2
        S: -ERR no such message
        C: NOOP
        S: +OK
    )");
}

TEST(Pop3Protocol, AFailureWithinAMessageEndsTheSessionWithoutTheDot)
{
    auto outside = two();
    outside.stored[0].fails_at = 14;
    expect_transaction(outside, R"(
        C: DELE 2
        S: +OK message 2 deleted
        C: RETR 1
        S: +OK 28 octets
        S: Subject: 1
        S:
        S: <close>
        C: QUIT
        S: <close>
    )");
}

// ---- UPDATE (RFC 1939 section 6)

TEST(Pop3Protocol, QuitRemovesWhatIsMarked)
{
    Outside outside{{first, second, first, second}};
    Session session{outside};
    session.talk(login);
    session.talk("DELE 4\r\nDELE 1\r\nDELE 3\r\n");
    EXPECT_TRUE(session.removed.empty());
    session.talk("RSET\r\nDELE 3\r\nDELE 2\r\nQUIT\r\nDELE 1\r\n");
    EXPECT_EQ(session.removed, (std::vector<std::size_t>{1, 2}));
    EXPECT_TRUE(session.closed());
}

TEST(Pop3Protocol, QuitAlwaysEndsTheUseOfTheMaildrop)
{
    auto outside = two();
    Session session{outside};
    session.talk(login);
    session.talk("QUIT\r\n");
    EXPECT_TRUE(session.updated());
    EXPECT_TRUE(session.removed.empty());
}

TEST(Pop3Protocol, AFailedUpdateIsSaid)
{
    auto outside = two();
    outside.update_fails = mail::StoreError::failing;
    expect_transaction(outside, R"(
        C: DELE 1
        S: +OK message 1 deleted
        C: QUIT
        S: -ERR [SYS/TEMP] some deleted messages not removed
        S: <close>
    )");
}

TEST(Pop3Protocol, IdleEndsWithoutAWordAndWithoutUpdate) // RFC 1939 section 3
{
    expect_transaction(two(), R"(
        C: DELE 1
        S: +OK message 1 deleted
        I: idle
        S: <close>
    )");
    expect_conversation(two(), R"(
        S: +OK pop.example.org POP3 portico ready
        I: idle
        S: <close>
    )");
}

TEST(Pop3Protocol, AStopIsSaidAndRemovesNothing)
{
    expect_transaction(two(), R"(
        C: DELE 1
        S: +OK message 1 deleted
        I: stopping
        S: -ERR [SYS/TEMP] server is shutting down
        S: <close>
    )");
}

// ---- lines and limits

TEST(Pop3Protocol, LinesThatAreNoCommands)
{
    expect_transaction(two(), fmt::format(R"(
        C: STAT\n
        S: -ERR bare LF: a line ends with CRLF
        C: ST\rAT
        S: -ERR bare CR: a line ends with CRLF
        C: STAT\r
        S: -ERR bare CR: a line ends with CRLF
        C: DELE 1\0
        S: -ERR NUL octet in the line
        C: DELE {0}
        S: -ERR no such message
        C: DELE {0}1
        S: -ERR line too long (255 octets at most)
        C: {1}
        S: -ERR line too long (255 octets at most)
        C: STAT
        S: +OK 2 45
    )",
                                          std::string(248, '9'), std::string(5000, 'x')));
}

TEST(Pop3Protocol, TooManyErrors)
{
    auto outside = two();
    outside.max_errors = 3;
    expect_conversation(outside, R"(
        S: +OK pop.example.org POP3 portico ready
        C: HELO
        S: -ERR unknown command
        C: USER ana
        S: +OK send PASS
        C: PASS wrong
        S: -ERR [AUTH] wrong user name or password
        C: USER locked
        S: +OK send PASS
        C: PASS x
        S: -ERR [IN-USE] another session has this maildrop
        C: USER ana
        S: +OK send PASS
        C: PASS wrong
        S: -ERR too many errors
        S: <close>
        C: USER ana
        S: <close>
    )");
    expect_transaction(outside, R"(
        C: DELE 1
        S: +OK message 1 deleted
        C: A
        S: -ERR unknown command
        C: B
        S: -ERR unknown command
        C: STAT\n
        S: -ERR too many errors
        S: <close>
    )");
}

TEST(Pop3Protocol, WhatCameTogetherIsAnsweredTogether) // RFC 2449 section 6.6
{
    auto outside = two();
    Session session{outside};
    session.answers(); // the greeting
    session.writes = 0;
    auto said = session.talk(std::string{login} + "STAT\r\nRETR 2\r\nDELE 2\r\nQUIT\r\n");
    EXPECT_EQ(session.writes, 1U);
    EXPECT_TRUE(said.ends_with("signing off (1 message left)\r\n"));
    EXPECT_EQ(session.removed, (std::vector<std::size_t>{1}));
}

TEST(Pop3Protocol, AMaildropOfAHundredThousand)
{
    Outside outside;
    outside.stored.assign(100'000, {.content = "x\r\n"});
    Session session{outside};
    session.talk(login);
    session.talk("DELE 50000\r\n");
    std::string expected = "+OK 99999 messages (299997 octets)\r\n";
    for (int number = 1; number <= 100'000; ++number)
        if (number != 50'000) expected += fmt::format("{} 3\r\n", number);
    EXPECT_TRUE(session.talk("LIST\r\n") == expected + ".\r\n");
    auto ids = session.talk("UIDL\r\n");
    EXPECT_EQ(std::ranges::count(ids, '\n'), 99'999 + 2);
    EXPECT_TRUE(ids.ends_with("100000 uuuuuuuuuuuuuuuuu99999\r\n.\r\n"));
    EXPECT_LE(session.largest_write, Protocol::write_octets + 64);
    EXPECT_EQ(session.talk("RSET\r\nSTAT\r\n"),
              "+OK maildrop has 100000 messages (300000 octets)\r\n+OK 100000 300000\r\n");
}

TEST(Pop3Protocol, ALargeMessageGoesOutInPieces)
{
    Outside outside{{"A: b\r\n\r\n"}};
    for (int line = 0; line != 300'000; ++line) outside.stored[0].content += ".234567890123456\r\n";
    outside.piece = 256 << 10;
    Session session{outside};
    session.talk(login);
    auto said = session.talk("RETR 1\r\n");
    EXPECT_EQ(said.size(),
              outside.stored[0].content.size() + 300'000 +
                  fmt::format("+OK {} octets\r\n.\r\n", outside.stored[0].content.size()).size());
    // A piece, the dots added to it, and what was waiting.
    EXPECT_LE(session.largest_write, (256U << 10) * 19 / 18 + Protocol::write_octets + 64);
}

// ---- what others see of it

TEST(Pop3Protocol, TheTranscriptHidesSecretsAndShortensBodies)
{
    auto outside = two();
    RecordedTranscript transcript;
    Session session{outside, &transcript};
    session.talk(login);
    session.talk("RETR 1\r\nTOP 1 0\r\nLIST\r\nAUTH PLAIN AHMAcw==\r\nNO\nQUIT\r\n");
    EXPECT_EQ(transcript.text,
              "S: +OK pop.example.org POP3 portico ready\n"
              "C: USER ana@example.test\n"
              "S: +OK send PASS\n"
              "C: PASS ****\n"
              "S: +OK maildrop has 2 messages (45 octets)\n"
              "C: RETR 1\n"
              "S: +OK 28 octets\n"
              "S: (28 octets)\n"
              "S: .\n"
              "C: TOP 1 0\n"
              "S: +OK top of message follows\n"
              "S: (14 octets)\n"
              "S: .\n"
              "C: LIST\n"
              "S: +OK 2 messages (45 octets)\n"
              "S: (2 lines)\n"
              "S: .\n"
              "C: AUTH ****\n"
              "S: -ERR unknown command\n"
              "C: (a line that is no command)\n"
              "S: -ERR bare LF: a line ends with CRLF\n"
              "C: QUIT\n"
              "S: +OK pop.example.org POP3 portico signing off (2 messages left)\n");
}

TEST(Pop3Protocol, SaysWhatItIsDoing)
{
    const std::vector<mail::Message> messages(3, mail::Message{.key = 0, .size = 4, .id = {}});
    Protocol protocol{{}, "pop.example.org", {}};
    EXPECT_EQ(protocol.doing(), "AUTHORIZATION");
    protocol.feed(login);
    protocol.feed("TOP 3 1\r\nQUIT\r\n");
    ASSERT_TRUE(std::holds_alternative<Login>(protocol.next()));
    protocol.logged_in(messages);
    EXPECT_EQ(protocol.doing(), "TRANSACTION");
    ASSERT_TRUE(std::holds_alternative<Fetch>(protocol.next()));
    EXPECT_EQ(protocol.doing(), "TRANSACTION, TOP 3");
    protocol.content("a: b");
    ASSERT_TRUE(std::holds_alternative<More>(protocol.next()));
    protocol.content("");
    ASSERT_TRUE(std::holds_alternative<Update>(protocol.next()));
    EXPECT_EQ(protocol.doing(), "UPDATE");
}

} // namespace
} // namespace portico::pop3::test
