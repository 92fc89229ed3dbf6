#include "tests/http/talk.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace portico::http::test {

namespace {

std::string get(std::string_view target, std::string_view more = "")
{
    return "GET " + std::string{target} + " HTTP/1.1\r\nHost: here\r\n" + std::string{more} +
           "\r\n";
}

struct Case {
    std::string request;
    std::string fate;
};

void expect_fates(const std::vector<Case>& cases, const config::Http& options = with_root())
{
    for (const auto& [request, expected] : cases) {
        SCOPED_TRACE(testing::PrintToString(request));
        bool head_only = request.starts_with("HEAD ");
        EXPECT_EQ(fate(talk(request, options), head_only), expected);
    }
}

} // namespace

TEST(HttpProtocol, ServesAFileWithItsFields)
{
    auto outcome = talk(get("/a.txt"));
    EXPECT_EQ(outcome.output, "HTTP/1.1 200 OK\r\n"
                              "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                              "Server: portico\r\n"
                              "Content-Type: text/plain; charset=utf-8\r\n"
                              "Content-Length: 5\r\n"
                              "Last-Modified: Sun, 06 Nov 1994 08:36:40 GMT\r\n"
                              "ETag: \"5-ae1b8ccd379f000-0\"\r\n"
                              "Vary: Accept-Encoding\r\n"
                              "Accept-Ranges: bytes\r\n"
                              "\r\n"
                              "alpha");
    EXPECT_FALSE(outcome.closed);
    EXPECT_EQ(outcome.awaited, Awaited::request);
}

TEST(HttpProtocol, FindsFiles)
{
    expect_fates({
        {get("/"), "200 open"},
        {get("/index.html"), "200 open"},
        {get("/?q=/../x"), "200 open"},
        {get("/docs/"), "200 open"},
        {get("/docs"), "301 open"},
        {get("/empty.txt"), "200 open"},
        {get("/a%20b%3F.txt"), "200 open"},
        {get("/a.txt/"), "404 open"},
        {get("/none"), "404 open"},
        {get("/bare/"), "404 open"}, // its index.html is a folder
        {get("/secret"), "403 open"},
        {get("/broken"), "500 open"},
    });
}

TEST(HttpProtocol, RedirectsAFolderToItsSlash)
{
    struct {
        std::string target, location;
    } cases[] = {
        {"/docs", "/docs/"},
        {"/docs?a=1&b=/", "/docs/?a=1&b=/"},
        {"/./docs", "/docs/"},
        {"//evil.example", "/evil.example/"}, // not to another host
        {"/%5cevil", "/%5Cevil/"},
        {"/\\evil", "/%5Cevil/"},
        {"http://here/docs?x", "/docs/?x"},
    };
    for (const auto& [target, location] : cases) {
        SCOPED_TRACE(target);
        auto outcome = talk(get(target));
        ASSERT_EQ(fate(outcome), "301 open");
        EXPECT_EQ(answers(outcome.output).at(0).field("Location"), location);
    }
}

TEST(HttpProtocol, RefusesEveryWayOut)
{
    std::vector<std::pair<std::string, std::string>> cases{
        {"/../x", "400 close"},
        {"/..", "400 close"},
        {"/docs/../a.txt", "400 close"}, // a client resolves it before it asks
        {"/%2e%2e/x", "400 close"},
        {"/%2E./x", "400 close"},
        {"/.%2e", "400 close"},
        {"/%2f..%2f..%2fetc/passwd", "404 open"}, // one segment with slashes: no such name
        {"/..%2f..%2fetc/passwd", "404 open"},
        {"/%252e%252e/x", "404 open"}, // decoded once: "%2e%2e"
        {"/..%5c..%5cx", "404 open"},
        {"/..\\..\\x", "404 open"}, // a backslash is an ordinary character
        {"/...", "404 open"},
        {"//etc/passwd", "404 open"},
        {"/a.txt%00.html", "400 close"},
        {"/%00", "400 close"},
        {"/%", "400 close"},
        {"/%4", "400 close"},
        {"/%zz", "400 close"},
        {"a.txt", "400 close"},
        {"*", "400 close"},
        {"ftp://here/a.txt", "400 close"},
        {"http:///a.txt", "400 close"},
        {"http://user@here/a.txt", "400 close"},
        {"http://here/../x", "400 close"},
        {"http://here/a.txt", "200 open"},
        {"HTTPS://here:443/a.txt", "200 open"},
        {"http://here", "200 open"},
        {"http://here?x", "200 open"},
    };
    for (const auto& [target, expected] : cases) {
        SCOPED_TRACE(target);
        auto outcome = talk(get(target));
        EXPECT_EQ(fate(outcome), expected);
        for (const auto& file : outcome.opened) {
            EXPECT_FALSE(file.starts_with('/'));
            EXPECT_EQ(("/" + file + "/").find("/../"), std::string::npos) << file;
        }
    }
}

TEST(HttpProtocol, KnowsMethods)
{
    rule("9110", "15.5.6", "a known method that is not allowed is 405 with Allow");
    rule("9110", "15.6.2", "an unknown method is 501");
    rule("9110", "9.1", "methods are case-sensitive");
    auto request = [](std::string method) { return method + " / HTTP/1.1\r\nHost: here\r\n\r\n"; };
    expect_fates({
        {request("GET"), "200 open"},
        {request("HEAD"), "200 open"},
        {request("POST"), "405 open"},
        {request("PUT"), "405 open"},
        {request("DELETE"), "405 open"},
        {request("OPTIONS"), "204 open"},
        {request("PATCH"), "405 open"},
        {request("TRACE"), "405 open"},
        {request("PROPFIND"), "405 open"},
        {"OPTIONS * HTTP/1.1\r\nHost: here\r\n\r\n", "204 open"},
        {"CONNECT there:443 HTTP/1.1\r\nHost: there\r\n\r\n", "405 open"},
        {request("BREW"), "501 close"},
        {request("get"), "501 close"}, // RFC 9110 section 9.1: case-sensitive
        {request("DESCRIBE"), "501 close"},
        {request("G ET"), "400 close"},
        {request("G(ET"), "400 close"},
        {request(""), "400 close"},
    });
    auto outcome = talk(request("POST"));
    EXPECT_EQ(answers(outcome.output).at(0).field("Allow"), "GET, HEAD, OPTIONS");
}

TEST(HttpProtocol, AnswersOptions)
{
    rule("9110", "9.3.7", "OPTIONS tells the methods in Allow, for a target and for the server");
    rule("9112", "3.2.4", "the asterisk-form is for OPTIONS alone");
    rule("9110", "8.6", "204 has no Content-Length");
    auto options = [](std::string target, std::string more = "") {
        return "OPTIONS " + target + " HTTP/1.1\r\nHost: here\r\n" + more + "\r\n";
    };
    expect_fates({
        {options("*"), "204 open"},
        {options("/a.txt"), "204 open"},
        {options("http://here/a.txt"), "204 open"},
        {options("/a.txt", "Content-Length: 2\r\n") + "xy" + options("*"), "204 204 open"},
        {options("/a.txt", "Connection: close\r\n"), "204 close"},
        {options("a.txt"), "400 close"},
        {options("**"), "400 close"},
        {options("/../x"), "400 close"},
        {"HEAD * HTTP/1.1\r\nHost: here\r\n\r\n", "400 close"},
    });
    EXPECT_EQ(talk(options("*")).output, "HTTP/1.1 204 No Content\r\n"
                                         "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                         "Server: portico\r\n"
                                         "Allow: GET, HEAD, OPTIONS\r\n"
                                         "\r\n");
    EXPECT_EQ(fate(talk(options("*"), config::Http{})), "204 open");
}

TEST(HttpProtocol, HeadIsGetWithoutContent)
{
    for (std::string target : {"/", "/a.txt", "/none", "/docs", "/secret", "/empty.txt"}) {
        SCOPED_TRACE(target);
        auto whole = answers(talk(get(target)).output);
        auto head = talk("HEAD " + target + " HTTP/1.1\r\nHost: here\r\n\r\n");
        ASSERT_EQ(whole.size(), 1U);
        EXPECT_EQ(head.output, whole[0].head);
    }
    config::Http no_root;
    auto whole = answers(talk(get("/"), no_root).output);
    EXPECT_EQ(talk("HEAD / HTTP/1.1\r\nHost: here\r\n\r\n", no_root).output, whole.at(0).head);
}

TEST(HttpProtocol, WithoutARootWelcomes)
{
    config::Http no_root;
    auto outcome = talk(get("/"), no_root);
    ASSERT_EQ(fate(outcome), "200 open");
    auto answer = answers(outcome.output)[0];
    EXPECT_EQ(answer.content, "<p>Welcome");
    EXPECT_EQ(answer.field("Cache-Control"), "no-store");
    EXPECT_EQ(answer.field("Content-Type"), "text/html; charset=utf-8");
    expect_fates({{get("/index.html"), "404 open"}, {get("/?x"), "200 open"}}, no_root);
}

TEST(HttpProtocol, KeepsOrClosesTheConnection) // RFC 9112 section 9.3
{
    struct {
        std::string version, connection, expected, said;
    } cases[] = {
        {"1.1", "", "200 open", ""},
        {"1.1", "keep-alive", "200 open", ""},
        {"1.1", "close", "200 close", "close"},
        {"1.1", "Close", "200 close", "close"},
        {"1.1", "keep-alive, close", "200 close", "close"},
        {"1.1", "x,close ,y", "200 close", "close"},
        {"1.1", "closed", "200 open", ""},
        {"1.0", "", "200 close", "close"},
        {"1.0", "keep-alive", "200 open", "keep-alive"},
        {"1.0", "Keep-Alive", "200 open", "keep-alive"},
        {"1.0", "close, keep-alive", "200 close", "close"},
        {"1.1", "Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA", "200 open", ""},
    };
    for (const auto& [version, connection, expected, said] : cases) {
        SCOPED_TRACE(version + " " + connection);
        auto request = "GET /a.txt HTTP/" + version + "\r\nHost: here\r\n";
        if (!connection.empty()) request += "Connection: " + connection + "\r\n";
        auto outcome = talk(request + "\r\n");
        EXPECT_EQ(fate(outcome), expected);
        EXPECT_EQ(answers(outcome.output).at(0).field("Connection"), said);
    }
}

TEST(HttpProtocol, AnswersPipelinedRequestsInOrder)
{
    auto outcome = talk(get("/a.txt") + get("/none") + "HEAD /docs/ HTTP/1.1\r\nHost: h\r\n\r\n" +
                        get("/docs/", "Connection: close\r\n") + get("/a.txt"));
    auto first = outcome.output.find("alpha");
    auto second = outcome.output.find("404 Not Found\n");
    auto third = outcome.output.find("<p>Docs");
    EXPECT_LT(first, second);
    EXPECT_LT(second, third);
    EXPECT_EQ(outcome.output.substr(third), "<p>Docs"); // the last, the fifth is not answered
    EXPECT_TRUE(outcome.closed);
    EXPECT_EQ(outcome.opened,
              (std::vector<std::string>{"a.txt", "none", "docs/index.html", "docs/index.html"}));
}

TEST(HttpProtocol, ReadsBodiesAndThrowsThemAway)
{
    std::string post = "POST / HTTP/1.1\r\nHost: here\r\n";
    std::string next = get("/a.txt");
    std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
    expect_fates({
        {post + "Content-Length: 5\r\n\r\nhello" + next, "405 200 open"},
        {post + "Content-Length: 0\r\n\r\n" + next, "405 200 open"},
        {get("/a.txt", "Content-Length: 5\r\n") + "GET /" + next, "200 200 open"},
        {chunked + "5\r\nhello\r\n0\r\n\r\n" + next, "405 200 open"},
        {chunked + "5;a=b;c=\"d\"\r\nhello\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n" + next,
         "405 200 open"},
        {chunked + "0\r\n\r\n" + next, "405 200 open"},
        {post + "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n" + next, "405 200 open"},
        {post + "Content-Length: 5\r\n\r\nhell", "open"},
    });
    EXPECT_EQ(talk(post + "Content-Length: 5\r\n\r\nhell").awaited, Awaited::body);
}

TEST(HttpProtocol, RefusesBodiesWithoutAClearEnd) // RFC 9112 section 6.3
{
    std::string post = "POST / HTTP/1.1\r\nHost: here\r\n";
    std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
    expect_fates({
        {post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 close"},
        {post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "400 close"},
        {post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "400 close"},
        {post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "400 close"},
        {post + "Content-Length: 5, 5\r\n\r\nhello", "400 close"},
        {post + "Content-Length: +5\r\n\r\nhello", "400 close"},
        {post + "Content-Length: -1\r\n\r\n", "400 close"},
        {post + "Content-Length: 0x5\r\n\r\nhello", "400 close"},
        {post + "Content-Length: 5 5\r\n\r\nhello", "400 close"},
        {post + "Content-Length: 5a\r\n\r\nhello", "400 close"},
        {post + "Content-Length:\r\n\r\n", "400 close"},
        {post + "Content-Length: 99999999999999999999\r\n\r\n", "400 close"},
        {post + "Transfer-Encoding: gzip\r\n\r\n", "400 close"},
        {post + "Transfer-Encoding: chunked, gzip\r\n\r\n", "400 close"},
        {post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "400 close"},
        {post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "400 close"},
        {post + "Transfer-Encoding: xchunked\r\n\r\n", "400 close"},
        {post + "Transfer-Encoding: \"chunked\"\r\n\r\n", "400 close"},
        {post + "Transfer-Encoding:\r\n\r\n", "400 close"},
        {post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501 close"},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 close"},
        {chunked + "x\r\n", "400 close"},
        {chunked + "5 \r\nhello\r\n0\r\n\r\n", "400 close"},
        {chunked + "5\nhello\r\n0\r\n\r\n", "400 close"},
        {chunked + "5\r\nhello0\r\n\r\n", "400 close"},
        {chunked + "5\r\nhello\n0\r\n\r\n", "400 close"},
        {chunked + "-5\r\nhello\r\n0\r\n\r\n", "400 close"},
        {chunked + "10000000000000000\r\n", "400 close"},
        {chunked + "0\r\nX : y\r\n\r\n", "400 close"},
        {chunked + "0\r\nX: y\n\r\n", "400 close"},
    });
}

TEST(HttpProtocol, LimitsBodies)
{
    auto options = with_root();
    options.max_body = 10;
    options.max_header_bytes = 200;
    std::string post = "POST / HTTP/1.1\r\nHost: here\r\n";
    std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
    expect_fates(
        {
            {post + "Content-Length: 9\r\n\r\n012345678", "405 open"},
            {post + "Content-Length: 10\r\n\r\n0123456789", "405 open"},
            {post + "Content-Length: 11\r\n\r\n", "413 close"},
            {"HEAD / HTTP/1.1\r\nHost: here\r\nContent-Length: 11\r\n\r\n", "413 close"},
            {chunked + "a\r\n0123456789\r\n0\r\n\r\n", "405 open"},
            {chunked + "a\r\n0123456789\r\n1\r\nx\r\n0\r\n\r\n", "413 close"},
            {chunked + "1;" + std::string(300, 'a') + "\r\n", "400 close"},
            {chunked + std::string(300, '0') + "\r\n", "400 close"},
            {chunked + "0\r\nX: " + std::string(300, 'a') + "\r\n", "400 close"},
        },
        options);
}

TEST(HttpProtocol, AnswersExpectations) // RFC 9110 section 10.1.1
{
    std::string expect = "Expect: 100-continue\r\nContent-Length: 2\r\n";
    expect_fates({
        {get("/a.txt", expect), "100 open"},
        {get("/a.txt", expect) + "xy", "100 200 open"},
        {get("/a.txt", "Expect: 100-continue\r\n"), "200 open"}, // nothing is to come
        {"POST / HTTP/1.1\r\nHost: here\r\n" + expect + "\r\n", "405 close"},
        {"GET /a.txt HTTP/1.0\r\nConnection: keep-alive\r\n" + expect + "\r\nxy", "200 open"},
        {get("/a.txt", "Expect: more\r\n"), "417 open"},
    });
}

TEST(HttpProtocol, RefusesMalformedHeads)
{
    using namespace std::string_literals;
    std::string line = "GET / HTTP/1.1\r\n";
    std::string host = "Host: here\r\n";
    expect_fates({
        {"GET / HTTP/1.1\nHost: here\n\n", "400 close"},
        {line + "Host: here\n\r\n", "400 close"},
        {line + host + "X: y\n\r\n", "400 close"},
        {line + host + "\n", "400 close"},
        {line + host + "X: a\rb\r\n\r\n", "400 close"},
        {line + host + "X: a\r\r\n\r\n", "400 close"},
        {line + host + "\rX: a\r\n\r\n", "400 close"},
        {"GET / HTTP/1.1\r" + host + "\r\n", "400 close"},
        {"\nGET / HTTP/1.1\r\n" + host + "\r\n", "400 close"},
        {"\r\n\r\n" + line + host + "\r\n", "400 close"},
        {"\r\n" + line + host + "\r\n", "200 open"}, // RFC 9112 section 2.2
        {line + host + "\r\n\r\n" + line + host + "\r\n", "200 200 open"},
        {line + " " + host + "\r\n", "400 close"},
        {line + host + " folded\r\n\r\n", "400 close"},
        {line + host + "X: a\r\n\tfolded\r\n\r\n", "400 close"},
        {line + host + "X : a\r\n\r\n", "400 close"},
        {line + host + "X\t: a\r\n\r\n", "400 close"},
        {line + host + "X\r\n\r\n", "400 close"},
        {line + host + ": a\r\n\r\n", "400 close"},
        {line + host + "X(: a\r\n\r\n", "400 close"},
        {line + host + "X\x80: a\r\n\r\n", "400 close"},
        {line + host + "X: a\0b\r\n\r\n"s, "400 close"},
        {line + host + "X: a\x01\r\n\r\n", "400 close"},
        {line + host + "X: a\x7f\r\n\r\n", "400 close"},
        {line + host + "X: a\tb \x80\xff\r\n\r\n", "200 open"}, // obs-text
        {line + host + "X:\r\nY:  \t\r\n\r\n", "200 open"},
        {"GET /\0 HTTP/1.1\r\n"s + host + "\r\n", "400 close"},
        {"GET /a\x01 HTTP/1.1\r\n" + host + "\r\n", "400 close"},
        {"GET /\xc3\xa9 HTTP/1.1\r\n" + host + "\r\n", "400 close"},
        {"GET /#x HTTP/1.1\r\n" + host + "\r\n", "400 close"},
        {"GET\t/ HTTP/1.1\r\n" + host + "\r\n", "400 close"},
        {"GET  / HTTP/1.1\r\n" + host + "\r\n", "400 close"},
        {"GET /  HTTP/1.1\r\n" + host + "\r\n", "400 close"},
        {"GET / HTTP/1.1 \r\n" + host + "\r\n", "400 close"},
        {" GET / HTTP/1.1\r\n" + host + "\r\n", "400 close"},
        {"GET /\r\n", "400 close"}, // HTTP/0.9
        {"GET\r\n", "400 close"},
        {"GET / http/1.1\r\n" + host + "\r\n", "400 close"},
        {"GET / HTTP/11\r\n" + host + "\r\n", "400 close"},
        {"GET / HTTP/1.10\r\n" + host + "\r\n", "400 close"},
        {"GET / HTTP/0.9\r\n" + host + "\r\n", "505 close"},
        {"GET / HTTP/1.2\r\n" + host + "\r\n", "505 close"},
        {"GET / HTTP/2.0\r\n" + host + "\r\n", "505 close"},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 close"},
        {"\x16\x03\x01\x02\x01", "400 close"}, // TLS to the wrong port
    });
}

TEST(HttpProtocol, WantsOneValidHost) // RFC 9112 section 3.2
{
    auto request = [](std::string fields, std::string version = "1.1") {
        return "GET / HTTP/" + version + "\r\n" + fields + "\r\n";
    };
    expect_fates({
        {request(""), "400 close"},
        {request("Host: a\r\nHost: b\r\n"), "400 close"},
        {request("Host: a\r\nhost: a\r\n"), "400 close"},
        {request("Host: a, b\r\n"), "400 close"},
        {request("Host: a b\r\n"), "400 close"},
        {request("Host: a/b\r\n"), "400 close"},
        {request("Host: user@a\r\n"), "400 close"},
        {request("Host: a:b\r\n"), "400 close"},
        {request("Host: a%2\r\n"), "400 close"},
        {request("Host: ::1\r\n"), "400 close"},
        {request("Host: [::1\r\n"), "400 close"},
        {request("Host: [zz]\r\n"), "400 close"},
        {request("Host: a\x80\r\n"), "400 close"},
        {request("Host:\r\n"), "200 open"}, // allowed to be empty
        {request("Host: a:80\r\n"), "200 open"},
        {request("Host: a:\r\n"), "200 open"},
        {request("Host: a%2d_b\r\n"), "200 open"},
        {request("HOST: [::1]:8080\r\n"), "200 open"},
        {request("Host: [::ffff:127.0.0.1]\r\n"), "200 open"},
        {request("", "1.0"), "200 close"},
        {request("Host: a\r\nHost: b\r\n", "1.0"), "400 close"},
        {request("Host: a b\r\n", "1.0"), "400 close"},
    });
}

TEST(HttpProtocol, LimitsTheRequestLine)
{
    auto options = with_root();
    options.max_request_line = 100;
    for (int length : {99, 100, 101, 5000}) {
        SCOPED_TRACE(length);
        auto target = "/?" + std::string(static_cast<std::size_t>(length) - 15, 'x');
        EXPECT_EQ(fate(talk(get(target), options)), length <= 100 ? "200 open" : "414 close");
    }
    EXPECT_EQ(fate(talk("GET /" + std::string(200, 'x'), options)), "414 close"); // no line end
}

TEST(HttpProtocol, LimitsTheHeader)
{
    auto options = with_root();
    options.max_header_bytes = 200;
    options.max_headers = 5;
    for (std::size_t octets : {199U, 200U, 201U, 5000U}) { // "Host: here\r\n" is 12 of them
        SCOPED_TRACE(octets);
        auto field = "X: " + std::string(octets - 12 - 5, 'x') + "\r\n";
        EXPECT_EQ(fate(talk(get("/", field), options)), octets <= 200 ? "200 open" : "431 close");
    }
    for (int count : {4, 5, 6, 30}) {
        SCOPED_TRACE(count);
        std::string fields;
        for (int i = 1; i < count; ++i) fields += "X: y\r\n";
        EXPECT_EQ(fate(talk(get("/", fields), options)), count <= 5 ? "200 open" : "431 close");
    }
}

TEST(HttpProtocol, KnowsWhetherTheClientSendsMore)
{
    rule("RFC 9112", "9.6", "who has sent close sends no more requests on that connection");
    struct {
        std::string said;
        bool no_more;
    } cases[] = {
        {get("/a.txt", "Connection: close\r\n"), true},
        {"GET /a.txt HTTP/1.0\r\n\r\n", true},
        {get("/a.txt", "Connection: close\r\nContent-Length: 2\r\n") + "xy", true},
        {get("/a.txt", "Connection: close\r\n") + "x", false}, // but this one does
        {get("/../a.txt", "Connection: close\r\n"), false},    // who knows what that is
        {get("/a.txt", "Connection: close\r\nContent-Length: 2\r\nExpect: x\r\n"), false},
        {"GET\r\n", false},
    };
    const auto options = with_root();
    for (const auto& [said, no_more] : cases) {
        SCOPED_TRACE(said);
        Talk talk{options};
        talk.feed(said);
        EXPECT_TRUE(talk.outcome().closed);
        EXPECT_EQ(talk.no_more_comes(), no_more);
    }
    auto one = with_root();
    one.max_requests = 1;
    Talk talk{one};
    talk.feed(get("/a.txt"));
    EXPECT_TRUE(talk.outcome().closed);
    EXPECT_FALSE(talk.no_more_comes()); // it is us who end it
}

TEST(HttpProtocol, OfAnotherConnectionNothingIsLeft)
{
    const auto options = with_root();
    const auto last = get("/a.txt", "Connection: close\r\n");
    const std::string others[] = {
        "",
        "\r\n",
        "GET /a.txt HT",
        get("/a.txt"),
        last,
        last + "GET /docs",
        "HEAD /a.txt HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /a.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nxy",
        "POST /a.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n",
        "GET /a.txt HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nxy",
        "GET\r\n\r\n",
    };
    for (const auto& other : others) {
        SCOPED_TRACE(other);
        for (const auto& said : others) {
            Talk fresh{options};
            fresh.feed(said);
            Talk used{options};
            used.feed(other);
            used.go_on();
            used.feed(said);
            EXPECT_TRUE(used.outcome() == fresh.outcome()) << said;
            EXPECT_EQ(used.no_more_comes(), fresh.no_more_comes()) << said;
        }
    }
}

TEST(HttpProtocol, AddsFieldsToOneAnswer)
{
    const config::HttpConnection options;
    std::string output;
    Protocol protocol{options, net::Trace{}, output};
    const auto requests = get("/a") + get("/b");
    protocol.feed(requests);
    ASSERT_TRUE(std::holds_alternative<http::Answer>(protocol.next({})));
    protocol.also("X-Also: 1\r\n");
    protocol.respond({.fields = "X-Own: 2\r\n"}, "content");
    protocol.done();
    EXPECT_NE(output.find("\r\nX-Own: 2\r\nX-Also: 1\r\n\r\ncontent"), output.npos) << output;
    output.clear();
    ASSERT_TRUE(std::holds_alternative<http::Answer>(protocol.next({})));
    protocol.respond(Status::not_found);
    EXPECT_EQ(output.find("X-Also"), output.npos) << output;
}

TEST(HttpProtocol, LimitsRequestsOnAConnection)
{
    auto options = with_root();
    options.max_requests = 2;
    EXPECT_EQ(fate(talk(get("/a.txt"), options)), "200 open");
    auto outcome = talk(get("/a.txt") + get("/a.txt") + get("/a.txt"), options);
    EXPECT_EQ(fate(outcome), "200 200 close");
    EXPECT_EQ(answers(outcome.output)[1].field("Connection"), "close");
}

TEST(HttpProtocol, SaysWhatItWaitsFor)
{
    auto options = with_root();
    Talk talk{options};
    talk.feed("\r\n"); // an empty line is no request
    EXPECT_EQ(talk.outcome().awaited, Awaited::request);
    talk.feed("G");
    EXPECT_EQ(talk.outcome().awaited, Awaited::head);
    talk.feed("ET / HTTP/1.1\r\n");
    EXPECT_EQ(talk.outcome().awaited, Awaited::head);
    talk.feed("Host: here\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(talk.outcome().awaited, Awaited::body);
    talk.feed("xy");
    EXPECT_EQ(talk.outcome().awaited, Awaited::request);
    EXPECT_EQ(fate(talk.outcome()), "200 open");
}

TEST(HttpProtocol, ClosesWhenItIdles)
{
    struct {
        std::string said, expected;
    } cases[] = {
        {"", "close"},
        {get("/a.txt"), "200 close"},
        {"GET / HT", "408 close"},
        {"GET / HTTP/1.1\r\nHost: here\r\n", "408 close"},
        {get("/a.txt") + "G", "200 408 close"},
        {"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\n\r\nhe", "408 close"},
    };
    auto options = with_root();
    for (const auto& [said, expected] : cases) {
        SCOPED_TRACE(said);
        Talk talk{options};
        talk.feed(said);
        talk.interrupt(Interruption::idle);
        EXPECT_EQ(fate(talk.outcome()), expected);
    }
}

TEST(HttpProtocol, EndsARequestBeforeItStops)
{
    auto options = with_root();
    Talk between{options};
    between.feed(get("/a.txt"));
    between.interrupt(Interruption::stopping);
    EXPECT_EQ(fate(between.outcome()), "200 close");

    Talk within{options};
    within.feed("GET /a.txt HTTP/1.1\r\nHo");
    within.interrupt(Interruption::stopping);
    EXPECT_EQ(fate(within.outcome()), "open");
    within.feed("st: here\r\n\r\n");
    EXPECT_EQ(fate(within.outcome()), "200 close");
    EXPECT_EQ(answers(within.outcome().output)[0].field("Connection"), "close");
}

namespace {

struct Script final : net::Transcript {
    void client(std::uint64_t, std::string_view line) override { add("C: ", line); }
    void server(std::uint64_t, std::string_view line) override { add("S: ", line); }
    void add(std::string_view who, std::string_view line)
    {
        text.append(who).append(line).append("\n");
    }

    std::string text;
};

} // namespace

TEST(HttpProtocol, ReportsTheTalkWithoutSecrets)
{
    Script script;
    auto options = with_root();
    Talk talk{options, net::Trace{&script, 7}};
    talk.feed("GET /a.txt HTTP/1.1\r\nHost: here\r\nAuthorization: Basic abc\r\nCOOKIE: id=abc\r\n"
              "Proxy-Authorization: abc\r\nContent-Length: 3\r\n\r\nabc");
    talk.feed("BREW / HTTP/1.1\r\n");
    EXPECT_EQ(script.text, R"(C: GET /a.txt HTTP/1.1
C: Host: here
C: Authorization: ****
C: COOKIE: ****
C: Proxy-Authorization: ****
C: Content-Length: 3
C: (3 octets)
S: HTTP/1.1 200 OK
S: Date: Sun, 06 Nov 1994 08:49:37 GMT
S: Server: portico
S: Content-Type: text/plain; charset=utf-8
S: Content-Length: 5
S: Last-Modified: Sun, 06 Nov 1994 08:36:40 GMT
S: ETag: "5-ae1b8ccd379f000-0"
S: Vary: Accept-Encoding
S: Accept-Ranges: bytes
S: (5 octets)
C: (refused: the method is unknown)
S: HTTP/1.1 501 Not Implemented
S: Date: Sun, 06 Nov 1994 08:49:37 GMT
S: Server: portico
S: Content-Type: text/plain; charset=utf-8
S: Content-Length: 20
S: Connection: close
S: (20 octets)
)");
    EXPECT_EQ(talk.outcome().why, "the method is unknown");
}

} // namespace portico::http::test
