#include "net/server.hpp"
#include "services/http/service.hpp"
#include "tests/http/gunzip.hpp"
#include "tests/http/talk.hpp"
#include "tests/net/client.hpp"
#include "tests/net/log.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace portico::http::test {

namespace {

namespace fs = std::filesystem;
using tests::Client;
using namespace std::chrono_literals;

/// The service over loopback, on a root with a small and a large file.
class HttpService : public testing::Test {
protected:
    HttpService()
    {
        auto pattern = (fs::temp_directory_path() / "portico-http-XXXXXX").string();
        if (!::mkdtemp(pattern.data())) throw std::runtime_error{"mkdtemp"};
        root = pattern;
        for (int i = 0; large.size() < 3'000'000; ++i) large += std::to_string(i) + "\n";
        std::ofstream{root / "small.txt"} << "alpha";
        std::ofstream{root / "large.txt"} << large;
        options.root = root;
    }
    ~HttpService() override
    {
        stop();
        fs::remove_all(root);
    }

    net::Endpoint start()
    {
        service.emplace(options, "mx.example.test", authority, registry, pool, nullptr, sites);
        server.emplace(reactor, registry, net::ServerLimits{}, log);
        auto ports = server->listen({asio::ip::make_address("127.0.0.1")}, 0, {"http", "the test"},
                                    *service);
        EXPECT_TRUE(ports.at(0).has_value());
        thread = std::jthread{[this] { server->run(); }};
        return *ports[0];
    }
    void stop()
    {
        if (!thread.joinable()) return;
        server->stop();
        thread.join();
    }

    fs::path root;
    std::string large;
    config::Http options;
    std::vector<config::Site> sites;
    std::string authority;
    net::Pool pool{2};
    tests::KeptLog log;
    net::Reactor reactor{2};
    net::Registry registry{reactor};
    std::optional<Service> service;
    std::optional<net::Server> server;
    std::jthread thread;
};

std::string get(std::string_view target, std::string_view more = "")
{
    return "GET " + std::string{target} + " HTTP/1.1\r\nHost: here\r\n" + std::string{more} +
           "\r\n";
}

constexpr std::string_view last = "Connection: close\r\n";

// The content of a chunked answer, or nothing if it has no end (RFC 9112 section 7.1).
std::optional<std::string> unchunk(std::string_view answer)
{
    std::string content;
    answer.remove_prefix(answer.find("\r\n\r\n") + 4);
    for (;;) {
        const auto end = answer.find("\r\n");
        if (end == answer.npos) return std::nullopt;
        const auto length = std::stoul(std::string{answer.substr(0, end)}, nullptr, 16);
        answer.remove_prefix(end + 2);
        if (length == 0) return answer == "\r\n" ? std::optional{content} : std::nullopt;
        if (answer.size() < length + 2) return std::nullopt;
        content += answer.substr(0, length);
        answer.remove_prefix(length + 2);
    }
}

} // namespace

TEST_F(HttpService, ServesFilesOfAllSizes)
{
    Client client{start()};
    client.send(get("/small.txt") + get("/large.txt") + get("/none") + get("/small.txt", last));
    auto all = answers(client.rest());
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(all[0].content, "alpha");
    EXPECT_EQ(all[1].status, "200");
    EXPECT_TRUE(all[1].content == large);
    EXPECT_EQ(all[2].status, "404");
    EXPECT_EQ(all[3].content, "alpha");
}

TEST_F(HttpService, AnswersAHundredPipelinedRequests)
{
    Client client{start()};
    std::string requests;
    for (int i = 0; i < 99; ++i) requests += get(i % 2 ? "/small.txt" : "/none");
    client.send(requests + get("/small.txt", last));
    auto all = answers(client.rest());
    ASSERT_EQ(all.size(), 100U);
    for (std::size_t i = 0; i < 99; ++i) EXPECT_EQ(all[i].status, i % 2 ? "200" : "404");
}

TEST_F(HttpService, HeadHasNoContent)
{
    Client client{start()};
    client.send("HEAD /large.txt HTTP/1.0\r\n\r\n");
    auto all = answers(client.rest(), true);
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].field("Content-Length"), std::to_string(large.size()));
}

TEST_F(HttpService, AFileThatShrinksEndsTheConnection)
{
    Client client;
    client.take_little(); // so that most of it is not on its way yet
    client.connect(start());
    client.send(get("/large.txt") + get("/small.txt"));
    client.receive(1000);
    fs::resize_file(root / "large.txt", 10);
    auto rest = client.rest();
    EXPECT_LT(rest.size(), large.size());
    EXPECT_FALSE(rest.ends_with("alpha")); // it would be taken for content of the large one
}

TEST_F(HttpService, ASlowReaderGetsAllOfALargeFileEvenIfTheServerStops)
{
    Client client;
    client.take_little();
    client.connect(start());
    client.send(get("/large.txt"));
    auto all = client.receive(1000);
    server->stop();
    all += client.rest();
    EXPECT_EQ(answers(all).at(0).content.size(), large.size());
    EXPECT_TRUE(all.ends_with(large));
}

TEST_F(HttpService, WhoTakesNothingOfALargeFileIsCutOff)
{
    options.write_timeout = 200ms;
    Client client;
    client.take_little();
    client.connect(start());
    client.send(get("/large.txt"));
    client.receive(1000);
    stop(); // returns, since the talk ends by itself
    EXPECT_LT(client.rest().size(), large.size());
}

TEST_F(HttpService, AChangedSmallFileIsSeen)
{
    auto endpoint = start();
    Client client{endpoint};
    std::string answer;
    // Which of both it is within the first second is up to the clock; tests/http/cache_test.cpp
    // has its own. That it comes at all is shown here.
    client.send(get("/small.txt"));
    EXPECT_TRUE(client.receive(20).starts_with("HTTP/1.1 200"));
    std::ofstream{root / "small.txt"} << "omega";
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!answer.ends_with("omega") && std::chrono::steady_clock::now() < end) {
        Client again{endpoint};
        again.send(get("/small.txt", last));
        answer = again.rest();
        EXPECT_TRUE(answer.ends_with("alpha") || answer.ends_with("omega"));
    }
    EXPECT_TRUE(answer.ends_with("omega"));
}

TEST_F(HttpService, CompressesSmallFilesOnce)
{
    const auto text = large.substr(0, 20'000);
    std::ofstream{root / "text.txt"} << text;
    Client client{start()};
    const std::string accepted = "Accept-Encoding: br, gzip\r\n";
    std::string requests;
    for (int i = 0; i < 20; ++i) requests += get("/text.txt", accepted) + get("/text.txt");
    requests += get("/text.txt", accepted + "If-None-Match: *\r\n");
    client.send(requests + get("/text.txt", accepted + std::string{last}));
    auto all = answers(client.rest());
    ASSERT_EQ(all.size(), 42U);
    auto head = [](const Answer& of) { return of.head.substr(of.head.find("Server:")); };
    for (std::size_t i = 0; i < 40; ++i) {
        // What is answered from memory is said in the same words.
        EXPECT_EQ(head(all[i]), head(all[i % 2]));
        EXPECT_EQ(all[i].field("Content-Encoding"), i % 2 ? "" : "gzip");
        EXPECT_EQ(i % 2 ? all[i].content : gunzip(all[i].content), text);
    }
    EXPECT_EQ(all[40].status, "304");
    EXPECT_EQ(all[40].field("ETag"), all[0].field("ETag"));
    EXPECT_EQ(gunzip(all[41].content), text);
}

TEST_F(HttpService, CompressesLargeFilesAsTheyAreSent)
{
    Client client{start()};
    const std::string accepted = "Accept-Encoding: gzip\r\n";
    client.send("HEAD /large.txt HTTP/1.1\r\nHost: here\r\n" + accepted + "\r\n" +
                get("/large.txt", accepted + std::string{last}));
    const auto all = client.rest();
    const auto body = all.find("HTTP/1.1", 1);
    ASSERT_NE(body, std::string::npos);
    const auto head = answers(all.substr(0, body)).at(0);
    EXPECT_EQ(head.field("Content-Encoding"), "gzip");
    EXPECT_EQ(head.field("Content-Length"), "");
    EXPECT_EQ(head.content, "");
    const auto coded = unchunk(std::string_view{all}.substr(body));
    ASSERT_TRUE(coded.has_value());
    EXPECT_LT(coded->size(), large.size() / 2);
    EXPECT_TRUE(gunzip(*coded) == large);
}

TEST_F(HttpService, ALargeFileThatShrinksWhileItIsCompressedHasNoEnd)
{
    std::string noise(8'000'000, '\0'); // so that it does not fit into what is on its way
    unsigned seed = 1;
    for (auto& octet : noise) octet = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
    std::ofstream{root / "noise.txt"} << noise;
    Client client;
    client.take_little();
    client.connect(start());
    client.send(get("/noise.txt", "Accept-Encoding: gzip\r\n") + get("/small.txt"));
    const auto some = client.receive(1000);
    fs::resize_file(root / "noise.txt", 10);
    EXPECT_FALSE(unchunk(some + client.rest()).has_value());
}

TEST_F(HttpService, ListsFolders)
{
    options.listing = true;
    options.max_listing = 2;
    fs::create_directory(root / "folder");
    std::ofstream{root / "folder" / "a.txt"} << "a";
    Client client{start()};
    client.send(get("/folder/") + get("/") + get("/folder/", "Accept-Encoding: gzip\r\n") +
                get("/none/", last));
    auto all = answers(client.rest());
    ASSERT_EQ(all.size(), 4U);
    EXPECT_NE(all[0].content.find("href=\"a.txt\""), std::string::npos);
    EXPECT_EQ(all[0].content.find("and more"), std::string::npos);
    EXPECT_NE(all[1].content.find("and more"), std::string::npos); // there are three
    EXPECT_EQ(gunzip(all[2].content), all[0].content);
    EXPECT_EQ(all[3].status, "404");
}

TEST_F(HttpService, EachSiteHasItsOwnFilesAndWays)
{
    fs::create_directory(root / "one");
    fs::create_directory(root / "two");
    std::ofstream{root / "one" / "a.txt"} << "of one";
    std::ofstream{root / "two" / "a.txt"} << "of two";
    fs::create_symlink("../small.txt", root / "one" / "link.txt");
    fs::create_symlink("../small.txt", root / "two" / "link.txt");
    sites.resize(3);
    sites[0].names = {"one.test"};
    sites[0].root = root / "one";
    sites[0].cache_control = {{"*", "no-cache"}};
    sites[1].names = {"*.two.test"};
    sites[1].root = root / "two";
    sites[1].symlinks = config::Site::Symlinks::follow;
    sites[2].names = {"safe.test"};
    sites[2].root = root / "two";
    sites[2].redirect_to_https = true;
    Client client{start()};
    auto at = [](std::string_view host, std::string_view target, std::string_view more = "") {
        return "GET " + std::string{target} + " HTTP/1.1\r\nHost: " + std::string{host} + "\r\n" +
               std::string{more} + "\r\n";
    };
    std::string requests;
    for (int round = 0; round < 2; ++round) // then from memory
        requests += at("one.test", "/a.txt") + at("WWW.two.test:80", "/a.txt") +
                    at("other.test", "/small.txt") + at("other.test", "/a.txt") +
                    at("one.test", "/link.txt") + at("www.two.test", "/link.txt") +
                    at("other.test", "http://one.test/a.txt") + at("safe.test", "/a.txt");
    client.send(requests + at("one.test", "/", last));
    auto all = answers(client.rest());
    ASSERT_EQ(all.size(), 17U);
    for (std::size_t i = 0; i < 16; i += 8) {
        EXPECT_EQ(all[i].content, "of one");
        EXPECT_EQ(all[i].field("Cache-Control"), "no-cache");
        EXPECT_EQ(all[i + 1].content, "of two");
        EXPECT_EQ(all[i + 1].field("Cache-Control"), "");
        EXPECT_EQ(all[i + 2].content, "alpha");
        EXPECT_EQ(all[i + 3].status, "404");
        EXPECT_EQ(all[i + 4].status, "404");
        EXPECT_EQ(all[i + 5].content, "alpha");
        EXPECT_EQ(all[i + 6].content, "of one"); // the target's authority goes before Host
        EXPECT_EQ(all[i + 7].field("Location"), "https://safe.test/a.txt");
    }
}

TEST_F(HttpService, WelcomesWithoutARoot)
{
    options.root.clear();
    auto endpoint = start();
    Client client{endpoint};
    client.send(get("/", last));
    auto all = answers(client.rest());
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].status, "200");
    EXPECT_NE(all[0].content.find("<code>127.0.0.1:" + std::to_string(endpoint.port) + "</code>"),
              std::string::npos);
    EXPECT_NE(all[0].content.find("<h1>mx.example.test</h1>"), std::string::npos);
}

TEST_F(HttpService, HandsOutTheTestAuthority)
{
    options.root.clear();
    authority = "-----BEGIN CERTIFICATE-----\n";
    Client client{start()};
    client.send(get("/ca.pem") + get("/", last));
    auto all = answers(client.rest());
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].content, authority);
    EXPECT_EQ(all[0].field("Content-Type"), "application/x-pem-file");
    EXPECT_NE(all[1].content.find("href=\"/ca.pem\""), std::string::npos);
}

TEST_F(HttpService, WithoutATestAuthorityThereIsNoFile)
{
    options.root.clear();
    Client client{start()};
    client.send(get("/ca.pem", last));
    EXPECT_EQ(answers(client.rest()).at(0).status, "404");
}

TEST_F(HttpService, ASlowHeadIsTimedOut)
{
    options.header_timeout = 200ms;
    Client client{start()};
    client.send("GET / HT");
    auto all = answers(client.rest());
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].status, "408");
}

TEST_F(HttpService, AnIdleConnectionEndsSilently)
{
    options.keep_alive_timeout = 200ms;
    Client client{start()};
    client.send(get("/small.txt"));
    auto all = answers(client.rest());
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].status, "200");
}

TEST_F(HttpService, WhatCountsForAConnectionCountsWhileItIsIdleToo)
{
    options.max_requests = 2;
    Client client{start()};
    client.send(get("/small.txt"));
    const auto first = client.some();
    EXPECT_FALSE(first.ends_with("Connection: close\r\n\r\nalpha"));
    client.send("\r\n"); // RFC 9112 section 2.2: ignored, so there is still no request
    client.send(get("/small.txt"));
    EXPECT_TRUE(client.rest().ends_with("Connection: close\r\n\r\nalpha"));
}

TEST_F(HttpService, ASecondEmptyLineIsRefusedWheneverItComes)
{
    Client client{start()};
    client.send("\r\n");
    EXPECT_FALSE(client.comes_within(10ms));
    client.send("\r\n");
    EXPECT_TRUE(client.rest().starts_with("HTTP/1.1 400 "));
}

TEST_F(HttpService, AStopLetsARequestEnd)
{
    auto endpoint = start();
    Client idle{endpoint};
    idle.send(get("/small.txt"));
    EXPECT_FALSE(idle.receive(10).empty()); // both are being served from here on
    Client busy{endpoint};
    busy.send(get("/small.txt") + "GET /small.txt HTTP/1.1\r\n");
    EXPECT_FALSE(busy.receive(10).empty());
    server->stop();
    EXPECT_TRUE(idle.rest().ends_with("alpha"));
    busy.send("Host: here\r\n\r\n");
    auto rest = busy.rest();
    EXPECT_TRUE(rest.ends_with("alpha"));
    EXPECT_NE(rest.find("Connection: close\r\n"), std::string::npos);
}

TEST_F(HttpService, RefusesWithAWholeAnswer)
{
    start();
    auto all = answers(service->refusal());
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].status, "503");
    EXPECT_EQ(all[0].field("Connection"), "close");
    EXPECT_EQ(all[0].field("Retry-After"), "1");
}

TEST_F(HttpService, DoesNotStartWithoutItsRoot)
{
    options.root = root / "nowhere";
    EXPECT_THROW(Service(options, "h", "", registry, pool, nullptr), std::runtime_error);
}

} // namespace portico::http::test
