#include "services/http/websocket.hpp"
#include "tests/http/websocket_talk.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <random>
#include <stdexcept>
#include <string>
#include <string_view>

namespace portico::http::websocket::test {

namespace {

using namespace std::string_literals;

struct Case {
    std::string said, expected;
};

template <std::size_t count>
void expect(const Case (&cases)[count], std::size_t max_message = 1000)
{
    for (const auto& [said, expected] : cases) {
        SCOPED_TRACE(testing::PrintToString(said.substr(0, 60)));
        EXPECT_EQ(talk(said, max_message), expected);
    }
}

std::string refused(unsigned code, std::string_view why)
{
    return "> close " + std::to_string(code) + " " + std::string{why} +
           "\nclosed 1006: " + std::string{why} + "\n";
}

} // namespace

TEST(WebSocket, UnderstandsTheExamplesOfTheRfc)
{
    rule("6455", "5.7", "the examples: masked text, fragments, ping and pong, long frames");
    EXPECT_EQ(text("Hello"), "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s);
    EXPECT_EQ(talk("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s), "text Hello\n");
    EXPECT_EQ(talk(frame(0x01, "Hel") + frame(0x80, "lo")), "text Hello\n");
    EXPECT_EQ(talk("\x89\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s), "> pong Hello\n");
    EXPECT_EQ(talk("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s), "pong Hello\n");
    EXPECT_EQ(talk(frame(0x82, std::string(256, 'x'))), "binary 256 octets\n");
    EXPECT_EQ(talk(frame(0x82, std::string(65536, 'x')), 65536), "binary 65536 octets\n");
}

TEST(WebSocket, WritesTheExamplesOfTheRfc)
{
    rule("6455", "5.1", "a server masks no frame");
    rule("6455", "5.2", "a length is written in the fewest octets");
    const auto written = [](Opcode opcode, std::string_view payload, bool fin = true) {
        std::string output;
        append_frame(output, opcode, payload, fin);
        return output;
    };
    EXPECT_EQ(written(Opcode::text, "Hello"), "\x81\x05Hello"s);
    EXPECT_EQ(written(Opcode::text, "Hel", false), "\x01\x03Hel"s);
    EXPECT_EQ(written(Opcode::continuation, "lo"), "\x80\x02lo"s);
    EXPECT_EQ(written(Opcode::ping, "Hello"), "\x89\x05Hello"s);
    struct {
        std::size_t size;
        std::string head;
    } sizes[] = {
        {0, "\x82\x00"s},
        {125, "\x82\x7d"s},
        {126, "\x82\x7e\x00\x7e"s},
        {256, "\x82\x7e\x01\x00"s},
        {65535, "\x82\x7e\xff\xff"s},
        {65536, "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"s},
    };
    for (const auto& [size, head] : sizes) {
        const std::string payload(size, 'x');
        EXPECT_TRUE(written(Opcode::binary, payload) == head + payload) << size;
    }
}

TEST(WebSocket, RefusesFramesThatAreWrong)
{
    rule("6455", "5.1", "a frame that is not masked ends the connection: 1002");
    rule("6455", "5.2", "reserved bits and opcodes, and lengths in too many octets, are 1002");
    rule("6455", "5.5", "control frames are whole and have at most 125 octets");
    expect({
        {"\x81\x05Hello"s, refused(1002, "a frame is not masked")},
        {"\x81\x00"s, refused(1002, "a frame is not masked")},
        {"\x88\x00"s, refused(1002, "a frame is not masked")},
        {frame(0xC1, "x"), refused(1002, "a reserved bit is set")},
        {frame(0xA1, "x"), refused(1002, "a reserved bit is set")},
        {frame(0x91, "x"), refused(1002, "a reserved bit is set")},
        {frame(0xF8, ""), refused(1002, "a reserved bit is set")},
        {frame(0x83, ""), refused(1002, "an opcode is reserved")},
        {frame(0x87, ""), refused(1002, "an opcode is reserved")},
        {frame(0x8B, ""), refused(1002, "an opcode is reserved")},
        {frame(0x8F, ""), refused(1002, "an opcode is reserved")},
        {frame(0x81, "", 2), refused(1002, "a length has more octets than it needs")},
        {frame(0x81, std::string(125, 'x'), 2),
         refused(1002, "a length has more octets than it needs")},
        {frame(0x81, std::string(126, 'x'), 8),
         refused(1002, "a length has more octets than it needs")},
        {frame(0x82, std::string(65535, 'x'), 8),
         refused(1002, "a length has more octets than it needs")},
        {"\x82\xFF\x80\x00\x00\x00\x00\x00\x00\x00mask"s,
         refused(1002, "a length is over 63 bits")},
        {frame(0x89, std::string(126, 'x')), refused(1002, "a control frame is over 125 octets")},
        {frame(0x88, std::string(126, 'x')), refused(1002, "a control frame is over 125 octets")},
        {frame(0x8A, std::string(65536, 'x')), refused(1002, "a control frame is over 125 octets")},
        {frame(0x09, ""), refused(1002, "a control frame is fragmented")},
        {frame(0x0A, ""), refused(1002, "a control frame is fragmented")},
        {frame(0x08, ""), refused(1002, "a control frame is fragmented")},
    });
    expect(
        {
            {frame(0x82, std::string(126, 'x')), "binary 126 octets\n"},
            {frame(0x82, std::string(65535, 'x')), "binary 65535 octets\n"},
            {frame(0x82, ""), "binary \n"},
            {frame(0x81, ""), "text \n"},
            {frame(0x89, std::string(125, 'x')), "> pong " + std::string(125, 'x') + "\n"},
            {frame(0x8A, ""), "pong \n"},
        },
        65535);
}

TEST(WebSocket, StopsAtTheFirstMistake)
{
    rule("6455", "7.1.7", "after a failure nothing more is looked at, not even a Close frame");
    expect({
        {text("a") + frame(0x83, "") + text("b") + close(1000),
         "text a\n" + refused(1002, "an opcode is reserved")},
    });
}

TEST(WebSocket, JoinsFragments)
{
    rule("6455", "5.4", "fragments come in order, only control frames stand between them");
    expect({
        {frame(0x01, "a") + frame(0x00, "b") + frame(0x80, "c"), "text abc\n"},
        {frame(0x02, "") + frame(0x00, "") + frame(0x80, ""), "binary \n"},
        {frame(0x01, "a") + frame(0x89, "?") + frame(0x8A, "!") + frame(0x80, "b") + text("c"),
         "> pong ?\npong !\ntext ab\ntext c\n"},
        {frame(0x01, "a") + close(1000), "> close 1000\nclosed 1000\n"},
        {frame(0x80, "a"), refused(1002, "a fragment continues no message")},
        {frame(0x00, "a"), refused(1002, "a fragment continues no message")},
        {text("a") + frame(0x80, "b"),
         "text a\n" + refused(1002, "a fragment continues no message")},
        {frame(0x01, "a") + text("b"), refused(1002, "a message begins within another")},
        {frame(0x02, "a") + frame(0x02, "b"), refused(1002, "a message begins within another")},
    });
}

TEST(WebSocket, AnswersPings)
{
    rule("6455", "5.5.2", "a ping is answered, unless a Close frame has come");
    rule("6455", "5.5.3", "a pong has the ping's data; one that nobody asked for is no mistake");
    expect({
        {frame(0x89, "1") + frame(0x89, "") + frame(0x89, "\xff"),
         "> pong 1\n> pong\n> pong \xff\n"},
        {close(1000) + frame(0x89, "late"), "> close 1000\nclosed 1000\n"},
        {frame(0x8A, "unasked") + text("a"), "pong unasked\ntext a\n"},
    });
}

TEST(WebSocket, LimitsAMessage)
{
    rule("6455", "7.4.1", "1009 for a message that is too big");
    const auto too_big = refused(1009, "a message is over the limit");
    expect(
        {
            {frame(0x82, "12345"), "binary 12345\n"},
            {frame(0x82, "123456"), too_big},
            {frame(0x82, "123456").substr(0, 6), too_big}, // by its head
            {"\x82\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFFmask"s, too_big},
            {frame(0x02, "123") + frame(0x80, "45") + frame(0x82, "67890"),
             "binary 12345\nbinary 67890\n"},
            {frame(0x02, "123") + frame(0x00, "") + frame(0x80, "456"), too_big},
            {frame(0x02, "12345") + frame(0x89, "1234567") + frame(0x80, ""),
             "> pong 1234567\nbinary 12345\n"},
        },
        5);
}

TEST(WebSocket, TextIsUtf8)
{
    rule("6455", "8.1", "text that is not UTF-8 ends the connection: 1007");
    const auto wrong = refused(1007, "a text message is not UTF-8");
    const auto half = refused(1007, "a text message ends within a character");
    expect({
        {text("\xce\xba\xe1\xbd\xb9\xf0\x90\x80\x80"),
         "text \xce\xba\xe1\xbd\xb9\xf0\x90\x80\x80\n"},
        {text("0123456\xc3\xa4"
              "89012345"),
         "text 0123456\xc3\xa4"
         "89012345\n"},
        {text("\x7f\xc2\x80\xdf\xbf"), "text \x7f\xc2\x80\xdf\xbf\n"},
        {text("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"),
         "text \xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\n"},
        {text("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), "text \xf0\x90\x80\x80\xf4\x8f\xbf\xbf\n"},
        {frame(0x01, "\xf0\x9f") + frame(0x89, "\xff") + frame(0x00, "") + frame(0x00, "\x98") +
             frame(0x80, "\x80"),
         "> pong \xff\ntext \xf0\x9f\x98\x80\n"},
        {frame(0x02, "\xff") + frame(0x80, "\xc3"), "binary \xff\xc3\n"},
        {text("\x80"), wrong},
        {text("abcdefgh\xff"), wrong},
        {text("\xc0\x80"), wrong},         // too long forms
        {text("\xc1\xbf"), wrong},         //
        {text("\xe0\x9f\xbf"), wrong},     //
        {text("\xf0\x8f\xbf\xbf"), wrong}, //
        {text("\xed\xa0\x80"), wrong},     // surrogates
        {text("\xed\xbf\xbf"), wrong},     //
        {text("\xf4\x90\x80\x80"), wrong}, // past U+10FFFF
        {text("\xf5\x80\x80\x80"), wrong}, //
        {text("\xc3"
              "a"),
         wrong},
        {text("\xe2\x82"
              "a"),
         wrong},
        {text("\xf0\x9f\x98"
              "a"),
         wrong},
        {frame(0x01, "\xc3") + frame(0x80, "a"), wrong},
        {frame(0x01, "\xf4\x90"), wrong},               // before the message's end
        {text("\xf4\x90\x80\x80").substr(0, 8), wrong}, // before the frame's end
        {text("\xc3"), half},
        {text("abcdefg\xe2\x82"), half},
        {frame(0x01, "\xf0") + frame(0x00, "\x9f") + frame(0x80, ""), half},
        {frame(0x01, "\xc3") + frame(0x80, "\xa4") + text("\xa4"), "text \xc3\xa4\n" + wrong},
    });
}

TEST(WebSocket, AnswersAClose)
{
    rule("6455", "5.5.1", "a Close frame is answered by one; nothing after it counts");
    rule("6455", "7.1.5", "the close code is the one that came, 1005 without one");
    expect({
        {close(1000), "> close 1000\nclosed 1000\n"},
        {close(1001, "away"), "> close 1001\nclosed 1001 away\n"},
        {frame(0x88, ""), "> close\nclosed 1005\n"},
        {close(1000) + text("late") + close(1001), "> close 1000\nclosed 1000\n"},
        {close(1000, std::string(123, 'x')),
         "> close 1000\nclosed 1000 " + std::string(123, 'x') + "\n"},
        {close(1000, "\xc3\xa4"), "> close 1000\nclosed 1000 \xc3\xa4\n"},
        {close(1000, "\xc3"), refused(1007, "the reason of a Close frame is not UTF-8")},
        {close(1000, "\xff"), refused(1007, "the reason of a Close frame is not UTF-8")},
        {frame(0x88, "\x03"), refused(1002, "a Close frame has half a code")},
    });
}

TEST(WebSocket, KnowsTheCodesOfACloseFrame)
{
    rule("6455", "7.4", "codes that no Close frame may carry are 1002");
    for (unsigned code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
                          3000, 3999, 4000, 4999}) {
        const auto number = std::to_string(code);
        EXPECT_EQ(talk(close(code)), "> close " + number + "\nclosed " + number + "\n");
    }
    for (unsigned code : {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535}) {
        EXPECT_EQ(talk(close(code)), refused(1002, "a Close frame has a code that none may have"))
            << code;
    }
}

TEST(WebSocket, SendsMessages)
{
    rule("6455", "5.6", "text and binary messages, whole or in fragments");
    Protocol protocol{100};
    EXPECT_EQ(steps(protocol), "");
    EXPECT_TRUE(protocol.send(Kind::text, "Hello"));
    EXPECT_TRUE(protocol.send(Kind::binary, ""));
    EXPECT_TRUE(protocol.send(Kind::text, "Hel", false));
    EXPECT_TRUE(protocol.ping("between"));
    EXPECT_TRUE(protocol.send(Kind::text, "l", false));
    EXPECT_TRUE(protocol.send(Kind::text, "o"));
    EXPECT_TRUE(protocol.send(Kind::binary, std::string(70'000, 'x')));
    EXPECT_TRUE(protocol.ping(std::string(200, 'p')));
    EXPECT_EQ(steps(protocol), "> text Hello\n> binary\n> part of text Hel\n> ping between\n"
                               "> part of continuation l\n> continuation o\n"
                               "> binary 70000 octets\n> ping " +
                                   std::string(125, 'p') + "\n");
    EXPECT_EQ(feed(protocol, frame(0x8A, "between")), "pong between\n");
}

TEST(WebSocket, Closes)
{
    rule("6455", "5.5.1", "no data after our Close frame; the client's Close ends it");
    rule("6455", "1.4", "what the client sent before it saw our Close is thrown away");
    Protocol protocol{100};
    EXPECT_FALSE(protocol.closing());
    protocol.close(CloseCode::going_away, "we stop");
    protocol.close(CloseCode::normal); // once is enough
    EXPECT_TRUE(protocol.closing());
    EXPECT_FALSE(protocol.send(Kind::text, "late"));
    EXPECT_FALSE(protocol.ping());
    EXPECT_EQ(steps(protocol), "> close 1001 we stop\n");
    EXPECT_EQ(feed(protocol, text("was on its way") + frame(0x01, "frag")), "");
    EXPECT_EQ(feed(protocol, frame(0x89, "?")), "> pong ?\n"); // section 5.5.2
    EXPECT_EQ(feed(protocol, frame(0x80, "ment") + close(1001) + text("late")), "closed 1001\n");
    EXPECT_EQ(steps(protocol), "closed 1001\n");
}

TEST(WebSocket, BothMayCloseAtOnce)
{
    rule("6455", "7.1.3", "two Close frames that cross complete the closing handshake");
    Protocol protocol{100};
    protocol.close(CloseCode::normal);
    EXPECT_EQ(feed(protocol, close(1001)), "> close 1000\nclosed 1001\n");
    EXPECT_FALSE(protocol.send(Kind::text, "late"));
}

TEST(WebSocket, AMistakeAfterOurCloseNeedsNoOther)
{
    Protocol protocol{100};
    protocol.close(CloseCode::normal);
    EXPECT_EQ(feed(protocol, frame(0x83, "")),
              "> close 1000\nclosed 1006: an opcode is reserved\n");
}

TEST(WebSocket, SendsOnlyCodesThatAServerMay)
{
    rule("6455", "7.4.1", "1005, 1006 and 1015 are never sent, 1010 not by a server");
    for (unsigned code : {0, 999, 1004, 1006, 1010, 1015, 1016, 2999, 5000}) {
        Protocol protocol{100};
        EXPECT_THROW(protocol.close(static_cast<CloseCode>(code)), std::invalid_argument) << code;
    }
    struct {
        unsigned code;
        std::string reason, expected;
    } cases[] = {
        {1000, "", "> close 1000\n"},
        {1011, "oh", "> close 1011 oh\n"},
        {4321, "", "> close 4321\n"},
        {1005, "dropped", "> close\n"},
        {1000, std::string(124, 'x'), "> close 1000 " + std::string(123, 'x') + "\n"},
        {1000, std::string(122, 'x') + "\xc3\xa4", "> close 1000 " + std::string(122, 'x') + "\n"},
        {1000, std::string(120, 'x') + "\xe2\x82\xac\xe2\x82\xac",
         "> close 1000 " + std::string(120, 'x') + "\xe2\x82\xac\n"},
        {1000, std::string(200, '\x80'), "> close 1000\n"}, // no UTF-8: no harm either
    };
    for (const auto& [code, reason, expected] : cases) {
        Protocol protocol{100};
        protocol.close(static_cast<CloseCode>(code), reason);
        EXPECT_EQ(steps(protocol), expected);
    }
}

TEST(WebSocket, KnowsWhetherItIsWithinAMessage)
{
    Protocol protocol{100};
    EXPECT_FALSE(protocol.within_message());
    feed(protocol, frame(0x01, "a").substr(0, 1));
    EXPECT_TRUE(protocol.within_message());
    feed(protocol, frame(0x01, "a").substr(1));
    EXPECT_TRUE(protocol.within_message());
    feed(protocol, frame(0x89, ""));
    EXPECT_TRUE(protocol.within_message());
    feed(protocol, frame(0x80, "b"));
    EXPECT_FALSE(protocol.within_message());
}

TEST(WebSocket, MasksInAnyPieces)
{
    rule("6455", "5.3", "octet i is masked with octet i modulo 4 of the key");
    std::mt19937 random{6455};
    const MaskingKey key{0x37, 0xfa, 0x21, 0x3d};
    for (std::size_t size = 0; size < 40; ++size) {
        for (std::uint64_t offset = 0; offset < 9; ++offset) {
            std::string data(size, '\0'), expected(size, '\0');
            for (std::size_t i = 0; i < size; ++i) {
                data[i] = static_cast<char>(random());
                expected[i] = static_cast<char>(data[i] ^ key[(i + offset) % 4]);
            }
            apply_mask(data, key, offset);
            EXPECT_EQ(data, expected);
        }
    }
}

} // namespace portico::http::websocket::test
