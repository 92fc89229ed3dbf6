#include "services/mailpit/environment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace portico::mailpit {
namespace {

using namespace std::chrono_literals;
using config::Config;
using config::Console;
using config::Pop3;
using config::PortTls;
using config::Smtp;

struct Applied {
    Config config = defaults();
    std::vector<std::string> errors, warnings;
};

/// One file there is: "/users".
Applied applied(Values values, Config to = defaults())
{
    Applied result{.config = std::move(to), .errors = {}, .warnings = {}};
    const auto outcome =
        apply(values, result.config,
              [](const std::filesystem::path& path) -> std::expected<std::string, std::string> {
                  if (path == "/users")
                      return "ana:in clear\n"
                             "bo:$6$salt$hash\n";
                  if (path == "/good") return "ana:clear\r\n\tbo:$6$salt$hash\n";
                  return std::unexpected{std::string{"cannot be read"}};
              });
    for (const auto& error : outcome.errors) result.errors.push_back(to_string(error));
    for (const auto& warning : outcome.warnings) result.warnings.push_back(to_string(warning));
    return result;
}

const config::Port* port_of(const Config& config, std::uint16_t number)
{
    const auto found = std::ranges::find(config.ports, number, &config::Port::port);
    return found == config.ports.end() ? nullptr : &*found;
}

template <typename Section>
const Section& options_at(const Config& config, std::uint16_t number)
{
    return std::get<Section>(port_of(config, number)->options);
}

const Console& console(const Config& config)
{
    return options_at<Console>(config, 8025);
}
const Smtp& smtp(const Config& config)
{
    return options_at<Smtp>(config, 1025);
}

TEST(MailpitEnvironment, DefaultsAreMailpitsPorts)
{
    const auto plain = applied({});
    EXPECT_TRUE(plain.errors.empty());
    EXPECT_TRUE(plain.warnings.empty());
    for (const auto number : {smtp_port, console_port, pop3_port})
        EXPECT_EQ(port_of(plain.config, number)->bind, (std::vector<std::string>{"0.0.0.0", "::"}));
    EXPECT_TRUE(console(plain.config).open);
    EXPECT_TRUE(plain.config.plaintext_allowed());
}

TEST(MailpitEnvironment, EachVariableBecomesConfiguration)
{
    struct Row {
        Values values;
        std::function<bool(const Config&)> holds;
    };
    const Row table[] = {
        {{{"MP_DATABASE", "/data/mailpit.db"}},
         [](const Config& config) { return config.host.data == "/data/mailpit.portico"; }},
        {{{"MP_DATA_FILE", "/data/old.db"}},
         [](const Config& config) { return config.host.data == "/data/old.portico"; }},
        {{{"MP_DATA_FILE", "/data/old.db"}, {"MP_DATABASE", "/data/new.db"}},
         [](const Config& config) { return config.host.data == "/data/new.portico"; }},
        {{{"MP_MAX_MESSAGES", "5000"}},
         [](const Config& config) {
             return config.mail.max_messages == 5000 &&
                    config.mail.when_full == config::Mail::WhenFull::expire;
         }},
        {{{"MP_MAX_MESSAGES", "0"}},
         [](const Config& config) { return config.mail.max_messages == 0; }},
        {{{"MP_MAX_AGE", "7d"}},
         [](const Config& config) { return config.mail.max_age == 7 * 24h; }},
        {{{"MP_MAX_MESSAGE_SIZE", "20"}},
         [](const Config& config) { return config.mail.max_message_size == 20U << 20; }},
        {{{"MP_MAX_MESSAGE_SIZE", "0"}},
         [](const Config& config) {
             return config.mail.max_message_size == std::uint64_t{1} << 40;
         }},
        {{{"MP_LABEL", "staging"}},
         [](const Config& config) { return console(config).label == "staging"; }},
        {{{"MP_VERBOSE", "true"}},
         [](const Config& config) { return config.log.level == config::Log::Level::debug; }},
        {{{"MP_QUIET", "YES"}},
         [](const Config& config) { return config.log.level == config::Log::Level::error; }},
        {{{"MP_LOG_FILE", "/l"}}, [](const Config& config) { return config.log.file == "/l"; }},
        {{{"MP_UI_BIND_ADDR", "127.0.0.1:9025"}},
         [](const Config& config) {
             return !port_of(config, 8025) &&
                    port_of(config, 9025)->bind == std::vector<std::string>{"127.0.0.1"} &&
                    options_at<Console>(config, 9025).open;
         }},
        {{{"MP_SMTP_BIND_ADDR", ":2525"}},
         [](const Config& config) {
             return !port_of(config, 1025) && port_of(config, 2525)->bind.size() == 2 &&
                    port_of(config, 2525)->service() == "smtp";
         }},
        {{{"MP_POP3_BIND_ADDR", "[::1]:2110"}},
         [](const Config& config) {
             return !port_of(config, 1110) &&
                    port_of(config, 2110)->bind == std::vector<std::string>{"::1"};
         }},
        {{{"MP_WEBROOT", "mail/"}},
         [](const Config& config) { return console(config).webroot == "/mail"; }},
        {{{"MP_WEBROOT", "/"}},
         [](const Config& config) { return console(config).webroot.empty(); }},
        {{{"MP_UI_AUTH", "ana:clear bo:$2y$05$hash"}},
         [](const Config& config) {
             return console(config).asks() &&
                    console(config).logins ==
                        std::vector<std::string>{"ana:clear", "bo:$2y$05$hash"};
         }},
        {{{"MP_UI_AUTH_FILE", "/good"}},
         [](const Config& config) {
             return console(config).logins ==
                    std::vector<std::string>{"ana:clear", "bo:$6$salt$hash"};
         }},
        {{{"MP_UI_TLS_CERT", "c"}, {"MP_UI_TLS_KEY", "k"}},
         [](const Config& config) {
             return port_of(config, 8025)->tls == PortTls::implicit &&
                    port_of(config, 1025)->tls == PortTls::none && config.certificates.size() == 1;
         }},
        {{{"MP_SMTP_TLS_CERT", "c"}, {"MP_SMTP_TLS_KEY", "k"}},
         [](const Config& config) {
             return port_of(config, 1025)->tls == PortTls::starttls &&
                    !port_of(config, 1025)->require_tls &&
                    config.certificates == std::vector<config::Certificate>{{"c", "k", 0}};
         }},
        {{{"MP_SMTP_TLS_CERT", "sans:a.test,b.test"}},
         [](const Config& config) {
             return port_of(config, 1025)->tls == PortTls::starttls &&
                    config.certificates.empty() &&
                    config.tls.names == std::vector<std::string>{"a.test", "b.test"};
         }},
        {{{"MP_SMTP_TLS_CERT", "c"},
          {"MP_SMTP_TLS_KEY", "k"},
          {"MP_SMTP_REQUIRE_STARTTLS", "true"}},
         [](const Config& config) {
             return port_of(config, 1025)->tls == PortTls::starttls &&
                    port_of(config, 1025)->require_tls;
         }},
        {{{"MP_SMTP_TLS_CERT", "c"}, {"MP_SMTP_TLS_KEY", "k"}, {"MP_SMTP_REQUIRE_TLS", "1"}},
         [](const Config& config) { return port_of(config, 1025)->tls == PortTls::implicit; }},
        {{{"MP_POP3_TLS_CERT", "c"}, {"MP_POP3_TLS_KEY", "k"}},
         [](const Config& config) { return port_of(config, 1110)->tls == PortTls::implicit; }},
        {{{"MP_SMTP_AUTH_ACCEPT_ANY", "1"}, {"MP_SMTP_AUTH_ALLOW_INSECURE", "1"}},
         [](const Config& config) {
             return config.auth.mode == config::Auth::Mode::any &&
                    smtp(config).auth == Smtp::Auth::offered && config.plaintext_allowed();
         }},
        {{{"MP_SMTP_AUTH_ACCEPT_ANY", "1"}, {"MP_SMTP_TLS_CERT", "sans:a"}},
         [](const Config& config) { return !config.plaintext_allowed(); }},
        {{{"MP_SMTP_AUTH", "ana:clear bo:$6$salt$hash"}, {"MP_SMTP_AUTH_ALLOW_INSECURE", "yes"}},
         [](const Config& config) {
             return config.auth.mode == config::Auth::Mode::listed &&
                    smtp(config).auth == Smtp::Auth::required && config.accounts.size() == 2 &&
                    config.accounts[0].secret == "clear" &&
                    config.accounts[1].password == "$6$salt$hash" &&
                    config.mail.accept == config::Mail::Accept::any;
         }},
        {{{"MP_SMTP_AUTH_FILE", "/good"}, {"MP_SMTP_AUTH_ALLOW_INSECURE", "true"}},
         [](const Config& config) { return config.accounts.size() == 2; }},
        {{{"MP_SMTP_MAX_RECIPIENTS", "500"}},
         [](const Config& config) { return smtp(config).max_recipients == 500; }},
        {{{"MP_API_CORS", "http://App.test:5173, other.test,*"}},
         [](const Config& config) {
             return console(config).cors ==
                    std::vector<std::string>{"http://app.test:5173", "other.test", "*"};
         }},
        {{{"MP_ALLOWED_HOSTS", "Mail.Example.com"}},
         [](const Config& config) {
             return console(config).hosts == std::vector<std::string>{"mail.example.com"};
         }},
        {{{"MP_ENABLE_PROMETHEUS", "true"}}, [](const Config&) { return true; }},
        {{{"MP_DISABLE_VERSION_CHECK", "true"}}, [](const Config&) { return true; }},
        {{{"MP_SMTP_DISABLE_RDNS", "true"}}, [](const Config&) { return true; }},
    };
    for (const auto& [values, holds] : table) {
        const auto& name = values.begin()->first;
        const auto result = applied(values);
        EXPECT_EQ(result.errors, std::vector<std::string>{}) << name;
        EXPECT_EQ(result.warnings, std::vector<std::string>{}) << name;
        EXPECT_TRUE(holds(result.config)) << name << '=' << values.begin()->second;
        for (const auto& [known, value] : values) EXPECT_TRUE(find(known)) << known;
    }
}

TEST(MailpitEnvironment, TheEmptyAndTheUnknownAreNothing)
{
    Values values{{"MP_NO_SUCH_THING", "1"}};
    for (const auto& variable : variables()) values.emplace(variable.name, "");
    const auto result = applied(values);
    EXPECT_EQ(result.errors, std::vector<std::string>{});
    EXPECT_EQ(result.warnings, std::vector<std::string>{});
    EXPECT_EQ(result.config.host, defaults().host);
    EXPECT_EQ(result.config.mail, defaults().mail);
    EXPECT_EQ(result.config.auth, defaults().auth);
    EXPECT_EQ(console(result.config), console(defaults()));
    EXPECT_EQ(smtp(result.config), smtp(defaults()));
}

TEST(MailpitEnvironment, WhatIsNotDoneWarnsOnce)
{
    for (const auto& variable : variables()) {
        if (variable.fate != Variable::Fate::missing) continue;
        const std::string name{variable.name};
        const bool relay = name.starts_with("MP_SMTP_RELAY") || name.starts_with("MP_SMTP_FORWARD");
        if (relay) continue;
        EXPECT_EQ(applied({{name, "true"}}).warnings,
                  std::vector<std::string>{name + ": portico does not do this; it is ignored"});
        if (variable.kind == Variable::Kind::boolean) {
            EXPECT_EQ(applied({{name, "false"}}).warnings, std::vector<std::string>{}) << name;
        }
    }
    EXPECT_EQ(applied({{"MP_ENABLE_PROMETHEUS", "0.0.0.0:9090"}}).warnings.size(), 1U);
    EXPECT_EQ(applied({{"MP_SMTP_MAX_RECIPIENTS", "5"}}).warnings.size(), 1U);
    const auto cors = applied({{"MP_API_CORS", "*.example.test,app.test"}});
    EXPECT_EQ(cors.warnings, std::vector<std::string>{
                                 "MP_API_CORS: \"*.example.test\" is no origin; it is left out"});
    EXPECT_EQ(console(cors.config).cors, std::vector<std::string>{"app.test"});
}

TEST(MailpitEnvironment, ARelayWithoutAHostIsNone) // what Quarkus sets
{
    Values values{{"MP_SMTP_RELAY_PORT", "25"}, {"MP_SMTP_RELAY_AUTH", "none"}};
    EXPECT_EQ(applied(values).warnings, std::vector<std::string>{});
    values.emplace("MP_SMTP_RELAY_HOST", "mx.test");
    EXPECT_EQ(applied(values).warnings.size(), 3U);
    EXPECT_EQ(applied({{"MP_SMTP_FORWARD_TO", "a@b.test"}}).warnings.size(), 0U);
}

TEST(MailpitEnvironment, RefusesWhatMailpitRefuses)
{
    struct Row {
        Values values;
        std::string begins; // of the one error
    };
    const Row table[] = {
        {{{"MP_SMTP_AUTH_ACCEPT_ANY", "1"}}, "MP_SMTP_AUTH_ACCEPT_ANY: passwords would come"},
        {{{"MP_SMTP_AUTH", "a:b"}}, "MP_SMTP_AUTH: passwords would come"},
        {{{"MP_SMTP_AUTH", "a:b"},
          {"MP_SMTP_AUTH_ACCEPT_ANY", "1"},
          {"MP_SMTP_AUTH_ALLOW_INSECURE", "1"}},
         "MP_SMTP_AUTH_ACCEPT_ANY: MP_SMTP_AUTH is set as well"},
        {{{"MP_SMTP_TLS_CERT", "c"}}, "MP_SMTP_TLS_KEY: is missing"},
        {{{"MP_UI_TLS_KEY", "k"}}, "MP_UI_TLS_CERT: is missing"},
        {{{"MP_SMTP_REQUIRE_TLS", "true"}}, "MP_SMTP_REQUIRE_TLS: there is no certificate"},
        {{{"MP_SMTP_REQUIRE_STARTTLS", "true"}}, "MP_SMTP_REQUIRE_STARTTLS: there is no"},
        {{{"MP_UI_TLS_CERT", "c"}, {"MP_UI_TLS_KEY", "k"}, {"MP_SMTP_TLS_CERT", "sans:a"}},
         "MP_SMTP_TLS_CERT: others have"},
        {{{"MP_UI_BIND_ADDR", "unix:/run/m.sock:0666"}}, "MP_UI_BIND_ADDR: cannot listen on"},
        {{{"MP_SMTP_BIND_ADDR", "mx.example.test:25"}}, "MP_SMTP_BIND_ADDR: cannot listen on"},
        {{{"MP_DATABASE", "https://db.test:4001"}}, "MP_DATABASE: mail is kept in files only"},
        {{{"MP_MAX_MESSAGES", "many"}}, "MP_MAX_MESSAGES: \"many\" is not right"},
        {{{"MP_MAX_AGE", "soon"}}, "MP_MAX_AGE: \"soon\" is not a time"},
        {{{"MP_MAX_MESSAGE_SIZE", "-1"}}, "MP_MAX_MESSAGE_SIZE: \"-1\" is not right"},
        {{{"MP_WEBROOT", "/../x"}}, "MP_WEBROOT: \"/../x\" is not right"},
        {{{"MP_UI_AUTH", "nobody"}}, "MP_UI_AUTH: entry 1 is no \"user:password\""},
        {{{"MP_UI_AUTH", "a:b c:{SSHA}secret"}}, "MP_UI_AUTH: the password of \"c\" is a hash"},
        {{{"MP_UI_AUTH_FILE", "/none"}}, "MP_UI_AUTH_FILE: \"/none\": cannot be read"},
        {{{"MP_UI_AUTH_FILE", "/users"}}, "MP_UI_AUTH_FILE: entry 2 is no \"user:password\""},
    };
    for (const auto& [values, begins] : table) {
        const auto errors = applied(values).errors;
        ASSERT_EQ(errors.size(), 1U) << begins;
        EXPECT_TRUE(errors[0].starts_with(begins)) << errors[0] << "\nis not " << begins;
        EXPECT_EQ(errors[0].find("secret"), std::string::npos);
    }
}

TEST(MailpitEnvironment, GoesBeforeAFile)
{
    auto config = defaults();
    const auto add = [&](std::uint16_t number, config::Options options) {
        config::Port port;
        port.port = number;
        port.options = std::move(options);
        config.ports.push_back(std::move(port));
    };
    add(25, Smtp{});
    add(80, config::Http{});
    const auto result = applied({{"MP_SMTP_BIND_ADDR", "0.0.0.0:25"},
                                 {"MP_UI_BIND_ADDR", "0.0.0.0:80"},
                                 {"MP_SMTP_MAX_RECIPIENTS", "200"}},
                                config);
    EXPECT_EQ(result.errors, std::vector<std::string>{});
    EXPECT_EQ(result.config.ports.size(), 3U); // 1110 and the two that were moved
    EXPECT_EQ(port_of(result.config, 80)->service(), "console");
    EXPECT_EQ(options_at<Smtp>(result.config, 25).max_recipients, 200U);
    EXPECT_EQ(std::get<Smtp>(result.config.services).max_recipients, 200U);
}

TEST(MailpitEnvironment, AConsoleThatNobodyHasOpenedStaysClosed)
{
    const auto errors = applied({{"MP_UI_BIND_ADDR", ":8025"}}, Config{}).errors;
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_TRUE(errors[0].starts_with("MP_UI_BIND_ADDR: is open to other machines")) << errors[0];
    EXPECT_TRUE(applied({{"MP_UI_BIND_ADDR", "localhost:8025"}}, Config{}).errors.empty());
    EXPECT_TRUE(
        applied({{"MP_UI_BIND_ADDR", ":8025"}, {"MP_UI_AUTH", "a:b"}}, Config{}).errors.empty());
}

TEST(MailpitEnvironment, NeverTakesADatabaseOfMailpits)
{
    const std::pair<std::string_view, std::string_view> table[] = {
        {"/data/mailpit.db", "/data/mailpit.portico"},
        {"/data/mail.db", "/data/mail.portico"},
        {"/data", "/data/mailpit.portico"},
        {"/data/", "/data/mailpit.portico"},
        {"mp.sqlite", "mp.portico"},
    };
    for (const auto& [database, folder] : table) EXPECT_EQ(data_folder(database), folder);
}

TEST(MailpitEnvironment, GoesByTheNameOfTheProgram)
{
    for (const auto* name : {"mailpit", "/mailpit", "/usr/local/bin/mailpit", "./mailpit"})
        EXPECT_TRUE(is_called(name)) << name;
    for (const auto* name : {"portico", "/portico", "mailpit/portico", "mailpits", ""})
        EXPECT_FALSE(is_called(name)) << name;
}

} // namespace
} // namespace portico::mailpit
