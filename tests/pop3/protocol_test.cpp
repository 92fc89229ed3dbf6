#include "tests/pop3/conversation.hpp"
#include "tests/rule.hpp"

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

// ---- AUTHORIZATION (RFC 1939 sections 4 and 7)

TEST(Pop3Protocol, QuitBeforeLoginSaysBye)
{
    rule("1939", "4", "QUIT in AUTHORIZATION: no UPDATE");
    expect_conversation(two(), R"(
        S: +OK pop.example.org POP3 portico ready
        C: QUIT
        S: +OK pop.example.org POP3 portico signing off
        S: <close>
    )");
}

TEST(Pop3Protocol, VerbsInAnyCase)
{
    rule("1939", "3", "keywords in any case");
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
    rule("1939", "3", "-ERR for a command that is not valid in AUTHORIZATION");
    std::string talk = "S: +OK pop.example.org POP3 portico ready\n";
    for (auto* line : {"STAT", "LIST", "LIST 1", "UIDL", "UIDL 1", "RETR 1", "TOP 1 0", "DELE 1",
                       "RSET", "NOOP"})
        talk += fmt::format("C: {}\nS: -ERR log in first\n", line);
    expect_conversation(two(), talk);
}

TEST(Pop3Protocol, NoLoginAfterLogin)
{
    rule("1939", "4", "USER and PASS only in AUTHORIZATION");
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
    rule("1939", "7", "PASS only after a successful USER");
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

TEST(Pop3Protocol, FailedLoginsSayWhy)
{
    rule("2449", "8.1.2", "[IN-USE] where PASS is right and the maildrop locked");
    rule("3206", "5", "[AUTH] where PASS is wrong");
    rule("3206", "4", "[SYS/TEMP] where PASS cannot be checked");
    rule("3206", "4", "[SYS/PERM] where PASS is right and the maildrop damaged");
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
        C: USER damaged
        S: +OK send PASS
        C: PASS x
        S: -ERR [SYS/PERM] the maildrop is damaged
        C: USER ana
        S: +OK send PASS
        C: PASS\s
        S: -ERR [AUTH] wrong user name or password
    )");
}

TEST(Pop3Protocol, APasswordIsAllThatFollowsTheFirstSpace)
{
    rule("1939", "7", "a password may contain spaces");
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
    rule("2449", "5", "CAPA in AUTHORIZATION and TRANSACTION");
    rule("2449", "6", "CAPA lists what works, and USER no more after the login");
    rule("3206", "6", "AUTH-RESP-CODE is announced");
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
        S: UTF8 USER
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

// ---- TRANSACTION

/// A conversation that begins after the login.
void expect_transaction(Outside outside, std::string_view text)
{
    std::size_t octets = 0;
    for (auto& message : listed(outside.stored)) octets += message.octets_on_the_wire();
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
    rule("1939", "3",
         "-ERR for a command that does not exist, or has an argument it does not take");
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
    rule("1939", "5", "-ERR for a message that does not exist");
    rule("1939", "5", "-ERR for what is no number");
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
    rule("1939", "5", "LIST with and without an argument, of an empty maildrop too");
    rule("1939", "7", "UIDL with and without an argument, of an empty maildrop too");
    rule("1939", "5", "STAT of an empty maildrop");
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
    rule("1939", "5", "RETR sends the message, dot-stuffed");
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
    rule("1939", "5", "RETR of an empty message");
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
    rule("1939", "7", "TOP with less, as many and more lines than there are");
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

TEST(Pop3Protocol, OctetsAreThoseOfTheWire)
{
    rule("1939", "11", "octets count the CRLF that RETR adds to a message without a last one");
    rule("6856", "2.1", "LIST's octets are those that RETR sends");
    expect_transaction(Outside{{"a: b\r\n\r\nx", "a: b\r\n\r\nx\n", "a: b\r\n\r\nx\r", "x"}}, R"(
        C: STAT
        S: +OK 4 38
        C: LIST
        S: +OK 4 messages (38 octets)
        S: 1 11
        S: 2 12
        S: 3 12
        S: 4 3
        S: .
        C: RETR 1
        S: +OK 11 octets
        S: a: b
        S:
        S: x
        S: .
        C: RETR 2
        S: +OK 12 octets
        S: a: b
        S:
        S: x\n
        S: .
        C: RETR 3
        S: +OK 12 octets
        S: a: b
        S:
        S: x\r
        S: .
        C: DELE 1
        S: +OK message 1 deleted
        C: STAT
        S: +OK 3 27
        C: LIST 2
        S: +OK 2 12
        C: RSET
        S: +OK maildrop has 4 messages (38 octets)
    )");
}

TEST(Pop3Protocol, ABinaryBodyGoesOutAsItIs)
{
    rule("3030", "3", "BINARYMIME: bare CR and LF, NUL and 8-bit octets are not touched");
    using namespace std::string_literals;
    std::string every;
    for (int octet = 0; octet != 256; ++octet) every += static_cast<char>(octet);
    const auto message = "a: b\r\n\r\n"s + every + "\n.\n.\r.\r\n" + every + "\n.\r\n";
    Outside outside{{message}};
    for (std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{1000}}) {
        outside.piece = piece;
        Session session{outside};
        session.talk(login);
        const auto said = session.talk("RETR 1\r\n");
        EXPECT_EQ(said, fmt::format("+OK {} octets\r\n", message.size()) + message + ".\r\n");
    }
}

TEST(Pop3Protocol, TopAtItsEdges)
{
    rule("1939", "7", "TOP 0 is the header and the blank line");
    rule("1939", "7", "TOP of a message that is nothing but a header");
    rule("1939", "7", "TOP of a message whose last line has no CRLF");
    expect_transaction(
        Outside{{"a: b\r\n", "a: b\r\n\r\n", "a: b", "a: b\r\n\r\n1\r\n2", "\r\n1\r\n"}},
        R"(
        C: TOP 1 0
        S: +OK top of message follows
        S: a: b
        S: .
        C: TOP 2 0
        S: +OK top of message follows
        S: a: b
        S:
        S: .
        C: TOP 2 1
        S: +OK top of message follows
        S: a: b
        S:
        S: .
        C: TOP 3 0
        S: +OK top of message follows
        S: a: b
        S: .
        C: TOP 4 1
        S: +OK top of message follows
        S: a: b
        S:
        S: 1
        S: .
        C: TOP 4 2
        S: +OK top of message follows
        S: a: b
        S:
        S: 1
        S: 2
        S: .
        C: TOP 5 0
        S: +OK top of message follows
        S:
        S: .
        C: TOP 5 1
        S: +OK top of message follows
        S:
        S: 1
        S: .
    )");
}

TEST(Pop3Protocol, TopReadsNoFurtherThanItMust)
{
    rule("1939", "7", "TOP does not read a body it does not send");
    Outside outside{{"A: b\r\n\r\n" + std::string(1 << 20, 'x') + "\r\n"}};
    outside.piece = 1024;
    Session session{outside};
    session.talk(login);
    EXPECT_EQ(session.talk("TOP 1 0\r\n"), "+OK top of message follows\r\nA: b\r\n\r\n.\r\n");
    EXPECT_EQ(session.pieces, 1U);
}

TEST(Pop3Protocol, DeletedMessagesVanish)
{
    rule("1939", "5", "a deleted message is in no list and cannot be reached");
    rule("1939", "5", "RSET unmarks deleted messages");
    rule("1939", "7", "UIDL leaves deleted messages out");
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
    rule("3206", "4", "[SYS/TEMP] where a message cannot be read now");
    rule("3206", "4", "[SYS/PERM] where a message is damaged");
    auto outside = two();
    outside.stored.push_back({.content = first});
    for (auto& message : outside.stored) message.fails_at = 0;
    outside.stored[1].error = mail::StoreError::gone;
    outside.stored[2].error = mail::StoreError::damaged;
    expect_transaction(outside, R"(
        C: RETR 1
        S: -ERR [SYS/TEMP] the message cannot be read now
        C: TOP 1 1
        S: -ERR [SYS/TEMP] the message cannot be read now
        C: RETR 2
        S: -ERR no such message
        C: RETR 3
        S: -ERR [SYS/PERM] the message is damaged
        C: TOP 3 0
        S: -ERR [SYS/PERM] the message is damaged
        C: DELE 3
        S: +OK message 3 deleted
        C: NOOP
        S: +OK
    )");
}

TEST(Pop3Protocol, AFailureWithinAMessageEndsTheSessionWithoutTheDot)
{
    rule("1939", "3", "no termination octet behind a message that is not whole");
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
    rule("1939", "6", "QUIT in TRANSACTION removes what is marked as deleted, and nothing else");
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
    rule("1939", "6", "QUIT releases the lock");
    auto outside = two();
    Session session{outside};
    session.talk(login);
    session.talk("QUIT\r\n");
    EXPECT_TRUE(session.updated());
    EXPECT_TRUE(session.removed.empty());
}

TEST(Pop3Protocol, AFailedUpdateIsSaid)
{
    rule("1939", "6", "-ERR where messages are not removed");
    rule("3206", "4", "[SYS/TEMP] where the removal failed, [SYS/PERM] where it will not pass");
    auto outside = two();
    outside.update_fails = mail::StoreError::failing;
    expect_transaction(outside, R"(
        C: DELE 1
        S: +OK message 1 deleted
        C: QUIT
        S: -ERR [SYS/TEMP] some deleted messages not removed
        S: <close>
    )");
    outside.update_fails = mail::StoreError::damaged;
    expect_transaction(outside, R"(
        C: DELE 1
        S: +OK message 1 deleted
        C: QUIT
        S: -ERR [SYS/PERM] some deleted messages not removed: the maildrop is damaged
        S: <close>
    )");
}

TEST(Pop3Protocol, IdleEndsWithoutAWordAndWithoutUpdate)
{
    rule("1939", "3", "the inactivity timer closes without a response and without UPDATE");
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
    rule("1939", "6", "a session that ends without QUIT removes nothing");
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
    rule("1939", "3", "a command ends with CRLF: bare CR, bare LF and NUL are -ERR");
    rule("2449", "4", "-ERR for a command line of more than 255 octets");
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

TEST(Pop3Protocol, EveryCommandCanBeTooLong)
{
    rule("2449", "4", "-ERR for every command of more than 255 octets, and the next one is heard");
    const std::string argument(300, '1');
    std::string before = "S: +OK pop.example.org POP3 portico ready\n";
    for (const auto* verb : {"USER", "PASS", "APOP", "AUTH", "STLS", "UTF8", "CAPA", "QUIT"})
        before +=
            fmt::format("C: {} {}\nS: -ERR line too long (255 octets at most)\n", verb, argument);
    expect_conversation(two(), before + "C: NOOP\nS: -ERR log in first\n");
    std::string after;
    for (const auto* verb :
         {"STAT", "LIST", "UIDL", "RETR", "TOP", "DELE", "RSET", "NOOP", "CAPA", "QUIT"})
        after +=
            fmt::format("C: {} {}\nS: -ERR line too long (255 octets at most)\n", verb, argument);
    expect_transaction(two(), after + "C: STAT\nS: +OK 2 45\n");
    // The longest that is none: 255 with CRLF.
    expect_transaction(two(),
                       fmt::format("C: TOP 1 {}\nS: +OK top of message follows\nS: Subject: 1\n"
                                   "S:\nS: one\nS: ..\nS: ..two\nS: .\n",
                                   std::string(247, '9')));
}

TEST(Pop3Protocol, TooManyErrors)
{
    rule("1939", "3", "the session of a client that errs without end is closed");
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

TEST(Pop3Protocol, WhatCameTogetherIsAnsweredTogether)
{
    rule("2449", "6.6", "pipelining: replies in order, written together");
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
    rule("1939", "5", "LIST and UIDL of a maildrop of any size");
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
    rule("1939", "5", "RETR of a message of any size");
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
    rule("1939", "13", "a transcript shows no password and no message");
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
              "C: AUTH PLAIN ****\n"
              "S: -ERR already logged in\n"
              "C: (a line that is no command)\n"
              "S: -ERR bare LF: a line ends with CRLF\n"
              "C: QUIT\n"
              "S: +OK pop.example.org POP3 portico signing off (2 messages left)\n");
}

TEST(Pop3Protocol, SaysWhatItIsDoing)
{
    const std::vector<mail::Message> messages(3, mail::Message{.key = 0, .size = 4, .id = {}});
    const Security security{.offer = {.mechanisms = {}, .password = true}};
    Protocol protocol{{}, {.name = "pop.example.org", .timestamp = {}}, security, 10, {}};
    EXPECT_EQ(protocol.doing(), "AUTHORIZATION");
    protocol.feed(login);
    protocol.feed("TOP 3 1\r\nQUIT\r\n");
    ASSERT_TRUE(std::holds_alternative<Login>(protocol.next()));
    protocol.logged_in(messages);
    EXPECT_EQ(protocol.doing(), "TRANSACTION");
    ASSERT_TRUE(std::holds_alternative<Fetch>(protocol.next()));
    EXPECT_EQ(protocol.doing(), "TRANSACTION, TOP 3");
    protocol.content("a: ");
    ASSERT_TRUE(std::holds_alternative<More>(protocol.next()));
    protocol.content("b"); // as many octets as it has: no further piece is asked for
    ASSERT_TRUE(std::holds_alternative<Update>(protocol.next()));
    EXPECT_EQ(protocol.doing(), "UPDATE");
}

} // namespace
} // namespace portico::pop3::test
