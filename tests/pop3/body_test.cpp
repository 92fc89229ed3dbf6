#include "services/pop3/reply.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace portico::pop3 {
namespace {

std::string sent(std::string_view message, std::uint64_t lines,
                 const std::vector<std::size_t>& cuts)
{
    Body body{lines};
    std::string output;
    std::size_t start = 0;
    for (auto cut : cuts) {
        body.add(message.substr(start, cut - start), output);
        start = cut;
    }
    body.add(message.substr(start), output);
    body.end(output);
    return output;
}

/// The same at every pair of split points, and octet by octet.
void expect_sent(std::string_view message, std::uint64_t lines, std::string_view expected)
{
    std::vector<std::size_t> everywhere;
    for (std::size_t first = 0; first <= message.size(); ++first) {
        everywhere.push_back(first);
        for (std::size_t second = first; second <= message.size(); ++second)
            ASSERT_EQ(sent(message, lines, {first, second}), expected)
                << "split at " << first << " and " << second;
    }
    EXPECT_EQ(sent(message, lines, everywhere), expected);
}

TEST(Pop3Body, DotsAreStuffedAtEverySplit)
{
    rule("1939", "3", "a line of a message that begins with a dot gets one more");
    expect_sent("A: b\r\n\r\n.\r\n..\r\n.x\r\nx.\r\n\r\n.", Body::all,
                "A: b\r\n\r\n..\r\n...\r\n..x\r\nx.\r\n\r\n..\r\n.\r\n");
    expect_sent(".\r\n", Body::all, "..\r\n.\r\n");
    expect_sent("\r\n.\r\n\r\n.\r\n", Body::all, "\r\n..\r\n\r\n..\r\n.\r\n");
}

TEST(Pop3Body, OnlyCrlfEndsALine)
{
    rule("1939", "3", "only CRLF ends a line of a message: a bare CR or LF goes out as it is");
    expect_sent("a\n.b\r.c\r\r\n.d\n", Body::all, "a\n.b\r.c\r\r\n..d\n\r\n.\r\n");
}

TEST(Pop3Body, ADotIsFoundWhereverItStandsInALongMessage)
{
    rule("1939", "3", "a line of a message that begins with a dot gets one more");
    const std::string text(700, 'x');
    for (std::size_t at = 0; at + 3 <= text.size(); ++at) {
        auto message = text;
        message.replace(at, 3, "\r\n.");
        auto stuffed = message;
        stuffed.insert(at + 2, 1, '.');
        ASSERT_EQ(sent(message, Body::all, {}), stuffed + "\r\n.\r\n") << at;
        ASSERT_EQ(sent(message, Body::all, {at + 1, at + 2}), stuffed + "\r\n.\r\n") << at;
        message.replace(at, 3, "x\n.");
        ASSERT_EQ(sent(message, Body::all, {}), message + "\r\n.\r\n") << at;
    }
    std::string dots;
    std::string stuffed;
    for (int line = 0; line != 300; ++line) {
        dots += ".\r\n";
        stuffed += "..\r\n";
    }
    EXPECT_EQ(sent(dots, Body::all, {}), stuffed + ".\r\n");
}

TEST(Pop3Body, AMissingLastCrlfIsAdded)
{
    rule("1939", "3", "a message without a last CRLF gets one before the dot");
    expect_sent("A: b\r\n\r\nc", Body::all, "A: b\r\n\r\nc\r\n.\r\n");
    expect_sent("A: b\r\n\r\nc\r", Body::all, "A: b\r\n\r\nc\r\r\n.\r\n");
    expect_sent("", Body::all, ".\r\n");
    expect_sent("\r\n", Body::all, "\r\n.\r\n");
}

TEST(Pop3Body, TopGivesSoManyLines)
{
    rule("1939", "7", "TOP: header, blank line, and so many lines of the body");
    const std::string_view message = "A: b\r\nC: d\r\n\r\n1\r\n.2\r\n\r\n4";
    expect_sent(message, 0, "A: b\r\nC: d\r\n\r\n.\r\n");
    expect_sent(message, 1, "A: b\r\nC: d\r\n\r\n1\r\n.\r\n");
    expect_sent(message, 2, "A: b\r\nC: d\r\n\r\n1\r\n..2\r\n.\r\n");
    expect_sent(message, 3, "A: b\r\nC: d\r\n\r\n1\r\n..2\r\n\r\n.\r\n");
    for (std::uint64_t lines : {std::uint64_t{4}, std::uint64_t{5}, Body::all})
        expect_sent(message, lines, "A: b\r\nC: d\r\n\r\n1\r\n..2\r\n\r\n4\r\n.\r\n");
}

TEST(Pop3Body, TopOfAMessageWithoutBody)
{
    rule("1939", "7", "TOP of a message without a body or a blank line");
    for (std::uint64_t lines : {std::uint64_t{0}, std::uint64_t{3}}) {
        expect_sent("A: b\r\n", lines, "A: b\r\n.\r\n");
        expect_sent("A: b\r\n\r\n", lines, "A: b\r\n\r\n.\r\n");
        expect_sent("", lines, ".\r\n");
    }
    expect_sent("\r\nbody\r\n", 0, "\r\n.\r\n");
    expect_sent("\r\nbody\r\nmore\r\n", 1, "\r\nbody\r\n.\r\n");
}

TEST(Pop3Body, CountsTheOctetsOfTheMessage)
{
    rule("1939", "7", "TOP stops reading after its last line");
    Body body{1};
    std::string output;
    body.add("A: b\r\n\r\n.1\r\n2\r\n", output);
    EXPECT_TRUE(body.enough());
    EXPECT_EQ(body.octets(), 12U);
}

} // namespace
} // namespace portico::pop3
