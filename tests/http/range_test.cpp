#include "services/http/range.hpp"
#include "tests/http/talk.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace portico::http::test {

namespace {

std::string get(std::string_view fields, std::string_view target = "/long.txt",
                std::string_view method = "GET")
{
    return std::string{method} + " " + std::string{target} + " HTTP/1.1\r\nHost: here\r\n" +
           std::string{fields} + "\r\n";
}

std::string own(std::string_view field)
{
    return answers(talk(get("")).output).at(0).field(field);
}

} // namespace

TEST(HttpRange, Parses)
{
    rule("9110", "14.1.2", "first-last, first- and -suffix; the last may be past the end");
    rule("9110", "14.1", "names of range units are compared without case");
    struct {
        std::string value;
        std::vector<ByteRange> ranges;
    } cases[] = {
        {"bytes=0-0", {{0, 1}}},
        {"bytes=0-999", {{0, 1000}}},
        {"bytes=0-1000", {{0, 1000}}},
        {"bytes=999-", {{999, 1}}},
        {"bytes=5-", {{5, 995}}},
        {"bytes=-1", {{999, 1}}},
        {"bytes=-5000", {{0, 1000}}},
        {"Bytes=1-2", {{1, 2}}},
        {"bytes=0-99999999999999999999999", {{0, 1000}}},
        {"bytes=-99999999999999999999999", {{0, 1000}}},
        {"bytes=0-0,200-209", {{0, 1}, {200, 10}}},
        {"bytes= ,500-509 , 0-9,\t-1", {{500, 10}, {0, 10}, {999, 1}}}, // in the client's order
        {"bytes=0-9,1000-", {{0, 10}}}, // without what cannot be had
        {"bytes=-0,0-9", {{0, 10}}},
    };
    for (const auto& [value, ranges] : cases) {
        SCOPED_TRACE(value);
        auto parsed = parse_range(value, 1000);
        ASSERT_TRUE(parsed.has_value());
        EXPECT_EQ(*parsed, ranges);
    }
}

TEST(HttpRange, JoinsOverlappingAndNearOnes)
{
    rule("9110", "15.3.7.2", "overlapping and near ranges are sent as one");
    struct {
        std::string value;
        std::vector<ByteRange> ranges;
    } cases[] = {
        {"bytes=0-9,5-14", {{0, 15}}},
        {"bytes=5-14,0-9", {{0, 15}}},
        {"bytes=0-9,10-19", {{0, 20}}},
        {"bytes=0-9,89-99", {{0, 100}}},
        {"bytes=0-9,90-99", {{0, 10}, {90, 10}}},
        {"bytes=0-,0-,0-,0-", {{0, 1000}}},
        {"bytes=0-9,400-409,200-209,100-300", {{0, 10}, {400, 10}, {100, 201}}},
        {"bytes=0-9,400-409,200-209,50-350", {{0, 410}}}, // one reaches the next
    };
    for (const auto& [value, ranges] : cases) {
        SCOPED_TRACE(value);
        auto parsed = parse_range(value, 1000);
        ASSERT_TRUE(parsed.has_value());
        EXPECT_EQ(*parsed, ranges);
    }
}

TEST(HttpRange, IgnoresWhatIsMalformedOrTooMuch)
{
    rule("9110", "14.2", "an invalid Range, another unit and too many ranges are ignored");
    std::string many = "bytes=0-0";
    for (std::size_t i = 1; i < most_ranges; ++i) many += ",0-0";
    EXPECT_TRUE(parse_range(many, 1000).has_value());
    for (std::string value :
         {many + ",0-0", std::string{"bytes=0-0,1"}, std::string{""}, std::string{"bytes"},
          std::string{"bytes="}, std::string{"bytes=,"}, std::string{"bytes=-"},
          std::string{"bytes=2-1"}, std::string{"bytes=a-b"}, std::string{"bytes=0-x"},
          std::string{"bytes=0 - 1"}, std::string{"bytes=0--1"}, std::string{"bytes=+0-1"},
          std::string{"bytes =0-1"}, std::string{"bytes:0-1"}, std::string{"lines=0-1"},
          std::string{"0-1"}, std::string{"bytes=1000-,2-1"}}) {
        auto parsed = parse_range(value, 1000);
        ASSERT_FALSE(parsed.has_value()) << value;
        EXPECT_EQ(parsed.error(), RangeError::ignored) << value;
    }
    for (std::string value : {"bytes=0-", "bytes=-5", "bytes=0-0"}) // of nothing
        EXPECT_EQ(parse_range(value, 0).error(), RangeError::ignored) << value;
}

TEST(HttpRange, CannotBeSatisfied)
{
    rule("9110", "15.5.17", "416 with the length in Content-Range if there is none of it");
    for (std::string value : {"bytes=1000-", "bytes=1000-1001", "bytes=-0", "bytes=2000-,1000-",
                              "bytes=18446744073709551616-"}) {
        auto parsed = parse_range(value, 1000);
        ASSERT_FALSE(parsed.has_value()) << value;
        EXPECT_EQ(parsed.error(), RangeError::unsatisfiable) << value;
    }
    auto outcome = talk(get("Range: bytes=1000-\r\n") + get("", "/a.txt"));
    ASSERT_EQ(fate(outcome), "416 200 open");
    EXPECT_EQ(answers(outcome.output)[0].field("Content-Range"), "bytes */1000");
}

TEST(HttpRange, SendsOne)
{
    rule("9110", "15.3.7.1", "one range is 206 with Content-Range");
    auto outcome = talk(get("Range: bytes=5-8\r\n") + get("", "/a.txt"));
    ASSERT_EQ(fate(outcome), "206 200 open");
    auto all = answers(outcome.output);
    EXPECT_EQ(all[0].content, "1001");
    EXPECT_EQ(all[0].field("Content-Range"), "bytes 5-8/1000");
    EXPECT_EQ(all[0].field("Content-Type"), "text/plain; charset=utf-8");
    EXPECT_EQ(all[0].field("ETag"), own("ETag"));
    EXPECT_EQ(all[0].field("Last-Modified"), own("Last-Modified"));
    EXPECT_EQ(all[1].content, "alpha");
    EXPECT_EQ(fate(talk(get("Range: bytes=0-9,5-14\r\nConnection: close\r\n"))), "206 close");
}

TEST(HttpRange, SendsSeveral)
{
    rule("9110", "14.6", "several ranges are multipart/byteranges, each part with Content-Range");
    auto outcome = talk(get("Range: bytes=0-3,-5,500-503\r\n") + get("", "/a.txt"));
    ASSERT_EQ(fate(outcome), "206 200 open");
    auto answer = answers(outcome.output)[0];
    auto type = answer.field("Content-Type");
    ASSERT_TRUE(type.starts_with("multipart/byteranges; boundary="));
    auto boundary = type.substr(type.find('=') + 1);
    EXPECT_LE(boundary.size(), 70U); // RFC 2046 section 5.1.1
    EXPECT_EQ(answer.field("Content-Range"), "");
    auto part = [&](std::string_view range, std::string_view content) {
        return "\r\n--" + boundary +
               "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes " +
               std::string{range} + "/1000\r\n\r\n" + std::string{content};
    };
    EXPECT_EQ(answer.content, part("0-3", "1000") + part("995-999", "1199\n") +
                                  part("500-503", "1100") + "\r\n--" + boundary + "--\r\n");
    EXPECT_EQ(fate(talk(get("Range: bytes=0-3\r\nRange: bytes=500-503\r\n"))), "200 open");
    EXPECT_EQ(fate(talk(get("Range: bytes=0-3\r\nRange: 500-503\r\n"))), "206 open"); // as a list
}

TEST(HttpRange, IsForGetAlone)
{
    rule("9110", "14.2", "Range with any other method than GET is ignored");
    auto head = talk(get("Range: bytes=5-8\r\n", "/long.txt", "HEAD"));
    EXPECT_EQ(head.output, answers(talk(get("")).output).at(0).head);
    EXPECT_EQ(fate(talk(get("Range: bytes=9-\r\n", "/none"))), "404 open");
    EXPECT_EQ(own("Accept-Ranges"), "bytes");
}

TEST(HttpRange, OnlyOfTheSameRepresentation)
{
    rule("9110", "13.1.5", "If-Range: the whole unless tag (strong) or date is the very one");
    rule("9110", "13.2.2", "If-Range is asked last");
    struct {
        std::string condition, status;
    } cases[] = {
        {"If-Range: " + own("ETag"), "206"},
        {"If-Range: W/" + own("ETag"), "200"},
        {"If-Range: \"x\"", "200"},
        {"If-Range: *", "200"},
        {"If-Range:", "200"},
        {"If-Range: " + own("ETag") + ", \"x\"", "200"},
        {"If-Range: Sun, 06 Nov 1994 08:36:40 GMT", "206"},
        {"If-Range: Sunday, 06-Nov-94 08:36:40 GMT", "206"},
        {"If-Range: Sun, 06 Nov 1994 08:36:39 GMT", "200"},
        {"If-Range: Sun, 06 Nov 1994 08:36:41 GMT", "200"}, // no comparison of earlier and later
        {"If-Range: " + own("ETag") + "\r\nIf-Match: \"x\"", "412"},
        {"If-Range: " + own("ETag") + "\r\nIf-None-Match: *", "304"},
        {"If-Match: " + own("ETag"), "206"},
    };
    for (const auto& [condition, status] : cases) {
        SCOPED_TRACE(condition);
        EXPECT_EQ(fate(talk(get("Range: bytes=0-3\r\n" + condition + "\r\n"))), status + " open");
        EXPECT_EQ(fate(talk(get(condition + "\r\n"))),
                  status == "206" ? "200 open" : status + " open");
    }
    auto answer =
        answers(talk(get("Range: bytes=0-3\r\nIf-Range: " + own("ETag") + "\r\n")).output);
    EXPECT_EQ(answer.at(0).field("Last-Modified"), ""); // section 15.3.7: it has it
}

} // namespace portico::http::test
