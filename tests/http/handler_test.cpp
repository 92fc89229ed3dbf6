#include "services/http/protocol.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

// What a handler can do with a request, with nothing around the protocol: content in pieces, and
// answers of every kind.
namespace portico::http::test {

namespace {

/// How the handler of a test answers. `take` answers all content up to its end, or nothing while
/// more must come.
struct Played {
    Protocol& protocol;
    std::string content = {};                // read so far
    std::optional<ContentError> failed = {}; // and then
    bool over = false;                       // all of it is read, or it has failed
    bool begun = false;                      // the handler has said something
};
using Handle = std::function<bool(Played&)>; // false: wants more content

/// A connection whose requests are all answered by one handler.
class Play {
public:
    explicit Play(Handle handle) : handle_{std::move(handle)}, protocol_{options_, {}, output_} {}

    void feed(std::string_view bytes)
    {
        if (closed_) return;
        const std::vector<char> copy(bytes.begin(), bytes.end()); // gone before the next
        protocol_.feed({copy.data(), copy.size()});
        run();
    }

    std::string output_;
    bool closed_ = false;
    std::vector<std::string> contents_; // of the requests, whole or as far as they came

private:
    void run()
    {
        for (;;) {
            if (playing_ && !go_on()) return;
            const auto step = protocol_.next({.time = {}, .date = "now"});
            if (std::get_if<Answer>(&step)) {
                playing_.emplace(protocol_);
                continue;
            }
            closed_ = std::get_if<Close>(&step) != nullptr;
            return;
        }
    }

    bool go_on()
    {
        if (!handle_(*playing_)) return false;
        contents_.push_back(playing_->content);
        playing_.reset();
        protocol_.done();
        return true;
    }

    config::HttpConnection options_ = [] {
        config::HttpConnection options;
        options.max_body = 20;
        options.max_headers = 4;
        return options;
    }();
    Handle handle_;
    Protocol protocol_;
    std::optional<Played> playing_;
};

// Reads on; true when the content is over.
bool read_on(Played& played)
{
    while (!played.over) {
        std::string_view piece;
        const auto content = played.protocol.content(piece);
        if (!content) {
            played.failed = content.error();
            played.over = true;
        } else if (*content == Protocol::Content::more) {
            return false;
        } else if (*content == Protocol::Content::whole) {
            played.over = true;
        } else {
            EXPECT_FALSE(piece.empty());
            played.content += piece;
        }
    }
    return true;
}

bool echo_at_the_end(Played& played)
{
    if (!read_on(played)) return false;
    if (!played.failed) played.protocol.respond(Response{}, played.content);
    return true;
}

// Says that it begins, reads all, and ends.
bool stream(Played& played)
{
    if (!std::exchange(played.begun, true)) played.protocol.start({});
    if (!read_on(played)) return false;
    if (played.failed) return true;
    played.protocol.add(played.content);
    std::string trailers;
    for (const auto& [name, value] : played.protocol.trailers())
        trailers += name + ": " + value + "\r\n";
    played.protocol.end(trailers);
    return true;
}

/// The same whole and octet by octet.
struct Outcome {
    std::string output;
    bool closed;
    std::vector<std::string> contents;
};
Outcome play(std::string_view bytes, const Handle& handle)
{
    Play whole{handle};
    whole.feed(bytes);
    Play slow{handle};
    for (std::size_t i = 0; i < bytes.size(); ++i) slow.feed(bytes.substr(i, 1));
    EXPECT_EQ(slow.output_, whole.output_);
    EXPECT_EQ(slow.closed_, whole.closed_);
    EXPECT_EQ(slow.contents_, whole.contents_);
    return {whole.output_, whole.closed_, whole.contents_};
}

std::string ok(std::string_view fields, std::string_view content = "")
{
    return "HTTP/1.1 200 OK\r\nDate: now\r\nServer: portico\r\n" + std::string{fields} + "\r\n" +
           std::string{content};
}

const std::string post = "POST /x HTTP/1.1\r\nHost: h\r\n";
const std::string in_chunks = post + "Transfer-Encoding: chunked\r\n\r\n";
const std::string five = post + "Content-Length: 5\r\n\r\nhello";
const std::string chunked = "Transfer-Encoding: chunked\r\n";

} // namespace

TEST(HttpHandler, ReadsContent)
{
    const auto outcome = play(five + in_chunks + "2\r\nab\r\n3;x=y\r\ncde\r\n0\r\n\r\n" +
                                  "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
                              echo_at_the_end);
    EXPECT_EQ(outcome.contents, (std::vector<std::string>{"hello", "abcde", ""}));
    EXPECT_EQ(outcome.output, ok("Content-Length: 5\r\n", "hello") +
                                  ok("Content-Length: 5\r\n", "abcde") +
                                  ok("Content-Length: 0\r\n"));
    EXPECT_FALSE(outcome.closed);
}

TEST(HttpHandler, StreamsBothWays)
{
    rule("9112", "7.1", "an answer whose length is not known is chunked");
    rule("9112", "6.3", "for HTTP/1.0 it ends with the connection");
    EXPECT_EQ(play(five + five, stream).output,
              ok(chunked, "5\r\nhello\r\n0\r\n\r\n") + ok(chunked, "5\r\nhello\r\n0\r\n\r\n"));
    const auto old =
        play("POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi", stream);
    EXPECT_EQ(old.output, ok("Connection: close\r\n", "hi"));
    EXPECT_TRUE(old.closed);
    EXPECT_EQ(play("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", stream).output, ok(chunked));
}

TEST(HttpHandler, HandsTrailersOver)
{
    rule("9110", "6.5", "a trailer's fields are kept apart from the header's");
    const auto last = in_chunks + "1\r\na\r\n0\r\n";
    EXPECT_EQ(play(last + "X: y\r\nEmpty:\r\nHost: evil\r\n\r\n", stream).output,
              ok(chunked, "1\r\na\r\n0\r\nX: y\r\nEmpty: \r\nHost: evil\r\n\r\n"));
    // More than max_headers: the answer has begun, so its end never comes.
    const auto many = play(last + "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\n\r\n", stream);
    EXPECT_EQ(many.output, ok(chunked));
    EXPECT_TRUE(many.closed);
}

TEST(HttpHandler, TellsClientsToGoOn)
{
    rule("9110", "10.1.1", "100 comes when the content is asked for, and not if it is not");
    const auto request = post + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    EXPECT_EQ(play(request, echo_at_the_end).output, go_on);
    EXPECT_EQ(play(request + "hi", echo_at_the_end).output,
              go_on + ok("Content-Length: 2\r\n", "hi"));
    const auto refused = play(request, [](Played& played) {
        played.protocol.respond(Status::forbidden);
        return true;
    });
    EXPECT_TRUE(refused.output.starts_with("HTTP/1.1 403 Forbidden\r\n"));
    EXPECT_NE(refused.output.find("\r\nConnection: close\r\n"), std::string::npos);
    EXPECT_TRUE(refused.closed); // whether the content comes after all, nobody knows
}

TEST(HttpHandler, LearnsOfContentThatFails)
{
    struct {
        std::string request, status;
    } cases[] = {
        {in_chunks + "3\r\nabc\r\nx\r\n", "400"},
        {in_chunks + "3\r\nabcd", "400"},
        {in_chunks + "15\r\n" + std::string(21, 'a'), "413"},
    };
    for (const auto& [request, status] : cases) {
        SCOPED_TRACE(request);
        const auto outcome = play(request + five, echo_at_the_end); // nothing behind is answered
        EXPECT_EQ(outcome.output.substr(9, 3), status);
        EXPECT_EQ(outcome.output.find("HTTP/", 1), std::string::npos);
        EXPECT_TRUE(outcome.closed);
        // Once the answer has begun, only the missing end can tell it.
        const auto begun = play(request + five, stream);
        EXPECT_EQ(begun.output, ok(chunked));
        EXPECT_TRUE(begun.closed);
    }
}

TEST(HttpHandler, NeedNotRead)
{
    const auto respond = [](Played& played) {
        played.protocol.respond(Response{}, "x");
        return true;
    };
    const auto x = ok("Content-Length: 1\r\n", "x");
    EXPECT_EQ(play(five + in_chunks + "1\r\na\r\n0\r\n\r\n" + five, respond).output, x + x + x);
    // What is wrong with it then is no answer's matter any more.
    const auto wrong = play(in_chunks + "x\r\n" + five, respond);
    EXPECT_EQ(wrong.output, x);
    EXPECT_TRUE(wrong.closed);
}

TEST(HttpHandler, IsMadeGood)
{
    rule("9110", "15.6.1", "a handler that answers nothing is 500");
    const auto silent = play(five + five, [](Played&) { return true; });
    EXPECT_EQ(silent.output.substr(9, 3), "500");
    EXPECT_FALSE(silent.closed);
    const auto cut = play(five, [](Played& played) {
        played.protocol.head({.content_length = 10});
        played.protocol.sent(9);
        return true;
    });
    EXPECT_TRUE(cut.closed); // or the next answer would be taken for the tenth octet
    const auto unended = play(five, [](Played& played) {
        played.protocol.start({});
        played.protocol.add("a");
        return true;
    });
    EXPECT_EQ(unended.output, ok(chunked, "1\r\na\r\n"));
    EXPECT_TRUE(unended.closed);
    rule("9110", "6.4.1", "204 and 304 have no content, whatever a handler says");
    const auto none = play(five + five, [](Played& played) {
        played.protocol.respond({.status = Status::no_content}, "content");
        return true;
    });
    EXPECT_EQ(none.output, "HTTP/1.1 204 No Content\r\nDate: now\r\nServer: portico\r\n\r\n"
                           "HTTP/1.1 204 No Content\r\nDate: now\r\nServer: portico\r\n\r\n");
}

TEST(HttpHandler, TakesTheConnectionOver)
{
    rule("9110", "15.2.2", "after 101 what the client says is another protocol's");
    std::string rest;
    Play play{[&](Played& played) {
        rest = played.protocol.upgrade("Upgrade: x\r\nConnection: Upgrade\r\n");
        return true;
    }};
    play.feed("GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / no HTTP");
    EXPECT_EQ(play.output_, "HTTP/1.1 101 Switching Protocols\r\nDate: now\r\nServer: portico\r\n"
                            "Upgrade: x\r\nConnection: Upgrade\r\n\r\n");
    EXPECT_EQ(rest, "GET / no HTTP");
    EXPECT_TRUE(play.closed_);
}

} // namespace portico::http::test
