#include "services/http/conditional.hpp"
#include "tests/http/talk.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace portico::http::test {

namespace {

// Of /a.txt, which was last modified at 08:36:40.
constexpr std::string_view etag = "\"5-ae1b8ccd379f000-0\"";
constexpr std::string_view before = "Sun, 06 Nov 1994 08:36:39 GMT";
constexpr std::string_view same = "Sun, 06 Nov 1994 08:36:40 GMT";
constexpr std::string_view after = "Sun, 06 Nov 1994 08:36:41 GMT";

std::string line(std::string_view name, std::string_view value)
{
    return std::string{name} + ": " + std::string{value} + "\r\n";
}

std::string request(std::string_view fields, std::string_view method = "GET",
                    std::string_view target = "/a.txt")
{
    return std::string{method} + " " + std::string{target} + " HTTP/1.1\r\nHost: here\r\n" +
           std::string{fields} + "\r\n";
}

struct Case {
    std::string fields;
    std::string status;
};

void expect_statuses(const std::vector<Case>& cases)
{
    for (const auto& [fields, status] : cases) {
        SCOPED_TRACE(fields);
        EXPECT_EQ(fate(talk(request(fields))), status + " open");
        EXPECT_EQ(fate(talk(request(fields, "HEAD")), true), status + " open");
    }
}

std::string own_etag()
{
    return answers(talk(request("")).output).at(0).field("ETag");
}

} // namespace

TEST(HttpConditional, ComparesEntityTags)
{
    rule("9110", "8.8.3.2", "strong comparison wants two strong tags, weak one the same opaque");
    struct {
        std::string one, other;
        bool strong, weak;
    } cases[] = {
        {"W/\"1\"", "W/\"1\"", false, true}, {"W/\"1\"", "W/\"2\"", false, false},
        {"W/\"1\"", "\"1\"", false, true},   {"\"1\"", "\"1\"", true, true},
        {"\"a\"", "\"A\"", false, false},
    };
    for (const auto& [one, other, strong, weak] : cases) {
        EXPECT_EQ(matches(one, other, Comparison::strong), strong) << one << other;
        EXPECT_EQ(matches(one, other, Comparison::weak), weak) << one << other;
    }
}

TEST(HttpConditional, IfMatch)
{
    rule("9110", "13.1.1", "If-Match with no matching tag is 412, by strong comparison");
    const std::string own{etag};
    ASSERT_EQ(own_etag(), own);
    expect_statuses({
        {line("If-Match", own), "200"},
        {line("If-Match", "*"), "200"},
        {line("If-Match", "\"x\", " + own), "200"},
        {line("If-Match", "\"a,b\" ,," + own + ","), "200"},
        {line("if-match", "\"x\"") + line("IF-MATCH", own), "200"},
        {line("If-Match", "\"x\""), "412"},
        {line("If-Match", "W/" + own), "412"},
        {line("If-Match", ""), "412"},
        {line("If-Match", "x"), "412"},
        {line("If-Match", "*, " + own), "412"}, // "*" stands alone
        {line("If-Match", "\"x\" " + own), "412"},
        {line("If-Match", "\"x " + own), "412"},
    });
}

TEST(HttpConditional, IfNoneMatch)
{
    rule("9110", "13.1.2", "If-None-Match with a matching tag is 304, by weak comparison");
    const std::string own{etag};
    expect_statuses({
        {line("If-None-Match", own), "304"},
        {line("If-None-Match", "W/" + own), "304"},
        {line("If-None-Match", "*"), "304"},
        {line("If-None-Match", "\"x\",W/\"y\"," + own), "304"},
        {line("If-None-Match", "\"x\"") + line("If-None-Match", own), "304"},
        {line("If-None-Match", "\"x\""), "200"},
        {line("If-None-Match", ""), "200"},
        {line("If-None-Match", own.substr(1, own.size() - 2)), "200"},
    });
}

TEST(HttpConditional, IfModifiedSince)
{
    rule("9110", "13.1.3", "If-Modified-Since: 304 unless it is newer; what is no date is ignored");
    expect_statuses({
        {line("If-Modified-Since", before), "200"},
        {line("If-Modified-Since", same), "304"},
        {line("If-Modified-Since", after), "304"},
        {line("If-Modified-Since", "Sunday, 06-Nov-94 08:36:40 GMT"), "304"},
        {line("If-Modified-Since", "Sun Nov  6 08:36:40 1994"), "304"},
        {line("If-Modified-Since", "now"), "200"},
        {line("If-Modified-Since", same) + line("If-Modified-Since", same), "200"},
    });
}

TEST(HttpConditional, IfUnmodifiedSince)
{
    rule("9110", "13.1.4", "If-Unmodified-Since: 412 if it is newer; what is no date is ignored");
    expect_statuses({
        {line("If-Unmodified-Since", before), "412"},
        {line("If-Unmodified-Since", same), "200"},
        {line("If-Unmodified-Since", after), "200"},
        {line("If-Unmodified-Since", "Sunday, 06-Nov-94 08:36:39 GMT"), "412"},
        {line("If-Unmodified-Since", "then"), "200"},
        {line("If-Unmodified-Since", before) + line("If-Unmodified-Since", before), "200"},
    });
}

TEST(HttpConditional, Precedence)
{
    rule("9110", "13.2.2",
         "If-Match before If-Unmodified-Since before If-None-Match before "
         "If-Modified-Since; tags make the date of their kind moot");
    const auto match = line("If-Match", etag);
    const auto no_match = line("If-Match", "\"x\"");
    const auto none = line("If-None-Match", "\"x\"");
    const auto some = line("If-None-Match", etag);
    expect_statuses({
        {match + line("If-Unmodified-Since", before), "200"},
        {no_match + line("If-Unmodified-Since", same), "412"},
        {none + line("If-Modified-Since", same), "200"},
        {some + line("If-Modified-Since", before), "304"},
        {some + match, "304"},
        {some + no_match, "412"},
        {line("If-Unmodified-Since", before) + some, "412"},
        {line("If-Unmodified-Since", same) + some, "304"},
        {line("If-Modified-Since", same) + line("If-Unmodified-Since", before), "412"},
        {none + match, "200"},
    });
}

TEST(HttpConditional, OnlyWhatWouldSucceedIsAsked)
{
    rule("9110", "13.2.1", "preconditions are ignored where the answer is no 2xx without them");
    const auto failing = line("If-Match", "\"x\"");
    const auto any = line("If-None-Match", "*");
    for (const auto& [target, status] :
         std::vector<std::pair<std::string, std::string>>{{"/none", "404"}, {"/docs", "301"}}) {
        EXPECT_EQ(fate(talk(request(failing, "GET", target))), status + " open");
        EXPECT_EQ(fate(talk(request(any, "GET", target))), status + " open");
    }
    EXPECT_EQ(fate(talk(request(failing, "POST"))), "405 open");
    EXPECT_EQ(fate(talk(request(any, "OPTIONS"))), "204 open");
}

TEST(HttpConditional, NotModifiedHasNoContent)
{
    rule("9110", "15.4.5", "304 has ETag, no content and no field that describes it");
    auto outcome = talk(request(line("If-None-Match", "*")) + request(""));
    EXPECT_EQ(fate(outcome), "304 200 open");
    EXPECT_EQ(answers(outcome.output).at(0).head, "HTTP/1.1 304 Not Modified\r\n"
                                                  "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                                  "Server: portico\r\n"
                                                  "ETag: " +
                                                      std::string{etag} +
                                                      "\r\nVary: Accept-Encoding\r\n\r\n");
}

} // namespace portico::http::test
