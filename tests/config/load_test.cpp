#include "config/load.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <variant>
#include <vector>

namespace portico::config {
namespace {

struct Case {
    std::string_view text;
    std::vector<std::string_view> problems; // as `portico check` prints them
};

std::vector<std::string> problems_of(std::string_view text)
{
    std::vector<std::string> lines;
    const auto loaded = parse(text, "t");
    if (!loaded) {
        for (const Problem& problem : loaded.error()) lines.push_back(to_string(problem));
    }
    return lines;
}

int line_of(std::string_view text, std::string_view what)
{
    return 1 + static_cast<int>(std::ranges::count(text.substr(0, text.find(what)), '\n'));
}

void expect_problems(const Case& test)
{
    const std::vector<std::string> expected{test.problems.begin(), test.problems.end()};
    EXPECT_EQ(problems_of(test.text), expected) << test.text;
}

Config config_of(std::string_view text)
{
    auto loaded = parse(text, "t");
    EXPECT_TRUE(loaded) << text << '\n' << to_string(loaded.error().front());
    return loaded ? loaded->config : Config{};
}

TEST(Load, AnEmptyFileIsTheSandbox)
{
    const auto config = config_of("");
    EXPECT_EQ(config.host, Host{});
    EXPECT_EQ(config.mail, Mail{});
    ASSERT_EQ(config.ports.size(), 3U);
    EXPECT_EQ(config.ports[0].port, 80);
    EXPECT_EQ(config.ports[1].port, 110);
    EXPECT_EQ(config.ports[2].port, 25);
    EXPECT_TRUE(config.loopback_only());
}

TEST(Load, SitesHaveNamesOfTheirOwn)
{
    const std::vector<Case> cases{
        {"[[site]]\n",
         {"t:1:1: [[site]] has no root (expected: the path of a directory)",
          "t:1:1: [[site]] has no names (expected: a list of host names, such as "
          "[\"example.test\", \"*.example.test\"])"}},
        {"[[site]]\nroot = 'r'\nnames = ['A.test', '*.b', '127.0.0.1']\n"
         "[[site]]\nroot = 's'\nnames = ['a.TEST', 'x_y', '*']\n",
         {"t:6:10: \"a.TEST\" belongs to the [[site]] in line 1 already (expected: a name in one "
          "site, once)",
          "t:6:20: \"x_y\" is no host name (expected: a list of host names, such as "
          "[\"example.test\", \"*.example.test\"])",
          "t:6:27: \"*\" is no host name (expected: a list of host names, such as "
          "[\"example.test\", \"*.example.test\"])"}},
        {"[[port]]\nport = 80\nservice = 'http'\nsite = 'a'\n",
         {"t:4:8: there is no [[site]] \"a\" (expected: a name of a [[site]])"}},
        {"[[site]]\nroot = 'r'\nnames = ['a']\n[[port]]\nport = 25\nservice = 'smtp'\nsite = 'a'\n",
         {"t:7:8: smtp has no sites (expected: site with service = \"http\" only)"}},
    };
    for (const auto& test : cases) expect_problems(test);
    const auto config = config_of("[http]\nlisting = true\n[[site]]\nroot = 'r'\nnames = ['A']\n"
                                  "[[port]]\nport = 80\nservice = 'http'\nsite = 'a'\n");
    EXPECT_TRUE(config.sites.at(0).listing);
    EXPECT_EQ(config.sites.at(0).line, 3);
    EXPECT_EQ(config.ports.at(0).site, "a");
}

TEST(Load, DefaultPortsTakeTheFilesOptions)
{
    const auto config = config_of("[http]\nroot = '/srv'\n[smtp]\nmax_errors = 7\n");
    EXPECT_EQ(std::get<Http>(config.ports[0].options).root, "/srv");
    EXPECT_EQ(std::get<Smtp>(config.ports[2].options).max_errors, 7U);
}

TEST(Load, ReadsEveryKey)
{
    const std::string_view text = R"(
        [host]
        name = "mx.example.test"
        data = "d"
        threads = 4
        grace = "500ms"
        max_connections = 1000
        max_connections_per_peer = 50
        require_all_ports = true
        port_file = "p"
        [log]
        format = "json"
        level = "debug"
        file = "l"
        [mail]
        accept = "listed"
        max_message_size = "100 MiB"
        inline_bytes = 1
        queue_bytes = "1GiB"
        durability = "relaxed"
        read_ahead_bytes = "1MiB"
        max_messages = 1000000
        max_bytes = "1 TiB"
        max_mailbox_messages = 5
        max_mailbox_bytes = 6
        max_age = "30d"
        when_full = "expire"
        [auth]
        mode = "listed"
        allow_plaintext = true
        failure_delay_max = "0s"
        delay_loopback = true
        failures_per_session = 3
        password_cache_size = 4
        password_cache_time = "1h"
        [tls]
        min_version = "1.3"
        handshake_timeout = "4s"
        names = ["mail.example.test", "192.0.2.1"]
        [[certificate]]
        certificate = "c"
        key = "k"
        [http]
        root = "r"
        max_request_line = "1 KiB"
        max_header_bytes = 2048
        max_headers = 3
        max_body = 0
        max_requests = 4
        cache_bytes = 0
        listing = true
        max_listing = 8
        symlinks = "follow"
        gzip = false
        cache_control = ["*.css: max-age=1", "/a/**: no-store"]
        redirect_to_https = true
        https_port = 8443
        strict_transport_security = "max-age=2"
        header_timeout = 5
        body_timeout = "8s"
        access_log = "a"
        access_log_format = "json"
        access_log_buffer = "64 KiB"
        keep_alive_timeout = "6s"
        write_timeout = "7 s"
        [inspect]
        max_delay = "1s"
        max_bytes = 2
        max_lines = 3
        max_headers = 4
        [[site]]
        names = ["*.Example.test"]
        root = "s"
        gzip = true
        [smtp]
        auth = "off"
        strict = false
        max_received = 200
        max_text_line = 1000
        max_recipients = 100
        max_errors = 1
        command_timeout = "1h"
        data_timeout = "2m"
        write_timeout = "3m"
        [pop3]
        idle_timeout = "11m"
        write_timeout = "1s"
        max_errors = 2
        [[account]]
        name = "ana"
        addresses = ["ana@example.test", "*@ana.test"]
        password = "$6$salt$hash"
        [[account]]
        name = "bot"
        secret = "s"
        [[port]]
        port = "auto"
        service = "smtp"
        bind = ["0.0.0.0", "0:0::0"]
        tls = "starttls"
        require_tls = true
        auth = "required"
        max_recipients = 200
        [console]
        open = true
        max_waiters = 7
        password_hash = "$6$salt$hash"
        tokens = ["0123456789abcdef"]
        logins = ["ana:$6$salt$hash", "bo:b:o"]
        hosts = ["*.Example.test"]
        cors = ["http://App.test:5173", "[::1]"]
        webroot = "mail/x/"
        label = "Grüße"
        work_bytes = "3 MiB"
        search_text = "4 KiB"
        max_body = 5
    )";
    const auto config = config_of(text);
    EXPECT_EQ(config.file, "t");
    EXPECT_EQ(config.host, (Host{"mx.example.test", "d", 4, 500ms, 1000, 50, true, "p"}));
    EXPECT_EQ(config.log, (Log{Log::Format::json, Log::Level::debug, "l"}));
    EXPECT_EQ(config.mail,
              (Mail{Mail::Accept::listed, 100 << 20, 1, 1 << 30, 1 << 20, Mail::Durability::relaxed,
                    1'000'000, std::uint64_t{1} << 40, 5, 6, 30 * 24h, Mail::WhenFull::expire}));
    EXPECT_EQ(config.auth, (Auth{Auth::Mode::listed, true, 0s, true, 3, 4, 1h}));
    EXPECT_EQ(config.tls, (Tls{Tls::Version::tls_1_3, 4s, {"mail.example.test", "192.0.2.1"}}));
    EXPECT_EQ(config.certificates,
              (std::vector<Certificate>{{"c", "k", line_of(text, "[[certificate]]")}}));
    const HttpConnection limits{
        1024, 2048, 3, 0, 4, 5s, 8s, 6s, 7s, "a", HttpConnection::LogFormat::json, 64 << 10};
    const Site site{{},
                    "r",
                    true,
                    8,
                    Site::Symlinks::follow,
                    false,
                    {{"*.css", "max-age=1"}, {"/a/**", "no-store"}},
                    true,
                    8443,
                    "max-age=2",
                    0};
    EXPECT_EQ(std::get<Http>(config.services), (Http{limits, site, 0}));
    EXPECT_EQ(std::get<Inspect>(config.services).max_delay, 1s);
    EXPECT_EQ(std::get<Inspect>(config.services).max_bytes, 2U);
    EXPECT_EQ(std::get<Inspect>(config.services).max_lines, 3U);
    EXPECT_EQ(std::get<Inspect>(config.services).max_headers, 4U);
    const auto& console = std::get<Console>(config.services);
    EXPECT_TRUE(console.open);
    EXPECT_EQ(console.max_waiters, 7U);
    EXPECT_EQ(console.password_hash, "$6$salt$hash");
    EXPECT_EQ(console.tokens, std::vector<std::string>{"0123456789abcdef"});
    EXPECT_EQ(console.logins, (std::vector<std::string>{"ana:$6$salt$hash", "bo:b:o"}));
    EXPECT_EQ(console.hosts, std::vector<std::string>{"*.example.test"});
    EXPECT_EQ(console.cors, (std::vector<std::string>{"http://app.test:5173", "[::1]"}));
    EXPECT_EQ(console.webroot, "/mail/x");
    EXPECT_EQ(console.label, "Grüße");
    EXPECT_EQ(console.work_bytes, 3U << 20);
    EXPECT_EQ(console.search_text, 4096U);
    EXPECT_EQ(console.max_body, 5U);
    ASSERT_EQ(config.sites.size(), 1U);
    EXPECT_EQ(config.sites[0].names, std::vector<std::string>{"*.example.test"});
    EXPECT_EQ(config.sites[0].root, "s");
    EXPECT_TRUE(config.sites[0].gzip);           // its own
    EXPECT_EQ(config.sites[0].https_port, 8443); // of [http]
    EXPECT_EQ(std::get<Smtp>(config.services),
              (Smtp{Smtp::Auth::off, false, 200, 1000, 100, 1, 1h, 2min, 3min}));
    EXPECT_EQ(std::get<Pop3>(config.services), (Pop3{11min, 1s, 2}));
    ASSERT_EQ(config.accounts.size(), 2U);
    EXPECT_EQ(config.accounts[0], (Account{"ana",
                                           {"ana@example.test", "*@ana.test"},
                                           "$6$salt$hash",
                                           "",
                                           line_of(text, "[[account]]")}));
    EXPECT_EQ(config.accounts[1],
              (Account{"bot", {}, "", "s", line_of(text, "name = \"bot\"") - 1}));
    ASSERT_EQ(config.ports.size(), 1U);
    EXPECT_EQ(config.ports[0].port, 0);
    EXPECT_EQ(config.ports[0].line, line_of(text, "[[port]]"));
    EXPECT_EQ(config.ports[0].bind, (std::vector<std::string>{"0.0.0.0", "::"}));
    EXPECT_EQ(std::get<Smtp>(config.ports[0].options),
              (Smtp{Smtp::Auth::required, false, 200, 1000, 200, 1, 1h, 2min, 3min}));
    EXPECT_EQ(config.ports[0].tls, PortTls::starttls);
    EXPECT_TRUE(config.ports[0].require_tls);
    EXPECT_TRUE(config.uses_tls());
}

TEST(Load, NamesUnknownKeysAndWhatWasMeant)
{
    const Case cases[] = {
        {"[hots]\n", {"t:1:2: unknown table \"hots\" (expected: host)"}},
        {"[smtp]\nmax_recipient = 5\n",
         {"t:2:1: unknown key \"max_recipient\" in [smtp] (expected: max_recipients)"}},
        {"[tls]\nzzz = 5\n",
         {"t:2:1: unknown key \"zzz\" in [tls] "
          "(expected: one of min_version, handshake_timeout, names)"}},
        {"[smtp]\nmax_message_size = 5\n",
         {"t:2:1: unknown key \"max_message_size\" in [smtp] "
          "(expected: it in [mail], where it belongs)"}},
        {"[[port]]\nport = 25\nservice = 'smtp'\nroot = '/'\n",
         {"t:4:1: unknown key \"root\" in a [[port]] of smtp "
          "(expected: it in [[site]] or in [http], where it belongs)"}},
        {"\"a\\nb\" = 1\n",
         {"t:1:1: unknown key \"a\\x0ab\" "
          "(expected: one of host, log, mail, http, smtp, pop3, inspect, console, auth, tls, "
          "certificate, "
          "account, site, port)"}},
    };
    for (const Case& test : cases) expect_problems(test);
}

struct Bounds {
    std::string_view table, key;
    std::vector<std::string_view> right, wrong;
};

void check(std::string_view table, const Bounds& row)
{
    for (const auto value : row.right)
        EXPECT_EQ(problems_of(fmt::format("[{}]\n{} = {}\n", table, row.key, value)),
                  std::vector<std::string>{});
    for (const auto value : row.wrong) {
        const auto loaded = parse(fmt::format("[{}]\n{} = {}\n", table, row.key, value), "t");
        ASSERT_FALSE(loaded) << row.key << " = " << value;
        ASSERT_EQ(loaded.error().size(), 1U) << row.key << " = " << value;
        EXPECT_EQ(loaded.error()[0].line, 2);
        EXPECT_EQ(loaded.error()[0].column, static_cast<int>(row.key.size()) + 4);
        EXPECT_FALSE(loaded.error()[0].remedy.empty());
    }
}

bool is_known(std::string_view table, std::string_view key)
{
    return std::ranges::any_of(known_keys(), [&](const KnownKeys& known) {
        return known.table == table && std::ranges::find(known.keys, key) != known.keys.end();
    });
}

TEST(Load, ChecksTheRulesOfCachingOneByOne)
{
    for (const std::string_view rule : {"x", ": x", "x: ", "a/b: x", "x:y", "x: \\n", "x:  y"}) {
        const auto loaded =
            parse(fmt::format("[http]\ncache_control = [\"*: a\", \"{}\"]\n", rule), "t");
        ASSERT_FALSE(loaded) << rule;
        ASSERT_EQ(loaded.error().size(), 1U) << rule;
        EXPECT_EQ(loaded.error()[0].column, 26) << rule;
    }
}

TEST(Load, ChecksTheConsolesListsOneByOne)
{
    const std::pair<std::string_view, std::vector<std::string_view>> wrong[] = {
        {"logins", {"", "ana", ":x", "ana:", "a:\\n"}},
        {"cors", {"", "http://", "a b", "a:", "a:x", "ftp://a", "http://a/", "::1", "[a]", "*.a"}}};
    for (const auto& [key, entries] : wrong) {
        for (const auto entry : entries) {
            const auto loaded =
                parse(fmt::format("[console]\n{} = [\"a:1\", \"{}\"]\n", key, entry), "t");
            ASSERT_FALSE(loaded) << key << ' ' << entry;
            ASSERT_EQ(loaded.error().size(), 1U) << key << ' ' << entry;
            EXPECT_EQ(loaded.error()[0].line, 2) << key << ' ' << entry;
        }
    }
}

TEST(Load, ChecksTheRangeOfEveryNumberSizeAndTime)
{
    const std::vector<std::string_view> times{"1", "'1ms'", "'24h'", "86400"};
    const std::vector<std::string_view> no_times{"0",
                                                 "-1",
                                                 "'0s'",
                                                 "'25h'",
                                                 "86401",
                                                 "'5min'",
                                                 "'5 M'",
                                                 "'-5s'",
                                                 "''",
                                                 "true",
                                                 "1.5",
                                                 "'1.5s'",
                                                 "['5s']",
                                                 "9223372036854775807",
                                                 "'99999999999999999999s'"};
    const Bounds table[] = {
        {"host", "threads", {"0", "256"}, {"257", "-1", "'2'", "1.0"}},
        {"host", "grace", times, no_times},
        {"host", "max_connections", {"0", "10000000"}, {"-1", "10000001", "'5'"}},
        {"host", "max_connections_per_peer", {"0", "10000000"}, {"-1", "10000001", "'5'"}},
        {"host", "require_all_ports", {"true", "false"}, {"1", "'true'"}},
        {"host", "name", {"'a'", "'a-b.c'"}, {"''", "'a..b'", "'-a'", "'a_b'", "'a '", "1"}},
        {"host", "data", {"'x'"}, {"1", "\"a\\u0000b\""}},
        {"host", "port_file", {"''"}, {"false"}},
        {"log", "format", {"'text'", "'json'"}, {"'xml'", "1"}},
        {"log", "level", {"'debug'", "'info'", "'warn'", "'error'"}, {"'warning'", "true"}},
        {"log", "file", {"'x'"}, {"1"}},
        {"mail", "accept", {"'any'", "'listed'"}, {"'none'", "true"}},
        {"mail",
         "max_message_size",
         {"65536", "'64 KiB'", "'1 TiB'"},
         {"65535", "'63 KiB'", "'2 TiB'", "'64 KB'", "'64'", "-1", "1.5", "'99999999999 TiB'"}},
        {"mail", "inline_bytes", {"1", "'16 MiB'"}, {"0", "'17 MiB'"}},
        {"mail", "queue_bytes", {"'1 MiB'"}, {"1", "0"}},
        {"mail", "durability", {"'full'", "'relaxed'"}, {"'none'", "true"}},
        {"mail", "read_ahead_bytes", {"0", "'1 GiB'"}, {"-1", "'2048 GiB'"}},
        {"mail", "max_messages", {"0", "1000000000000"}, {"-1", "'5'", "1000000000001"}},
        {"mail", "max_bytes", {"0", "1", "'1024 TiB'"}, {"-1", "'1025 TiB'", "'x'"}},
        {"mail", "max_mailbox_messages", {"0", "1000000000000"}, {"-1", "'5'"}},
        {"mail", "max_mailbox_bytes", {"0", "'1024 TiB'"}, {"-1", "'1025 TiB'"}},
        {"mail", "max_age", {"0", "'0s'", "'30d'", "'36500d'"}, {"-1", "'36501d'", "'30 days'"}},
        {"mail", "when_full", {"'refuse'", "'expire'"}, {"'drop'", "true"}},
        {"auth", "mode", {"'any'", "'listed'"}, {"'nobody'", "1"}},
        {"auth", "allow_plaintext", {"true", "false"}, {"'yes'", "1"}},
        {"auth", "failure_delay_max", {"'0s'", "0", "'1m'"}, {"'2m'", "-1", "true"}},
        {"auth", "delay_loopback", {"true", "false"}, {"0"}},
        {"auth", "failures_per_session", {"1"}, {"0", "'1'"}},
        {"auth", "password_cache_size", {"0", "1000000"}, {"-1", "1000001", "'1'"}},
        {"auth", "password_cache_time", times, no_times},
        {"tls", "min_version", {"'1.2'", "'1.3'"}, {"'1.1'", "1.2", "'ssl3'"}},
        {"tls", "handshake_timeout", times, no_times},
        {"tls", "names", {"[]", "['a.b', '::1']"}, {"'a.b'", "true"}},
        {"http", "root", {"'x'"}, {"1"}},
        {"http", "max_request_line", {"1", "'1 MiB'"}, {"0", "'2 MiB'", "'x'"}},
        {"http", "max_header_bytes", {"1", "'16 MiB'"}, {"0", "'17 MiB'", "'x'"}},
        {"http", "max_headers", {"1", "100000"}, {"0", "100001", "'x'"}},
        {"http", "max_body", {"0", "'1 TiB'"}, {"-1", "'2 TiB'"}},
        {"http", "max_requests", {"1"}, {"0", "'1'"}},
        {"http", "cache_bytes", {"0", "'1 TiB'"}, {"-1", "'2 TiB'"}},
        {"http", "header_timeout", times, no_times},
        {"http", "keep_alive_timeout", times, no_times},
        {"http", "write_timeout", times, no_times},
        {"http", "body_timeout", times, no_times},
        {"http", "listing", {"true"}, {"1"}},
        {"http", "max_listing", {"1", "1000000"}, {"0", "1000001"}},
        {"http", "symlinks", {"'inside'", "'refuse'", "'follow'"}, {"'no'", "true"}},
        {"http", "gzip", {"false"}, {"'no'"}},
        {"http",
         "cache_control",
         {"[]", "['*: no-store']", "['/a/*/**: max-age=1, public']"},
         {"''", "true"}},
        {"http", "redirect_to_https", {"true"}, {"'yes'"}},
        {"http", "https_port", {"1", "65535"}, {"0", "65536"}},
        {"http",
         "strict_transport_security",
         {"''", "'max-age=0'", "'max-age=1; includeSubDomains; preload'"},
         {"'on'", "'max-age='", "'max-age=x'", "\"max-age=1\\r\\nX: y\""}},
        {"http", "access_log", {"'x'"}, {"1"}},
        {"http", "access_log_format", {"'json'", "'combined'"}, {"'common'"}},
        {"http", "access_log_buffer", {"'64 KiB'", "'1 GiB'"}, {"1", "'2 GiB'"}},
        {"inspect", "max_delay", {"'0s'", "'1h'"}, {"'2h'", "'x'"}},
        {"inspect", "max_bytes", {"1", "'1 GiB'"}, {"0", "'2 GiB'"}},
        {"inspect", "max_lines", {"1", "1000000"}, {"0", "1000001"}},
        {"console", "open", {"true"}, {"'yes'"}},
        {"console", "work_bytes", {"'1 MiB'", "'1 TiB'"}, {"1023", "'2 TiB'"}},
        {"console", "search_text", {"1024", "'16 MiB'"}, {"1023", "'17 MiB'"}},
        {"console", "max_waiters", {"1", "1000000"}, {"0", "1000001"}},
        {"console", "password_hash", {"'$6$salt$hash'"}, {"'secret'", "1"}},
        {"console", "tokens", {"[]", "['0123456789abcdef']"}, {"'x'", "true"}},
        {"console", "hosts", {"['a.b', '*.c']"}, {"'a'", "true"}},
        {"console", "logins", {"['a:b', 'a:b:c']"}, {"'a:b'", "true"}},
        {"console",
         "cors",
         {"['*']", "['a.b', 'a:1', '[::1]:1', 'https://127.0.0.1:65535']"},
         {"'*'", "true"}},
        {"console",
         "webroot",
         {"''", "'/'", "'x'", "'/x'", "'/x-1/._~y/'"},
         {"'///'", "'/x//y'", "'../x'", "'/x/.'", "'/x y'", "'/%78'", "'/x?'", "1"}},
        {"console", "label", {"''", "'a b'"}, {"1", "\"a\\nb\""}},
        {"smtp", "auth", {"'offered'", "'required'", "'off'"}, {"'on'", "true"}},
        {"smtp", "strict", {"true", "false"}, {"'true'"}},
        {"smtp", "max_received", {"100"}, {"99", "'100'"}},
        {"smtp", "max_text_line", {"1000", "'1 TiB'"}, {"999", "'2 TiB'"}},
        {"smtp", "max_recipients", {"100", "1000000"}, {"99", "0", "-1", "1000001"}},
        {"smtp", "max_errors", {"1"}, {"0", "'1'"}},
        {"smtp", "command_timeout", times, no_times},
        {"smtp", "data_timeout", times, no_times},
        {"smtp", "write_timeout", times, no_times},
        {"pop3", "idle_timeout", {"600", "'10m'"}, {"599", "'9m'", "'25h'", "true"}},
        {"pop3", "write_timeout", times, no_times},
        {"pop3", "max_errors", {"1"}, {"0", "'1'"}},
    };
    for (const Bounds& row : table) check(row.table, row);
    // What every port that speaks HTTP has is read for all alike.
    std::size_t keys_of_all = 0;
    for (const Bounds& row : table) {
        if (row.table != "http" || !is_known("[inspect]", row.key)) continue;
        for (const auto* other : {"inspect", "console"}) {
            check(other, row);
            ++keys_of_all;
        }
    }
    // Every key of a plain table has its row.
    std::size_t keys = 0;
    for (const KnownKeys& known : known_keys()) {
        if (!known.table.empty() && !known.table.starts_with("[[")) keys += known.keys.size();
    }
    EXPECT_EQ(std::size(table) + keys_of_all, keys);
}

TEST(Load, SaysWhatWouldBeRight)
{
    const Case cases[] = {
        {"[smtp]\nmax_recipients = '5'\n",
         {"t:2:18: max_recipients is a string "
          "(expected: a number from 100 to 1000000, by RFC 5321 section 4.5.3.1.8)"}},
        {"[pop3]\nidle_timeout = '9m'\n",
         {"t:2:16: idle_timeout \"9m\" is out of range (expected: a time from \"10m\" to \"24h\", "
          "in ms, s, m, h or d, or in seconds, by RFC 1939 section 3)"}},
        {"[log]\nlevel = 'inf'\n", {"t:2:9: unknown level \"inf\" (expected: \"info\")"}},
        {"[[smtp]]\n",
         {"t:1:1: smtp is an array (expected: [smtp], in single brackets: there is one)"}},
        {"[port]\nport = 25\n",
         {"t:1:1: port is a table (expected: [[port]], in double brackets: there may be many)"}},
        {"[mail]\ninline_bytes = '2 MiB'\nqueue_bytes = '1 MiB'\n",
         {"t:1:1: [mail] inline_bytes is larger than queue_bytes (expected: inline_bytes not above "
          "queue_bytes, in which such messages wait)"}},
    };
    for (const Case& test : cases) expect_problems(test);
}

TEST(Load, AsksWhoMayUseAConsole)
{
    const std::string port = "[auth]\nmode = 'any'\n[[port]]\nport = 8025\nservice = 'console'\n";
    const std::string open_port = port + "bind = ['0.0.0.0']\n";
    const std::string problem =
        "t:3:1: the console is open to other machines, but who may use it is not written down "
        "(expected: password_hash, logins or tokens in [console] or, if you mean it, open = true)";
    EXPECT_EQ(problems_of(open_port), std::vector{problem});
    EXPECT_EQ(problems_of(open_port + "[console]\nopen = false\n"), std::vector{problem});
    EXPECT_EQ(problems_of(open_port + "[console]\ntokens = ['a secret of 8']\n"),
              std::vector<std::string>{"t:8:11: a token that can be guessed (expected: a list of "
                                       "texts of at least 16 characters each)"});
    EXPECT_EQ(problems_of(port + "[console]\nhosts = ['*']\n").size(), 1U);
    for (const auto* fine :
         {"open = true\n", "password_hash = '$6$salt$hash'\n", "tokens = ['0123456789abcdef']\n"})
        EXPECT_TRUE(config_of(open_port + fine).ports.size() == 1) << fine;
    EXPECT_TRUE(config_of(port).ports.size() == 1);
}

TEST(Load, ReportsAllProblemsInTheOrderOfTheFile)
{
    const auto lines = problems_of("[pop3]\nmax_errors = 0\nx = 1\n[host]\nthreads = 'x'\n[http]\n"
                                   "max_headers = 0\n");
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_TRUE(lines[0].starts_with("t:2:14: "));
    EXPECT_TRUE(lines[1].starts_with("t:3:1: "));
    EXPECT_TRUE(lines[2].starts_with("t:5:11: "));
    EXPECT_TRUE(lines[3].starts_with("t:7:15: "));
}

TEST(Load, ChecksPorts)
{
    constexpr std::string_view number = "a number from 1 to 65535, or \"auto\"";
    const std::pair<std::string_view, std::string> cases[] = {
        {"port = 0\nservice = 'http'",
         fmt::format("t:2:8: port 0 is out of range (expected: {})", number)},
        {"port = 65536\nservice = 'http'",
         fmt::format("t:2:8: port 65536 is out of range (expected: {})", number)},
        {"port = '25'\nservice = 'http'",
         fmt::format("t:2:8: port \"25\" is not a number (expected: {})", number)},
        {"port = true\nservice = 'http'",
         fmt::format("t:2:8: port is a boolean (expected: {})", number)},
        {"service = 'http'", fmt::format("t:1:1: [[port]] has no port (expected: {})", number)},
        {"port = 25", "t:1:1: [[port]] has no service (expected: \"http\" or \"smtp\" or \"pop3\" "
                      "or \"inspect\" or \"console\")"},
        {"port = 25\nservice = 'smpt'", "t:3:11: unknown service \"smpt\" (expected: \"smtp\")"},
        {"port = 25\nservice = 'ftp-data'", "t:3:11: unknown service \"ftp-data\" (expected: "
                                            "\"http\" or \"smtp\" or \"pop3\" or \"inspect\" or "
                                            "\"console\")"},
        {"port = 80\nservice = 'http'\ntls = 'starttls'",
         "t:4:7: HTTP has no STARTTLS (expected: \"implicit\" (https) or \"none\")"},
        {"port = 25\nservice = 'smtp'\ntls = 'ssl'",
         "t:4:7: unknown tls \"ssl\" (expected: \"none\" or \"starttls\" or \"implicit\")"},
        {"port = 25\nservice = 'smtp'\nrequire_tls = true",
         "t:4:15: require_tls on a port without TLS, where nobody could get on (expected: tls = "
         "\"starttls\" or \"implicit\" beside it)"},
        {"port = 25\nservice = 'smtp'\nmax_recipients = 5",
         "t:4:18: max_recipients 5 is out of range "
         "(expected: a number from 100 to 1000000, by RFC 5321 section 4.5.3.1.8)"},
    };
    for (const auto& [text, problem] : cases)
        EXPECT_EQ(problems_of(fmt::format("[[port]]\n{}\n", text)),
                  std::vector<std::string>{problem});
    for (const auto bind : {"['localhost']", "[]", "'127.0.0.1'", "[1]", "['127.0.0.1:25']",
                            "['1.2.3']", "['fe80::1%eth0']", "['']"})
        EXPECT_EQ(
            problems_of(fmt::format("[[port]]\nport=1\nservice='http'\nbind={}\n", bind)).size(),
            1U)
            << bind;
}

TEST(Load, FindsPortsThatClaimTheSame)
{
    const auto two = [](std::string_view one, std::string_view other) {
        return problems_of(fmt::format("auth.mode = 'any'\n[[port]]\nport = 25\nservice = 'smtp'\n"
                                       "bind = [{}]\n[[port]]\nport = 25\nservice = 'http'\n"
                                       "bind = [{}]\n",
                                       one, other));
    };
    EXPECT_EQ(
        two("'127.0.0.1'", "'127.0.0.1'"),
        std::vector<std::string>{"t:9:9: port 25 of 127.0.0.1 is claimed by the [[port]] in "
                                 "line 2 already (expected: another port or another address)"});
    EXPECT_EQ(two("'0.0.0.0'", "'127.0.0.1'").size(), 1U);
    EXPECT_EQ(two("'127.0.0.1'", "'0.0.0.0'").size(), 1U);
    EXPECT_EQ(two("'::1'", "'0:0::1'").size(), 1U);
    EXPECT_EQ(two("'::1'", "'::'").size(), 1U);
    EXPECT_EQ(two("'::'", "'0.0.0.0'").size(), 0U);
    EXPECT_EQ(two("'127.0.0.1'", "'127.0.0.2'").size(), 0U);
    EXPECT_EQ(two("'127.0.0.1', '127.0.0.1'", "'::1'").size(), 1U);
    EXPECT_TRUE(problems_of("[[port]]\nport='auto'\nservice='http'\n[[port]]\nport='auto'\n"
                            "service='http'\n")
                    .empty());
}

TEST(Load, WantsTheAuthModeWrittenDownForAnOpenPort)
{
    constexpr std::string_view port =
        "[[port]]\nport=25\nservice='smtp'\nbind=['127.0.0.1','::']\n";
    const auto lines = problems_of(port);
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_TRUE(lines[0].starts_with("t:4:19: a port is open to other machines")) << lines[0];
    EXPECT_NE(lines[0].find("mode = \"listed\""), std::string::npos);
    EXPECT_TRUE(
        problems_of(fmt::format("[auth]\n{}", port))[0].starts_with("t:1:1: a port is open"));
    EXPECT_TRUE(problems_of(fmt::format("auth.mode = 'any'\n{}", port)).empty());
    EXPECT_TRUE(problems_of(fmt::format("auth.mode = 'listed'\n{}", port)).empty());
}

TEST(Load, AllowsPlaintextWhereNobodyElseCanListen)
{
    EXPECT_TRUE(config_of("").plaintext_allowed());
    EXPECT_FALSE(config_of("auth.allow_plaintext = false").plaintext_allowed());
    constexpr std::string_view open =
        "[auth]\nmode = 'any'\n{}\n[[port]]\nport = 25\nservice = 'smtp'\nbind = ['0.0.0.0']\n";
    EXPECT_FALSE(config_of(fmt::format(open, "")).plaintext_allowed());
    EXPECT_TRUE(config_of(fmt::format(open, "allow_plaintext = true")).plaintext_allowed());
}

TEST(Load, ChecksCertificatesAndTheNamesOfTheTestAuthority)
{
    EXPECT_EQ(problems_of("[[certificate]]\nkey = 'k'\n"),
              std::vector<std::string>{"t:1:1: [[certificate]] has no certificate "
                                       "(expected: the path of a file in PEM)"});
    EXPECT_EQ(problems_of("[[certificate]]\ncertificate = 'c'\n").size(), 1U);
    EXPECT_EQ(problems_of("tls.names = ['a', 'no name']"),
              std::vector<std::string>{
                  "t:1:19: \"no name\" is no host name and no IP address (expected: a list of "
                  "names of this host, such as [\"mail.example.test\", \"192.0.2.1\"])"});
}

TEST(Load, ChecksAccounts)
{
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"secret = 'x'", "t:1:1: [[account]] has no name"},
        {"name = ''", "t:2:8: name \"\" is not right"},
        {"name = 'a b'", "t:2:8: name \"a b\" is not right"},
        {"name = 'a'\nsecret = ''", "t:3:10: secret is not right"},
        {"name = 'a'\nsecret = 5", "t:3:10: secret is an integer"},
        {"name = 'a'\npassword = '$6$s$h'\nsecret = 'b'",
         "t:1:1: [[account]] has a password and a secret"},
        {"name = 'a'\naddresses = 'a@b'", "t:3:13: addresses is a string"},
        {"name = 'a'\naddresses = [1]", "t:3:14: an entry of addresses is an integer"},
        {"name = 'a'\naddresses = ['a']", "t:3:14: \"a\" is not an address"},
        {"name = 'a'\naddresses = ['@b']", "t:3:14: \"@b\" is not an address"},
        {"name = 'a'\naddresses = ['a*@b']", "t:3:14: \"a*@b\" is not an address"},
        {"name = 'a'\naddresses = ['*@']", "t:3:14: \"*@\" is not an address"},
        {"name = 'a'\n[[account]]\nname = 'A'",
         "t:3:1: the [[account]] in line 1 is named \"A\" already"},
        {"name = 'a'\naddresses = ['x@y']\n[[account]]\nname = 'b'\naddresses = ['X@Y']",
         "t:6:14: \"X@Y\" belongs to the [[account]] in line 1 already"},
    };
    for (const auto& [text, problem] : cases) {
        const auto lines = problems_of(fmt::format("[[account]]\n{}\n", text));
        ASSERT_EQ(lines.size(), 1U) << text;
        EXPECT_TRUE(lines[0].starts_with(problem)) << lines[0];
    }
    EXPECT_EQ(problems_of("[[account]]\nname='a'\n[auth]\nmode='listed'\n").size(), 1U);
    EXPECT_EQ(problems_of("[[account]]\nname='a'\n").size(), 0U);
}

TEST(Load, WarnsWhenNobodyIsListed)
{
    const auto loaded = parse("[auth]\nmode = 'listed'\n", "t");
    ASSERT_TRUE(loaded);
    ASSERT_EQ(loaded->warnings.size(), 1U);
    EXPECT_EQ(loaded->warnings[0].line, 1);
}

TEST(Load, NeverQuotesASecret)
{
    for (const auto value :
         {"'hunter2'", "hunter2", "'hunter2", "\"hunter2", "\"hunter2\\q\"", "\"\\hunter2\"",
          "['hunter2']", "{hunter2 = 1}", "2hunter2", "0xhunter2", "'hunter2' hunter2",
          "\"\"\"hunter2", "'hunter2'\n= hunter2", "1979-hunter2", "+hunter2", "true_hunter2",
          "\"hunter2\n\""}) {
        for (const auto* key : {"password", "secret"}) {
            const auto lines = problems_of(
                fmt::format("[[account]]\nname = 'a'\naddresses = 1\n{} = {}\n", key, value));
            ASSERT_FALSE(lines.empty()) << value;
            for (const auto& line : lines) EXPECT_EQ(line.find("nter2"), std::string::npos) << line;
        }
    }
    // Digits are not quoted either, though they would be a number.
    const auto lines = problems_of("[[account]]\nsecret = 99999999999999999999\n");
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].find("9999"), std::string::npos) << lines[0];
}

TEST(Load, TellsWhereTheTextIsNoToml)
{
    for (const auto& [text, place] :
         {std::pair{"[host\n", "t:1:6: not valid TOML: "}, std::pair{"a = 1\na = 2\n", "t:2:"},
          std::pair{"a = \n", "t:1:5: "}, std::pair{"\xff", "t:1:"}}) {
        const auto lines = problems_of(text);
        ASSERT_EQ(lines.size(), 1U) << text;
        EXPECT_TRUE(lines[0].starts_with(place)) << lines[0];
    }
}

// Found by the fuzzer: undefined behaviour in toml++ 3.3.
TEST(Load, TakesLettersBeyondAsciiForWhatTheyAre)
{
    EXPECT_EQ(problems_of("prot \xc3\x83t]\n").size(), 1U);
    EXPECT_EQ(problems_of("gr\xc3\xbc\xc3\x9f = 1\n").size(), 1U);
    EXPECT_EQ(problems_of("[host] # \xc3\xbc\ndata = '\xc3\xbc'\n").size(), 0U);
}

TEST(Load, RefusesWhatIsTooLarge)
{
    EXPECT_EQ(problems_of(std::string(1 << 20, '\n')), std::vector<std::string>{});
    EXPECT_EQ(
        problems_of(std::string((1 << 20) + 1, '\n')),
        std::vector<std::string>{"t: too large for a configuration (expected: at most 1 MiB)"});
}

class LoadFile : public testing::Test {
protected:
    void SetUp() override
    {
        const auto* test = testing::UnitTest::GetInstance()->current_test_info();
        folder_ = std::filesystem::temp_directory_path() /
                  fmt::format("portico-config-{}-{}", test->name(), ::getpid());
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path write(std::string_view text, std::filesystem::perms mode)
    {
        const auto path = folder_ / "portico.toml";
        std::ofstream{path} << text;
        std::filesystem::permissions(path, mode);
        return path;
    }

    std::filesystem::path folder_;
};

TEST_F(LoadFile, WarnsOfASecretThatOthersCanRead)
{
    using std::filesystem::perms;
    constexpr std::string_view secret = "\n[[account]]\nname = 'a'\nsecret = 'hunter2'\n";
    constexpr std::string_view hash = "[[account]]\nname = 'a'\npassword = '$6$s$h'\n";
    const auto own = perms::owner_read | perms::owner_write;
    const auto loaded = load(write(secret, own | perms::group_read));
    ASSERT_TRUE(loaded);
    ASSERT_EQ(loaded->warnings.size(), 1U);
    EXPECT_EQ(loaded->warnings[0].line, 2);
    EXPECT_NE(loaded->warnings[0].what.find("0640"), std::string::npos);
    EXPECT_EQ(to_string(loaded->warnings[0]).find("hunter2"), std::string::npos);
    EXPECT_TRUE(load(write(secret, own))->warnings.empty());
    EXPECT_TRUE(load(write(hash, own | perms::others_read))->warnings.empty());
}

TEST_F(LoadFile, SaysWhyItCannotBeRead)
{
    for (const auto& path : {folder_, folder_ / "missing"}) {
        const auto loaded = load(path);
        ASSERT_FALSE(loaded);
        ASSERT_EQ(loaded.error().size(), 1U);
        EXPECT_EQ(loaded.error()[0].line, 0);
        EXPECT_EQ(loaded.error()[0].file, path.string());
    }
}

} // namespace
} // namespace portico::config
