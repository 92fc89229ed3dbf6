#include "services/http/websocket_handshake.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>
#include <string_view>

namespace portico::http::websocket::test {

namespace {

/// The request of RFC 6455 section 1.3.
Request example()
{
    Request request;
    request.method = "GET";
    request.target = "/chat";
    request.fields = {
        {"Host", "server.example.com"},   {"Upgrade", "websocket"},
        {"Connection", "Upgrade"},        {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
        {"Origin", "http://example.com"}, {"Sec-WebSocket-Protocol", "chat, superchat"},
        {"Sec-WebSocket-Version", "13"}};
    return request;
}

Field& field(Request& request, std::string_view name)
{
    for (auto& field : request.fields) {
        if (field.name == name) return field;
    }
    throw std::out_of_range{std::string{name}};
}

std::string outcome(const Request& request)
{
    const auto acceptance = check_handshake(request);
    if (acceptance) return "101";
    return std::to_string(static_cast<unsigned>(status_of(acceptance.error()))) + " " +
           std::string{describe(acceptance.error())};
}

using Change = std::function<void(Request&)>;

Change with(std::string_view name, std::string_view value)
{
    return [=](Request& request) { field(request, name).value = value; };
}

Change and_also(std::string_view name, std::string_view value)
{
    return [=](Request& request) { request.fields.push_back({name, value}); };
}

Change without(std::string_view name)
{
    return [=](Request& request) {
        std::erase_if(request.fields, [&](const Field& field) { return field.name == name; });
    };
}

} // namespace

TEST(WebSocketHandshake, AcceptsTheExampleOfTheRfc)
{
    rule("6455", "1.3", "the example: key, accept key and subprotocol");
    rule("6455", "4.2.2", "101 has Upgrade, Connection and Sec-WebSocket-Accept");
    const std::array<std::string_view, 2> ours{"mqtt", "chat"};
    const auto acceptance = check_handshake(example(), ours);
    ASSERT_TRUE(acceptance);
    EXPECT_EQ(acceptance->subprotocol, "chat");
    EXPECT_EQ(acceptance->fields, "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                                  "Sec-WebSocket-Protocol: chat\r\n");
}

TEST(WebSocketHandshake, ChecksTheRequest)
{
    rule("6455", "4.2.1", "GET, HTTP/1.1, Upgrade, Connection, key and version");
    rule("6455", "4.4", "426 tells the version we speak");
    rule("9110", "7.8", "Upgrade is ignored in HTTP/1.0");
    rule("6455", "11.3", "key and version stand there once");
    const std::string plain = "426 the request does not ask for a WebSocket";
    const std::string version = "426 the version of WebSocket is not 13";
    const std::string key = "400 Sec-WebSocket-Key is not 16 octets in base64";
    struct {
        Change change;
        std::string expected;
    } cases[] = {
        {[](Request&) {}, "101"},
        {with("Upgrade", "WebSocket"), "101"},
        {with("Upgrade", "h2c, websocket"), "101"},
        {with("Connection", "keep-alive, upgrade"), "101"},
        {without("Origin"), "101"}, // not a browser
        {without("Sec-WebSocket-Protocol"), "101"},
        {and_also("Sec-WebSocket-Extensions", "permessage-deflate"), "101"},
        {with("Upgrade", "websocket2"), plain},
        {with("Upgrade", "h2c"), plain},
        {without("Upgrade"), plain},
        {with("Connection", "keep-alive"), plain},
        {without("Connection"), plain},
        {[](Request& request) { request.minor = 0; }, plain},
        {[](Request& request) { request.method = "POST"; }, "405 a WebSocket is opened by GET"},
        {[](Request& request) { request.method = "HEAD"; }, "405 a WebSocket is opened by GET"},
        {[](Request& request) { request.content_length = 1; },
         "400 a request that opens a WebSocket has content"},
        {[](Request& request) { request.chunked = true; },
         "400 a request that opens a WebSocket has content"},
        {with("Sec-WebSocket-Version", "8"), version},
        {with("Sec-WebSocket-Version", "013"), version},
        {with("Sec-WebSocket-Version", "13, 8"), version},
        {with("Sec-WebSocket-Version", ""), version},
        {without("Sec-WebSocket-Version"), version},
        {and_also("sec-websocket-version", "13"), version},
        {without("Sec-WebSocket-Key"), key},
        {and_also("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="), key},
        {with("Sec-WebSocket-Key", ""), key},
        {with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ"), key},       // no padding
        {with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZR=="), key},     // bits behind the 16th
        {with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j"), key},         // 15 octets
        {with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZWE="), key},     // 17
        {with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZWFi"), key},     // 18
        {with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==dGhl"), key}, // more behind it
        {with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25-ZQ=="), key},     // no such letter
        {with("Sec-WebSocket-Key", "\tGhlIHNhbXBsZSBub25jZQ=="), key},
        {with("Sec-WebSocket-Key", "========================"), key},
        {with("Sec-WebSocket-Protocol", "chat, super chat"),
         "400 Sec-WebSocket-Protocol is no list of tokens"},
    };
    for (std::size_t i = 0; const auto& [change, expected] : cases) {
        auto request = example();
        change(request);
        EXPECT_EQ(outcome(request), expected) << "case " << i;
        ++i;
    }
}

TEST(WebSocketHandshake, SaysWhatWouldDo)
{
    rule("9110", "15.5.22", "426 names the protocol in Upgrade");
    rule("9110", "15.5.6", "405 has Allow");
    EXPECT_EQ(fields_of(HandshakeError::version),
              "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n");
    EXPECT_EQ(fields_of(HandshakeError::no_upgrade), fields_of(HandshakeError::version));
    EXPECT_EQ(fields_of(HandshakeError::method), "Allow: GET\r\n");
    EXPECT_EQ(fields_of(HandshakeError::key), "");
}

TEST(WebSocketHandshake, ChoosesASubprotocol)
{
    rule("6455", "4.2.2", "one of the client's subprotocols, or none");
    const std::array<std::string_view, 2> ours{"b", "c"};
    struct {
        std::string theirs, also, expected;
    } cases[] = {
        {"a, b, c", "", "b"}, {"c, b", "", "c"},  {"a", "", ""},  {"B", "", ""},
        {"", "", ""},         {"a", "c, b", "c"}, {"bc", "", ""},
    };
    for (const auto& [theirs, also, expected] : cases) {
        auto request = example();
        field(request, "Sec-WebSocket-Protocol").value = theirs;
        if (!also.empty()) request.fields.push_back({"Sec-WebSocket-Protocol", also});
        const auto acceptance = check_handshake(request, ours);
        ASSERT_TRUE(acceptance);
        EXPECT_EQ(acceptance->subprotocol, expected) << theirs;
        EXPECT_EQ(acceptance->fields.find("Sec-WebSocket-Protocol") != std::string::npos,
                  !expected.empty());
    }
}

} // namespace portico::http::websocket::test
