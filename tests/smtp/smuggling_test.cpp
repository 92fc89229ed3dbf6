#include "tests/smtp/conversation.hpp"

namespace portico::smtp {
namespace {

const std::string to_data = "EHLO c\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n";
const std::string second = "MAIL FROM:<eve@x>\r\nRCPT TO:<b@y>\r\nDATA\r\ntwo\r\n.\r\n";

/// Every way to write the end of the mail data but the right one: up to two of CR and LF before
/// the dot, up to two behind it.
std::vector<std::string> false_ends()
{
    const std::vector<std::string> line_ends{"", "\r", "\n", "\r\n", "\n\r", "\r\r", "\n\n"};
    std::vector<std::string> ends;
    for (const auto& before : line_ends)
        for (const auto& after : line_ends)
            if (const auto end = before + "." + after; end != "\r\n.\r\n") ends.push_back(end);
    return ends;
}

// What one server takes for the end of a message and the next does not lets a client smuggle a
// second message past the first server's checks.
TEST(SmtpSmuggling, NoFalseEndIsOne)
{
    rule("5321", "4.1.1.4", "no variant of CR, LF and dot but CR LF . CR LF ends the mail data");
    for (const auto& end : false_ends()) {
        Talk talk{with_options([](auto& options) { options.strict = false; })};
        talk.feed(to_data);
        talk.said.clear();
        talk.feed("one" + end + second);
        EXPECT_EQ(talk.said, "250 2.0.0 Ok: queued as " + test_id + "\r\n")
            << testing::PrintToString(end);
        ASSERT_EQ(talk.stored.size(), 1u);
        EXPECT_EQ(talk.stored[0].envelope.reverse_path, "a@x");
        EXPECT_TRUE(talk.stored[0].bytes.ends_with("two\r\n"));
    }
}

TEST(SmtpSmuggling, ABareLineEndIsRefused)
{
    rule("5321", "2.3.8", "a bare CR or LF in the mail data is refused, naming kind and octet");
    for (const auto& end : false_ends()) {
        LineEnds ends;
        // What the rest of the message begins with decides about a CR at the end.
        const auto sent = "one" + end + second;
        MailData data;
        std::string_view input = sent;
        while (!input.empty() && !data.ended()) ends.read(data.take(input));
        Talk talk;
        talk.feed(to_data);
        talk.said.clear();
        talk.feed(sent);
        if (!ends.bare()) {
            EXPECT_EQ(talk.stored.size(), 1u) << testing::PrintToString(end);
            continue;
        }
        const auto name = std::string{ends.bare()->name()};
        const auto at = std::to_string(ends.bare()->at);
        EXPECT_EQ(talk.said, "550 5.6.0 Bare " + name + " at octet " + at +
                                 " of the message: lines end in <CR><LF>\r\n")
            << testing::PrintToString(end);
        EXPECT_TRUE(talk.stored.empty());
        EXPECT_EQ(talk.abandoned.size(), 1u);
        ASSERT_EQ(talk.notes.size(), 1u);
        EXPECT_EQ(talk.notes[0], "message from <a@x> refused: Bare " + name + " at octet " + at +
                                     " of the message");
    }
}

TEST(SmtpSmuggling, TheSessionStaysInStep)
{
    auto talk = after_rcpt(R"(
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: one<LF>.<LF>MAIL FROM:<eve@example.net>
        C: .<CR>
        C: ..
        C: .
        S: 550 5.6.0 Bare <LF> at octet 4 of the message: lines end in <CR><LF>
        C: DATA
        S: 503 5.5.1 Bad sequence of commands
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<ben@example.org>
        S: 250 2.1.5 Recipient OK
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: two
        C: .
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
    )");
    ASSERT_EQ(talk.stored.size(), 1u);
    EXPECT_EQ(talk.stored[0].bytes, "two\r\n");
}

TEST(SmtpSmuggling, OfSeveralReasonsTheSameWhateverTheCuts)
{
    auto scene = with_options([](auto& options) { options.max_received = 1; });
    scene.max_message_size = 60;
    after_rcpt(R"(
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: Received: a
        C: Received: b
        C: x<LF>y
        C: .
        S: 550 5.6.0 Bare <LF> at octet 28 of the message: lines end in <CR><LF>
        C: MAIL FROM:<ana@example.net>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<ben@example.org>
        S: 250 2.1.5 Recipient OK
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: Received: a
        C: Received: b<LF>
        C: 1234567890123456789012345678901234567890
        C: .
        S: 552 5.3.4 Message size exceeds the limit
    )",
               scene);
}

TEST(SmtpSmuggling, NotStrictStoresAsSent)
{
    auto talk = after_rcpt(R"(
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: a<LF>.<LF>b<CR>c
        C: ..<LF>.<CR>
        C: .
        S: 250 2.0.0 Ok: queued as 0123456789ABCDEFGHIJKL
    )",
                           with_options([](auto& options) { options.strict = false; }));
    EXPECT_EQ(talk.stored.at(0).bytes, "a\n.\nb\rc\r\n.\n.\r\r\n");
    EXPECT_TRUE(talk.notes.empty());
}

// Such a client waits for its reply, and would not know why none comes.
TEST(SmtpSmuggling, TheTimeoutSaysWhatItWaitedFor)
{
    for (bool strict : {true, false}) {
        Talk talk{with_options([&](auto& options) { options.strict = strict; })};
        talk.feed(to_data + "hello\n.\n");
        talk.said.clear();
        talk.interrupt(Interruption::idle);
        EXPECT_EQ(talk.said,
                  "421 4.4.2 mx.example.org Timeout, closing transmission channel (bare <LF> at "
                  "octet 6 of the message: only <CR><LF>.<CR><LF> ends it)\r\n");
        EXPECT_TRUE(talk.stored.empty());
    }
}

TEST(SmtpSmuggling, AMessageCutAtEveryPoint)
{
    const std::string before = "HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<b@y>\r\nDATA\r\n";
    const std::string sent = "..a\r\n\r\n.\n.\r.\r\n..\r\n.\r\n";
    const std::string after = "MAIL FROM:<>\r\nRCPT TO:<b@y>\r\nBDAT 4\r\n.\r\n\r"
                              "BDAT 3 LAST\r\n\n.xQUIT\r\n";
    const auto all = before + sent + after;
    for (bool strict : {true, false}) {
        const auto scene = with_options([&](auto& options) { options.strict = strict; });
        Talk whole{scene};
        whole.feed(all);
        ASSERT_EQ(whole.stored.size(), strict ? 1u : 2u);
        const std::string first = ".a\r\n\r\n\n.\r.\r\n.\r\n";
        if (!strict) {
            EXPECT_EQ(whole.stored[0].bytes, first);
        }
        EXPECT_EQ(whole.stored.back().bytes, ".\r\n\r\n.x");
        EXPECT_TRUE(whole.closed);
        for (std::size_t i = 1; i < all.size(); ++i) {
            Talk cut{scene};
            cut.feed(all.substr(0, i));
            cut.feed(all.substr(i));
            EXPECT_EQ(cut.said, whole.said) << i;
            ASSERT_EQ(cut.stored.size(), whole.stored.size()) << i;
            for (std::size_t j = 0; j < cut.stored.size(); ++j)
                EXPECT_EQ(cut.stored[j].bytes, whole.stored[j].bytes) << i;
        }
    }
}

} // namespace
} // namespace portico::smtp
