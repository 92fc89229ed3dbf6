#include "services/http/files.hpp"
#include "tests/http/talk.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace portico::http::test {

namespace {

std::string get(std::string_view target, std::string_view fields = "",
                std::string_view method = "GET")
{
    return std::string{method} + " " + std::string{target} + " HTTP/1.1\r\nHost: a.test:8080\r\n" +
           std::string{fields} + "\r\n";
}

Answer answer_to(std::string_view request, const config::Http& options,
                 Talk::Channel channel = Talk::Channel::clear)
{
    return answers(talk(request, options, channel).output).at(0);
}

constexpr std::string_view gzip_please = "Accept-Encoding: gzip\r\n";

} // namespace

TEST(HttpFiles, CompressesWhatShrinksAndHasNoSibling)
{
    rule("9110", "8.4.1.3", "gzip on the fly for text without a sibling, where it is wanted");
    const std::string thorough = "-" + gzip_name(Effort::thorough) + "\"";
    struct {
        std::string target, fields, coding;
    } cases[] = {
        {"/long.txt", "Accept-Encoding: gzip\r\n", "gzip"},
        {"/long.txt", "Accept-Encoding: br, gzip\r\n", "gzip"},
        {"/long.txt", "Accept-Encoding: x-gzip\r\n", "gzip"},
        {"/long.txt", "Accept-Encoding: *\r\n", "gzip"},
        {"/long.txt", "Accept-Encoding: br\r\n", ""},
        {"/long.txt", "Accept-Encoding: gzip;q=0\r\n", ""},
        {"/long.txt", "Accept-Encoding: gzip;q=0.5, identity\r\n", ""},
        {"/long.txt", "", ""},
        {"/a.txt", "Accept-Encoding: gzip\r\n", ""}, // too short to shrink
        {"/a.txt", "Accept-Encoding: gzip, identity;q=0\r\n", "gzip"},
        {"/empty.txt", "Accept-Encoding: gzip, identity;q=0\r\n", "gzip"},
        {"/long.txt", "Accept-Encoding: gzip\r\nRange: bytes=0-9999\r\n", ""},
        {"/long.png", "Accept-Encoding: gzip\r\n", ""},
    };
    for (const auto& [target, fields, coding] : cases) {
        SCOPED_TRACE(target + " " + fields);
        const auto answer = answer_to(get(target, fields), with_root());
        const auto& content = files().at(target.substr(1));
        EXPECT_EQ(answer.field("Content-Encoding"), coding);
        EXPECT_EQ(answer.content, coding.empty() ? content : gzip(content));
        EXPECT_EQ(answer.field("ETag").ends_with(thorough), !coding.empty());
        EXPECT_EQ(answer.field("Vary"), target == "/long.png" ? "" : "Accept-Encoding");
    }
    auto options = with_root();
    options.gzip = false;
    EXPECT_EQ(answer_to(get("/long.txt", gzip_please), options).content, long_text());
}

TEST(HttpFiles, OldClientsGetNoCompressionOnTheFly)
{
    auto old = answers(talk("GET /long.txt HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n").output);
    EXPECT_EQ(old.at(0).content, long_text());
}

TEST(HttpFiles, WhatIsCompressedOnTheFlyHasValidators)
{
    rule("9110", "8.8.3.3", "compressed on the fly: an entity-tag of its own, that of no sibling");
    const auto whole = answer_to(get("/long.txt", gzip_please), with_root());
    const auto tag = whole.field("ETag");
    EXPECT_EQ(whole.field("Accept-Ranges"), "");
    auto with = [&](const std::string& more) {
        return answer_to(get("/long.txt", std::string{gzip_please} + more), with_root());
    };
    const auto same = with("If-None-Match: " + tag + "\r\n");
    EXPECT_EQ(same.status, "304");
    EXPECT_EQ(same.field("ETag"), tag);
    EXPECT_EQ(same.field("Vary"), "Accept-Encoding");
    EXPECT_EQ(with("If-Match: " + tag + "\r\n").status, "200");
    EXPECT_EQ(with("If-Match: \"other\"\r\n").status, "412");
    // The range would be of another representation than the client has.
    const auto resumed = with("Range: bytes=10-\r\nIf-Range: " + tag + "\r\n");
    EXPECT_EQ(resumed.status, "200");
    EXPECT_EQ(resumed.content, long_text());
    EXPECT_EQ(with("Range: bytes=0-9\r\n").status, "206");
}

TEST(HttpFiles, WhatLiesThereCompressedSaysSo)
{
    rule("9110", "8.4", "image.svgz is SVG in gzip, for every client");
    for (std::string fields : {"", "Accept-Encoding: gzip\r\n", "Accept-Encoding: br\r\n",
                               "Accept-Encoding: gzip, identity;q=0\r\n"}) {
        const auto answer = answer_to(get("/image.svgz", fields), with_root());
        EXPECT_EQ(answer.status, "200");
        EXPECT_EQ(answer.content, files().at("image.svgz"));
        EXPECT_EQ(answer.field("Content-Encoding"), "gzip");
        EXPECT_EQ(answer.field("Content-Type"), "image/svg+xml; charset=utf-8");
        EXPECT_EQ(answer.field("Vary"), "");
    }
}

TEST(HttpFiles, CacheControlIsAsConfigured)
{
    rule("9110", "15.4.5", "304 has ETag, Vary and Cache-Control as 200 would have them");
    auto options = with_root();
    options.cache_control = {{"*.txt", "max-age=60"}, {"/docs/**", "no-cache"}};
    struct {
        std::string target, fields, status, value;
    } cases[] = {
        {"/a.txt", "", "200", "max-age=60"},
        {"/long.txt", "Range: bytes=0-9\r\n", "206", "max-age=60"},
        {"/a.txt", "If-None-Match: *\r\n", "304", "max-age=60"},
        {"/a.txt", "If-Match: \"other\"\r\n", "412", ""},
        {"/docs/", "", "200", "no-cache"},
        {"/docs/none.txt", "", "404", ""},
        {"/", "", "200", ""},
        {"/p.png", "", "200", ""},
    };
    for (const auto& [target, fields, status, value] : cases) {
        SCOPED_TRACE(target + " " + fields);
        const auto answer = answer_to(get(target, fields), options);
        EXPECT_EQ(answer.status, status);
        EXPECT_EQ(answer.field("Cache-Control"), value);
    }
}

TEST(HttpFiles, ListsFoldersWhereThatIsOn)
{
    auto options = with_root();
    struct {
        std::string target, listed, unlisted; // the status with and without
    } cases[] = {
        {"/bare/", "200", "404"},        {"/evil.example/", "200", "404"},
        {"/evil.example", "301", "301"}, {"/docs/", "200", "200"}, // index.html
        {"/none/", "404", "404"},        {"/a.txt/", "404", "404"},
    };
    for (const auto& [target, listed, unlisted] : cases) {
        SCOPED_TRACE(target);
        options.listing = true;
        EXPECT_EQ(answer_to(get(target), options).status, listed);
        options.listing = false;
        EXPECT_EQ(answer_to(get(target), options).status, unlisted);
    }
    options.listing = true;
    const auto page = answer_to(get("/bare/"), options);
    EXPECT_EQ(page.content, listing_page("bare/", {.entries = {{.name = "entry"}}}));
    EXPECT_EQ(page.field("Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(page.field("Cache-Control"), "no-cache");
    EXPECT_NE(page.field("Content-Security-Policy").find("default-src 'none'"), std::string::npos);
    EXPECT_EQ(page.field("ETag"), "");
    const auto coded = answer_to(get("/bare/", gzip_please), options);
    EXPECT_EQ(coded.field("Content-Encoding"), "gzip");
    EXPECT_EQ(coded.content, gzip(page.content));
    EXPECT_EQ(answer_to(get("/bare/", "Accept-Encoding: br, identity;q=0\r\n"), options).status,
              "406");
}

TEST(HttpFiles, RedirectsToHttps)
{
    rule("9110", "15.4.9", "redirect_to_https: 301 for GET and HEAD, 308 for the others");
    rule("6797", "7.2", "no Strict-Transport-Security in clear");
    auto options = with_root();
    options.redirect_to_https = true;
    options.strict_transport_security = "max-age=31536000";
    struct {
        std::string request, status, location;
        std::uint16_t port = 443;
    } cases[] = {
        {get("/a.txt"), "301", "https://a.test/a.txt"},
        {get("/a%20b/?q=1&r"), "301", "https://a.test/a%20b/?q=1&r"},
        {get("/none", "", "HEAD"), "301", "https://a.test/none"},
        {get("/a.txt", "", "DELETE"), "308", "https://a.test/a.txt"},
        {get("/a.txt", "Content-Length: 2\r\n", "POST") + "ab", "308", "https://a.test/a.txt"},
        {get("/a.txt"), "301", "https://a.test:8443/a.txt", 8443},
        {get("//evil.test/"), "301", "https://a.test//evil.test/"}, // no other host
        {get("http://b.test:81/x?y"), "301", "https://b.test/x?y"},
        {get("http://b.test?y"), "301", "https://b.test/?y"},
        {"GET /x HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "301", "https://[::1]/x"},
        {"GET /x HTTP/1.1\r\nHost: b.test.\r\n\r\n", "301", "https://b.test/x"},
        {"GET /x HTTP/1.0\r\n\r\n", "403", ""}, // nobody says where to
        {get("/../x"), "400", ""},
        {get("*", "", "OPTIONS"), "204", ""},
    };
    for (const auto& [request, status, location, port] : cases) {
        SCOPED_TRACE(request);
        options.https_port = port;
        const auto output = talk(request, options).output;
        const auto answer = answers(output, request.starts_with("HEAD")).at(0);
        EXPECT_EQ(answer.status, status);
        EXPECT_EQ(answer.field("Location"), location);
        EXPECT_EQ(answer.field("Strict-Transport-Security"), "");
    }
    EXPECT_EQ(answer_to(get("/a.txt"), options, Talk::Channel::tls).content, "alpha");
    options.names = {"c.test"};
    options.https_port = 443;
    EXPECT_EQ(answer_to("GET /x HTTP/1.0\r\n\r\n", options).field("Location"), "https://c.test/x");
}

TEST(HttpFiles, TransportSecurityIsToldOverTls)
{
    rule("6797", "7.1", "Strict-Transport-Security once in every answer over TLS");
    auto options = with_root();
    options.listing = true;
    options.strict_transport_security = "max-age=31536000";
    for (std::string target : {"/a.txt", "/none", "/docs", "/bare/", "/%zz", "/long.txt"}) {
        const auto answer = answer_to(get(target, gzip_please), options, Talk::Channel::tls);
        EXPECT_EQ(answer.field("Strict-Transport-Security"), "max-age=31536000") << target;
    }
    options.strict_transport_security = "";
    const auto answer = answer_to(get("/a.txt"), options, Talk::Channel::tls);
    EXPECT_EQ(answer.head.find("Strict-Transport"), std::string::npos);
}

// What has been prepared is taken as it is, as long as it is what the request wants.
TEST(HttpFiles, AnswersWithWhatIsPrepared)
{
    PreparedSet set;
    set[static_cast<std::size_t>(Coding::identity)] =
        std::make_shared<const Prepared>(Prepared{.head = "X: plain\r\n", .content = {}});
    set[static_cast<std::size_t>(Coding::gzip)] =
        std::make_shared<const Prepared>(Prepared{.head = "X: gzip\r\n", .content = "zipped"});
    const File file{.size = 1000, .modified = older, .changed = older.time_since_epoch()};
    struct {
        std::string name, value;   // a field of the request
        std::string prepared = ""; // what of it is taken
        Status status = Status::ok;
        std::uint64_t length = 1000;
    } cases[] = {
        {"Accept", "*/*", "X: plain\r\n"},
        {"Accept-Encoding", "gzip", "X: gzip\r\n", Status::ok, 6},
        {"Accept-Encoding", "gzip;q=0", "X: plain\r\n"},
        {"If-Match", "*", "X: plain\r\n"}, // as without it
        {"If-None-Match", "*", "", Status::not_modified, 0},
        {"If-Match", "\"other\"", "", Status::precondition_failed, 0},
        {"Range", "bytes=0-9", "", Status::partial_content, 10},
        {"Range", "lines=0-9", "X: plain\r\n"}, // a unit that is ignored
    };
    const auto site = with_root();
    for (const auto& [name, value, prepared, status, length] : cases) {
        SCOPED_TRACE(name + ": " + value);
        const Request request{.line = "GET /a.txt HTTP/1.1",
                              .method = "GET",
                              .target = "/a.txt",
                              .fields = {{.name = name, .value = value}}};
        FileRequest asked{request, site, noon};
        auto decision = asked.begin();
        while (auto* open = std::get_if<Open>(&decision))
            decision = open->file == "a.txt" ? asked.opened(file, &set)
                                             : asked.opened(std::unexpected{FileError::not_found});
        const auto& reply = std::get<Reply>(decision);
        EXPECT_EQ(reply.response.prepared, prepared);
        EXPECT_EQ(reply.response.status, status);
        EXPECT_EQ(reply.response.content_length, length);
        EXPECT_FALSE(reply.keep);
        EXPECT_FALSE(reply.gzip);
    }
}

TEST(HttpFiles, SaysWhatMayBeKept)
{
    struct {
        std::string accepted;
        std::chrono::sys_seconds modified;
        std::optional<Coding> keep;
    } cases[] = {
        {"identity", older, Coding::identity},
        {"gzip", older, Coding::gzip},
        {"identity", noon, Coding::identity},
        {"identity", noon + std::chrono::seconds{1}, std::nullopt}, // Last-Modified will change
    };
    const auto site = with_root();
    for (const auto& [accepted, modified, keep] : cases) {
        const Request request{.line = "GET /a.txt HTTP/1.1",
                              .method = "GET",
                              .target = "/a.txt",
                              .fields = {{.name = "Accept-Encoding", .value = accepted}}};
        FileRequest asked{request, site, noon};
        auto decision = asked.begin();
        while (auto* open = std::get_if<Open>(&decision))
            decision = open->file == "a.txt"
                           ? asked.opened(File{.size = 1000, .modified = modified})
                           : asked.opened(std::unexpected{FileError::not_found});
        EXPECT_EQ(std::get<Reply>(decision).keep, keep) << accepted;
    }
}

} // namespace portico::http::test
