#include "net/server.hpp"
#include "services/http/service.hpp"
#include "tests/http/talk.hpp"
#include "tests/net/client.hpp"
#include "tests/net/log.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

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
        service.emplace(options, "mx.example.test", authority, registry, pool, nullptr);
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
