#include "tests/http/talk.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace portico::http::test {

namespace {

using namespace std::string_literals;

const std::string start = "POST / HTTP/1.1\r\nHost: here\r\n";
const std::string chunked = start + "Transfer-Encoding: chunked\r\n\r\n";

/// What could be read in two ways is refused and ends the connection: whatever comes behind it
/// is not read as a request.
void expect_refused(const std::vector<std::string>& requests)
{
    for (const auto& request : requests) {
        SCOPED_TRACE(testing::PrintToString(request));
        EXPECT_EQ(fate(talk(request + "GET / HTTP/1.1\r\nHost: here\r\n\r\n")), "400 close");
    }
}

} // namespace

TEST(HttpStrict, LengthAndChunks)
{
    rule("9112", "6.3", "Content-Length together with Transfer-Encoding is 400");
    expect_refused({
        start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        start + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        start + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        start + "Content-Length: 5\r\nTransfer-Encoding: identity\r\n\r\nhello",
        start + "Content-Length: 5\r\nTransfer-Encoding:\r\n\r\nhello",
    });
}

TEST(HttpStrict, ContentLength)
{
    rule("9112", "6.3", "differing and malformed Content-Lengths are 400");
    expect_refused({
        start + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        start + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        start + "Content-Length: 5, 5\r\n\r\nhello",
        start + "Content-Length: 5,6\r\n\r\nhello",
        start + "Content-Length: +5\r\n\r\nhello",
        start + "Content-Length: -5\r\n\r\nhello",
        start + "Content-Length: 5.0\r\n\r\nhello",
        start + "Content-Length: 0x5\r\n\r\nhello",
        start + "Content-Length: 5 0\r\n\r\nhello",
        start + "Content-Length: five\r\n\r\nhello",
        start + "Content-Length:\r\n\r\n",
        start + "Content-Length: 18446744073709551616\r\n\r\n",
    });
}

TEST(HttpStrict, TransferEncoding)
{
    rule("9112", "6.1", "a Transfer-Encoding in which chunked is not once and last is 400");
    expect_refused({
        start + "Transfer-Encoding: gzip\r\n\r\n",
        start + "Transfer-Encoding: identity\r\n\r\n",
        start + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        start + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        start + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        start + "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
        start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
        start + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        start + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
        start + "Transfer-Encoding: chun ked\r\n\r\n0\r\n\r\n",
        start + "Transfer-Encoding\r\n\r\n0\r\n\r\n",
        start + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    });
}

TEST(HttpStrict, ChunkSizes)
{
    rule("9112", "7.1", "a chunk is its size in hexadecimal digits, CRLF, that much, CRLF");
    expect_refused({
        chunked + "\r\nhello\r\n0\r\n\r\n",
        chunked + "g\r\nhello\r\n0\r\n\r\n",
        chunked + "0x5\r\nhello\r\n0\r\n\r\n",
        chunked + "+5\r\nhello\r\n0\r\n\r\n",
        chunked + "-5\r\nhello\r\n0\r\n\r\n",
        chunked + " 5\r\nhello\r\n0\r\n\r\n",
        chunked + "5 \r\nhello\r\n0\r\n\r\n",
        chunked + "5\t\r\nhello\r\n0\r\n\r\n",
        chunked + "5,\r\nhello\r\n0\r\n\r\n",
        chunked + "5\nhello\r\n0\r\n\r\n",
        chunked + "5\rhello\r\n0\r\n\r\n",
        chunked + "5\r\nhello\n0\r\n\r\n",
        chunked + "5\r\nhello\r0\r\n\r\n",
        chunked + "5\r\nhello0\r\n\r\n",
        chunked + "5\r\nhello!\r\n0\r\n\r\n",
        chunked + "6\r\nhello\r\n0\r\n\r\n",
        chunked + "0\n\r\n",
        chunked + "0\r\n\n",
        chunked + "10000000000000000\r\n",
        chunked + "fffffffffffffffff\r\n",
    });
}

TEST(HttpStrict, ChunkExtensions)
{
    rule("9112", "7.1.1", "an extension is ;name[=value], a token or a quoted string");
    for (std::string extension : {";a", ";a=b", ";a=b;c", ";a=\"b c\"", ";a=\"b\\\"c\""})
        EXPECT_EQ(fate(talk(chunked + "5" + extension + "\r\nhello\r\n0\r\n\r\n")), "405 open")
            << extension;
    expect_refused({
        chunked + "5;a\nhello\r\n0\r\n\r\n",
        chunked + "5;a=b\nhello\r\n0\r\n\r\n",
        chunked + "5;a\rb\r\nhello\r\n0\r\n\r\n",
        chunked + "5;a=\"b\nc\"\r\nhello\r\n0\r\n\r\n",
        chunked + "5;a=\"b\r\nhello\r\n0\r\n\r\n",
        chunked + "5;a\0\r\nhello\r\n0\r\n\r\n"s,
        chunked + "5;a=\x01\r\nhello\r\n0\r\n\r\n",
        chunked + "5;a=\"\x01\"\r\nhello\r\n0\r\n\r\n",
        chunked + "5;a=\"\0\"\r\nhello\r\n0\r\n\r\n"s,
        chunked + "5 ;a\r\nhello\r\n0\r\n\r\n",
        chunked + "5;a=b c\r\nhello\r\n0\r\n\r\n",
        chunked + "5;\r\nhello\r\n0\r\n\r\n",
    });
}

TEST(HttpStrict, TheFirstMistakeDecides)
{
    rule("9112", "7.1.1", "more extensions than the limit are 400");
    auto options = with_root();
    options.max_body = 10;
    options.max_header_bytes = 100;
    const auto long_extension = "1;" + std::string(150, 'a');
    EXPECT_EQ(fate(talk(chunked + long_extension + "\r\n", options)), "400 close");
    // Fed whole, the wrong octet behind the limit is there as soon as the limit.
    EXPECT_EQ(fate(talk(chunked + "b\r\n01234567890x", options)), "413 close");
    EXPECT_EQ(fate(talk(chunked + "b\r\n0123456789", options)), "open");
    EXPECT_EQ(fate(talk(chunked + "bx\r\n01234567890", options)), "400 close");
    EXPECT_EQ(fate(talk(chunked + "b\r\n01234567890\r\n" + long_extension, options)), "413 close");
    EXPECT_EQ(fate(talk(chunked + long_extension + "\r\n01234567890", options)), "400 close");
}

TEST(HttpStrict, Trailers)
{
    rule("9112", "7.1.2", "the trailer's fields are as strict as the head's");
    const auto last = chunked + "0\r\n";
    EXPECT_EQ(fate(talk(last + "X: y\r\nZ: \x80\r\n\r\n")), "405 open");
    expect_refused({
        last + "X : y\r\n\r\n",
        last + "X\r\n\r\n",
        last + ": y\r\n\r\n",
        last + "X: y\n\r\n",
        last + "X: y\r\n\n",
        last + "X: y\rZ: z\r\n\r\n",
        last + "X: y\r\n folded\r\n\r\n",
        last + " X: y\r\n\r\n",
        last + "X: \0\r\n\r\n"s,
        last + "X: \x01\r\n\r\n",
        last + "X: \x7f\r\n\r\n",
        last + "X\x01: y\r\n\r\n",
        last + "X\0: y\r\n\r\n"s,
        last + "X y: z\r\n\r\n",
    });
}

TEST(HttpStrict, LineEnds)
{
    rule("9112", "2.2", "a bare CR or LF as a line's end is 400");
    const auto line = "GET / HTTP/1.1\r\n"s;
    expect_refused({
        "GET / HTTP/1.1\nHost: here\r\n\r\n",
        "GET / HTTP/1.1\rHost: here\r\n\r\n",
        line + "Host: here\n\r\n",
        line + "Host: here\r\r\n",
        line + "Host: here\r\n\n",
        line + "Host: here\r\n\r\r\n",
        line + "Host: here\r\nX: a\rb\r\n\r\n",
        line + "Host: here\r\nX: a\nY: b\r\n\r\n",
    });
}

TEST(HttpStrict, Fields)
{
    rule("9112", "5.1", "white space before the colon is 400");
    rule("9112", "5.2", "a folded line is 400");
    rule("9110", "5.5", "control bytes in names and values are 400, NUL anywhere in the head");
    const auto line = "GET / HTTP/1.1\r\nHost: here\r\n"s;
    std::vector<std::string> requests{
        line + "X : y\r\n\r\n",      line + "X\t: y\r\n\r\n",
        line + "X: y\r\n z\r\n\r\n", line + "X: y\r\n\tz\r\n\r\n",
        line + "X: y\r\n \r\n\r\n",  line + "X\r\n\r\n",
        line + ": y\r\n\r\n",        "GET / HTTP/1.1\r\n Host: here\r\n\r\n",
        "GET /\0 HTTP/1.1\r\n\r\n"s, "GET / HTTP/1.1\0\r\n\r\n"s,
        "\0GET / HTTP/1.1\r\n\r\n"s, "G\0ET / HTTP/1.1\r\n\r\n"s,
    };
    for (int c = 0; c < 0x20; ++c) {
        const std::string octet(1, static_cast<char>(c));
        requests.push_back(line + "X" + octet + "Y: z\r\n\r\n");
        if (c != '\t') requests.push_back(line + "X: y" + octet + "z\r\n\r\n");
    }
    requests.push_back(line + "X\x7fY: z\r\n\r\n");
    requests.push_back(line + "X: y\x7fz\r\n\r\n");
    expect_refused(requests);
}

TEST(HttpStrict, Host)
{
    rule("9112", "3.2", "in HTTP/1.1 a missing, repeated or invalid Host is 400");
    const auto line = "GET / HTTP/1.1\r\n"s;
    expect_refused({
        line + "\r\n", line + "Host: a\r\nHost: b\r\n\r\n", line + "Host: a\r\nhost: a\r\n\r\n",
        line + "Host: a/b\r\n\r\n", line + "Host: u@a\r\n\r\n", line + "Host: a:b\r\n\r\n",
        line + "Host: [::1\r\n\r\n",
        "GET http://here/ HTTP/1.1\r\n\r\n", // section 3.2.2: also with the absolute-form
    });
}

} // namespace portico::http::test
