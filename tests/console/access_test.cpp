#include "services/console/access.hpp"
#include "services/http/parse.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace portico::console {
namespace {

http::Request request_with(std::vector<http::Field> fields, std::string_view method = "GET")
{
    http::Request request;
    request.method = method;
    request.fields = std::move(fields);
    return request;
}

std::optional<Foreign> foreign_to(std::string_view authority, std::vector<http::Field> fields = {},
                                  std::string_view method = "GET")
{
    config::Console options;
    options.hosts = {"mail.example.com", "*.ci.example.com"};
    return foreign(request_with(std::move(fields), method), authority, options, "MX.example.org");
}

TEST(ConsoleAccess, KnowsItsOwnNames)
{
    for (const auto* ours :
         {"127.0.0.1:8025", "192.0.2.7", "[::1]:8025", "localhost:8025", "a.localhost", "mailpit",
          "mailpit:8025", "mx.example.org", "MX.EXAMPLE.ORG:80", "mx.example.org.", "x.test",
          "mailpit.ns.svc.cluster.local", "mail.example.com:1", "a.b.ci.example.com", ""})
        EXPECT_EQ(foreign_to(ours), std::nullopt) << ours;
    for (const auto* others : {"example.org", "evil.example.com", "ci.example.com", "latest.com",
                               "x.mx.example.org", "localhost.evil.org", "1.2.3.4.nip.io"})
        EXPECT_EQ(foreign_to(others), Foreign::host) << others;
}

TEST(ConsoleAccess, RefusesPagesOfOtherOrigins)
{
    for (const auto* own : {"http://mailpit:8025", "https://MAILPIT:8025"})
        EXPECT_EQ(foreign_to("mailpit:8025", {{"Origin", own}}, "DELETE"), std::nullopt) << own;
    EXPECT_EQ(foreign_to("mailpit:80", {{"Origin", "http://mailpit"}}), std::nullopt);
    EXPECT_EQ(foreign_to("mailpit:443", {{"Origin", "https://mailpit"}}), std::nullopt);
    for (const auto* other : {"null", "http://evil.example", "http://mailpit", "http://mailpit:80",
                              "http://mailpit:8025.evil.example", "mailpit:8025", ""})
        EXPECT_EQ(foreign_to("mailpit:8025", {{"Origin", other}}, "DELETE"), Foreign::origin)
            << other;
}

TEST(ConsoleAccess, RefusesWhatBrowsersFetchForOtherPages)
{
    const auto fetched = [](std::string_view site, std::string_view mode, std::string_view as,
                            std::string_view method = "GET") {
        return foreign_to(
            "localhost",
            {{"Sec-Fetch-Site", site}, {"Sec-Fetch-Mode", mode}, {"Sec-Fetch-Dest", as}}, method);
    };
    EXPECT_EQ(fetched("same-origin", "cors", "empty"), std::nullopt);
    EXPECT_EQ(fetched("none", "navigate", "document"), std::nullopt);
    EXPECT_EQ(fetched("cross-site", "navigate", "document"), std::nullopt); // a link
    EXPECT_EQ(fetched("cross-site", "navigate", "document", "POST"), Foreign::origin);
    EXPECT_EQ(fetched("cross-site", "navigate", "iframe"), Foreign::origin);
    EXPECT_EQ(fetched("cross-site", "no-cors", "image"), Foreign::origin);
    EXPECT_EQ(fetched("same-site", "no-cors", "script"), Foreign::origin); // another port
}

TEST(ConsoleAccess, TakesCredentials)
{
    const auto of = [](std::string_view value) {
        return credentials(request_with({{"Authorization", value}}));
    };
    EXPECT_EQ(std::get<Password>(of("Basic YW5hOnM6ZWNyZXQ=")).user, "ana");
    EXPECT_EQ(std::get<Password>(of("Basic YW5hOnM6ZWNyZXQ=")).text, "s:ecret");
    EXPECT_EQ(std::get<Password>(of("basic  YW5hOg==")).text, "");
    EXPECT_EQ(std::get<Token>(of("BEARER abc")).text, "abc");
    for (const auto* nothing : {"", "Basic", "Basic !", "Basic YW5h", "Digest abc", "Bearerabc"})
        EXPECT_TRUE(std::holds_alternative<std::monostate>(of(nothing))) << nothing;
    config::Console options;
    options.tokens = {"0123456789abcdef", "fedcba9876543210"};
    EXPECT_TRUE(is_known(Token{"fedcba9876543210"}, options));
    for (const auto* wrong : {"", "0123456789abcde", "0123456789abcdef0", "0123456789abcdeg"})
        EXPECT_FALSE(is_known(Token{wrong}, options)) << wrong;
}

TEST(ConsoleAccess, KnowsLogins)
{
    config::Console options;
    options.logins = {"ana:s:ecret", "bo:$6$salt$bo's", "ana:$6$salt$ana's"};
    EXPECT_TRUE(options.asks());
    EXPECT_TRUE(is_known(Password{"ana", "s:ecret"}, options));
    for (const auto& wrong : {Password{"ana", "s:ecre"}, Password{"bo", "s:ecret"},
                              Password{"ana:s", "ecreT"}, Password{"bo", "$6$salt$bo's"}})
        EXPECT_FALSE(is_known(wrong, options)) << wrong.user << ':' << wrong.text;
    EXPECT_EQ(hashes_for({"ana", ""}, options), std::vector<std::string>{"$6$salt$ana's"});
    EXPECT_EQ(hashes_for({"an", ""}, options), std::vector<std::string>{});
    options.password_hash = "$6$salt$all's";
    EXPECT_EQ(hashes_for({"bo", ""}, options),
              (std::vector<std::string>{"$6$salt$all's", "$6$salt$bo's"}));
}

TEST(ConsoleAccess, LetsPagesOfListedOriginsAsk)
{
    const auto may = [](std::vector<std::string> listed, std::string_view origin) {
        config::Console options;
        options.cors = std::move(listed);
        return !foreign(request_with({{"Origin", origin}}, "DELETE"), "mailpit:8025", options,
                        "mx");
    };
    EXPECT_TRUE(may({"*"}, "https://evil.example"));
    EXPECT_TRUE(may({"*"}, "null"));
    EXPECT_TRUE(may({"app.test"}, "http://APP.test"));
    EXPECT_TRUE(may({"app.test"}, "https://app.test:5173"));
    EXPECT_TRUE(may({"a.test", "app.test:5173"}, "http://app.test:5173"));
    EXPECT_TRUE(may({"http://app.test"}, "http://app.test:5173"));
    EXPECT_TRUE(may({"http://[::1]:80"}, "http://[::1]:80"));
    EXPECT_TRUE(may({}, "http://mailpit:8025"));
    for (const auto* entry : {"app.test:5173", "https://app.test", "test", "http://app.test:5173"})
        EXPECT_FALSE(may({entry}, "http://app.test:8080")) << entry;
    EXPECT_FALSE(may({"app.test"}, "http://app.test.evil.example"));
    EXPECT_FALSE(may({"app.test"}, "null"));
    EXPECT_FALSE(may({}, "http://app.test"));
}

TEST(ConsoleAccess, TellsBrowsersOfListedOrigins)
{
    config::Console options;
    const auto fields = [&](std::string_view path, std::vector<http::Field> sent) {
        return cors_fields(request_with(std::move(sent)), path, options);
    };
    EXPECT_EQ(fields("/api/v1/messages", {{"Origin", "http://app.test"}}), "");
    options.cors = {"app.test"};
    EXPECT_EQ(fields("/api/v1/messages", {{"Origin", "http://app.test"}}),
              "Access-Control-Allow-Origin: http://app.test\r\n"
              "Access-Control-Allow-Methods: GET, POST, DELETE, PUT, OPTIONS\r\n"
              "Access-Control-Allow-Headers: *\r\n"
              "Vary: Origin\r\n");
    EXPECT_NE(fields("/view/x.html", {{"Origin", "http://app.test"}}), "");
    EXPECT_EQ(fields("/metrics", {{"Origin", "http://app.test"}}), "");
    EXPECT_EQ(fields("/api/v1/messages", {}), "");
    EXPECT_TRUE(is_preflight(
        request_with({{"Origin", "x"}, {"Access-Control-Request-Method", "PUT"}}, "OPTIONS")));
    EXPECT_FALSE(is_preflight(request_with({{"Origin", "x"}}, "OPTIONS")));
}

TEST(ConsoleAccess, FindsPathsUnderTheWebroot)
{
    EXPECT_EQ(without_webroot("/readyz", ""), "/readyz");
    EXPECT_EQ(without_webroot("/mail/readyz", "/mail"), "/readyz");
    EXPECT_EQ(without_webroot("/mail", "/mail"), "");
    EXPECT_EQ(without_webroot("/mails", "/mail"), std::nullopt);
    EXPECT_EQ(without_webroot("/readyz", "/mail"), std::nullopt);
}

} // namespace
} // namespace portico::console
