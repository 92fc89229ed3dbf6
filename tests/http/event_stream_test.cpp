#include "services/http/event_stream.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace portico::http::test {

namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace std::string_view_literals;

std::string text(const Event& event)
{
    const auto text = to_text(event);
    if (text) return *text;
    return text.error() == EventError::id ? "error: id" : "error: type";
}

/// What a client makes of a stream, as the HTML standard tells it to.
std::vector<std::string> dispatched(std::string_view stream)
{
    std::vector<std::string> events;
    std::string data, type, id;
    for (; !stream.empty(); stream.remove_prefix(stream.find('\n') + 1)) {
        const auto line = stream.substr(0, stream.find('\n'));
        const auto colon = std::min(line.find(':'), line.size());
        const auto name = line.substr(0, colon);
        auto value = line.substr(std::min(colon + 1, line.size()));
        if (value.starts_with(' ')) value.remove_prefix(1);
        if (name == "data") data.append(value).append("\n");
        if (name == "event") type = value;
        if (name == "id") id = value;
        if (!line.empty()) continue;
        if (!data.empty())
            events.push_back(id + "|" + type + "|" + data.substr(0, data.size() - 1));
        data.clear();
        type.clear();
    }
    return events;
}

} // namespace

TEST(HttpEventStream, WritesEvents)
{
    struct {
        Event event;
        std::string expected;
    } cases[] = {
        {{.data = "x"}, "data: x\n\n"},
        {{.data = ""}, "data: \n\n"},
        {{}, "\n"},
        {{.data = "x", .type = "mail", .id = "7", .retry = 1500ms},
         "id: 7\nevent: mail\nretry: 1500\ndata: x\n\n"},
        {{.id = ""}, "id: \n\n"},
        {{.retry = -1ms}, "retry: 0\n\n"},
        {{.data = "a\nb"}, "data: a\ndata: b\n\n"},
        {{.data = "a\r\nb\rc\n"}, "data: a\ndata: b\ndata: c\ndata: \n\n"},
        {{.data = "\n\r"}, "data: \ndata: \ndata: \n\n"},
        {{.data = "\r\r\n"}, "data: \ndata: \ndata: \n\n"},
        {{.data = "a\0b"sv}, "data: a\0b\n\n"s},
        {{.data = "x", .type = "a\nb"}, "error: type"},
        {{.data = "x", .type = "a\r"}, "error: type"},
        {{.data = "x", .id = "1\n"}, "error: id"},
        {{.data = "x", .id = "\r"}, "error: id"},
        {{.data = "x", .id = "1\0"sv}, "error: id"},
    };
    for (const auto& [event, expected] : cases) EXPECT_EQ(text(event), expected);
}

TEST(HttpEventStream, ArrivesAsItWasMeant)
{
    const auto stream = text({.data = " two\n  lines: \r\n", .id = "1"}) +
                        event_comment("data: no") + text({.retry = 1s}) +
                        text({.data = "", .type = " x"}) + event_comment() +
                        text({.data = "data: x\n\nid: 9", .id = ""});
    EXPECT_EQ(dispatched(stream),
              (std::vector<std::string>{"1|| two\n  lines: \n", "1| x|", "||data: x\n\nid: 9"}));
}

TEST(HttpEventStream, WritesComments)
{
    EXPECT_EQ(event_comment(), ": \n");
    EXPECT_EQ(event_comment("still here"), ": still here\n");
    EXPECT_EQ(event_comment("a\r\ndata: b"), ": a\n: data: b\n");
}

} // namespace portico::http::test
