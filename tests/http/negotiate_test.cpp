#include "services/http/negotiate.hpp"
#include "tests/http/talk.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

namespace portico::http::test {

namespace {

std::string order(std::optional<std::string_view> accept_encoding)
{
    std::string text;
    for (auto coding : acceptable(accept_encoding)) text.append(to_string(coding)).append(" ");
    return text;
}

std::string get(std::string_view target, std::string_view fields)
{
    return "GET " + std::string{target} + " HTTP/1.1\r\nHost: here\r\n" + std::string{fields} +
           "\r\n";
}

} // namespace

TEST(HttpNegotiate, OrdersCodings)
{
    rule("9110", "12.5.3", "Accept-Encoding: the most wanted coding, identity unless ruled out");
    rule("9110", "12.4.2", "q=0 is not acceptable, without a weight it is 1");
    EXPECT_EQ(order(std::nullopt), "identity ");
    struct {
        std::string value, expected;
    } cases[] = {
        {"", "identity "},
        {"gzip", "gzip identity "},
        {"GZip", "gzip identity "},
        {"x-gzip", "gzip identity "},
        {"gzip, deflate, br, zstd", "br gzip identity "},
        {"gzip;q=1.0, br;q=0.5", "gzip br identity "},
        {"br ; q=0.001 , gzip;Q=0.002", "gzip br identity "},
        {"identity, gzip;q=0.5", "identity gzip "},
        {"identity;q=0.1, gzip;q=0.5", "gzip identity "},
        {"br;q=0, gzip", "gzip identity "},
        {"br;q=0.000", "identity "},
        {"*", "br gzip identity "},
        {"*;q=0", ""},
        {"identity;q=0", ""},
        {"identity;q=0, gzip", "gzip "},
        {"gzip, *;q=0", "gzip "},
        {"identity, *;q=0", "identity "},
        {"gzip;q=0, *", "br identity "},
        {"deflate", "identity "},
        {"gzip;q=2", "identity "}, // a malformed weight is none we may guess
        {"gzip;q=0.5555", "identity "},
        {"gzip;q=", "identity "},
        {"gzip;q=1.001", "identity "},
        {"gzip;level=1", "identity "},
    };
    for (const auto& [value, expected] : cases) EXPECT_EQ(order(value), expected) << value;
}

TEST(HttpNegotiate, SendsPrecompressedSiblings)
{
    rule("9110", "8.4", "Content-Encoding names the coding; Content-Type is of what is in it");
    rule("9110", "12.5.5", "Vary: Accept-Encoding wherever it could have changed the answer");
    rule("9110", "15.5.7", "406 if identity is ruled out and nothing else is there");
    struct {
        std::string target, accepted, status, coding, content;
    } cases[] = {
        {"/both.css", "gzip, br", "200", "br", std::string(300, 'b')},
        {"/both.css", "gzip", "200", "gzip", "gzip"},
        {"/both.css", "gzip;q=0.5, identity", "200", "", "identity"},
        {"/both.css", "deflate", "200", "", "identity"},
        {"/one.js", "br", "200", "", "identity"},
        {"/one.js", "br, gzip;q=0.1", "200", "gzip", "gzip"},
        {"/one.js", "br, identity;q=0", "406", "", "406 Not Acceptable\n"},
        {"/one.js", "*, identity;q=0", "200", "gzip", "gzip"},
        {"/none.js", "br, identity;q=0", "404", "", "404 Not Found\n"},
        {"/p.png", "gzip", "200", "", "png"}, // what does not shrink has no siblings
        {"/docs", "gzip", "301", "", "301 Moved Permanently\n"},
    };
    for (const auto& [target, accepted, status, coding, content] : cases) {
        SCOPED_TRACE(target + " " + accepted);
        auto outcome = talk(get(target, "Accept-Encoding: " + accepted + "\r\n"));
        ASSERT_EQ(fate(outcome), status + " open");
        auto answer = answers(outcome.output)[0];
        EXPECT_EQ(answer.content, content);
        EXPECT_EQ(answer.field("Content-Encoding"), coding);
        const bool varies = (status == "200" || status == "406") && target != "/p.png";
        EXPECT_EQ(answer.field("Vary"), varies ? "Accept-Encoding" : "");
        if (target == "/both.css") {
            EXPECT_EQ(answer.field("Content-Type"), "text/css; charset=utf-8");
        }
    }
    EXPECT_EQ(answers(talk(get("/one.js", "")).output).at(0).field("Vary"), "Accept-Encoding");
}

TEST(HttpNegotiate, EachCodingIsARepresentationOfItsOwn)
{
    rule("9110", "8.8.3.3", "each coding has an entity-tag of its own");
    auto tag = [](std::string_view accepted) {
        return answers(talk(get("/one.js", accepted)).output).at(0).field("ETag");
    };
    const std::string gzip = "Accept-Encoding: gzip\r\n";
    EXPECT_NE(tag(gzip), tag(""));
    auto none_match = [](const std::string& etag) { return "If-None-Match: " + etag + "\r\n"; };
    auto outcome = talk(get("/one.js", gzip + none_match(tag(gzip))));
    EXPECT_EQ(fate(outcome), "304 open");
    EXPECT_EQ(answers(outcome.output).at(0).field("Vary"), "Accept-Encoding");
    EXPECT_EQ(fate(talk(get("/one.js", gzip + none_match(tag(""))))), "200 open");

    const std::string br = "Accept-Encoding: br\r\n"; // ranges are of the coded octets
    outcome = talk(get("/both.css", br + "Range: bytes=298-\r\n"));
    EXPECT_EQ(fate(outcome), "206 open");
    EXPECT_EQ(answers(outcome.output).at(0).field("Content-Range"), "bytes 298-299/300");
    EXPECT_EQ(answers(outcome.output).at(0).field("Content-Encoding"), "br");
    EXPECT_EQ(fate(talk(get("/both.css", br + "Range: bytes=0-0,-1\r\n"))), "200 open");
}

} // namespace portico::http::test
