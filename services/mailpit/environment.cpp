#include "services/mailpit/environment.hpp"

#include "config/syntax.hpp"
#include "config/units.hpp"
#include "services/mailpit/credentials.hpp"
#include "services/mailpit/listen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace portico::mailpit {

namespace {

using config::Config;
using config::Console;
using config::Pop3;
using config::PortTls;
using config::Smtp;

constexpr std::string_view addresses =
    "\"[::]:8025\", \":8025\", \"0.0.0.0:8025\" or another address of this machine";

/// What a service keeps its certificate in.
struct TlsNames {
    std::string_view certificate, key;
};
constexpr TlsNames smtp_tls{"MP_SMTP_TLS_CERT", "MP_SMTP_TLS_KEY"};
constexpr TlsNames console_tls{"MP_UI_TLS_CERT", "MP_UI_TLS_KEY"};
constexpr TlsNames pop3_tls{"MP_POP3_TLS_CERT", "MP_POP3_TLS_KEY"};

/// One subject a function, in the order of Mailpit's own list.
class Mapping {
public:
    Mapping(const Values& values, Config& config, const ReadFile& read)
        : values_{values}, config_{config}, read_{read}
    {
    }

    Outcome run();

private:
    std::string_view value(std::string_view name) const;
    bool has(std::string_view name) const { return !value(name).empty(); }
    bool on(std::string_view name) const { return is_true(value(name)); }
    std::optional<std::uint64_t> number(std::string_view name, std::uint64_t most);
    void error(std::string_view name, std::string what, std::string_view remedy = {});
    void warn(std::string_view name, std::string what);

    template <typename Section, typename Change>
    void each(Change change);
    template <typename Section>
    void listen(std::string_view name, std::uint16_t usual);
    template <typename Section>
    bool tls(const TlsNames& names, PortTls when);
    std::vector<Login> logins(std::string_view variable, std::string_view file);

    void storage();
    void log();
    void console();
    void smtp();
    void smtp_logins(bool with_tls);
    void pop3();
    void others();

    const Values& values_;
    Config& config_;
    const ReadFile& read_;
    Outcome outcome_;
};

std::string_view Mapping::value(std::string_view name) const
{
    const auto found = values_.find(name);
    return found == values_.end() ? std::string_view{} : found->second;
}

void Mapping::error(std::string_view name, std::string what, std::string_view remedy)
{
    outcome_.errors.push_back({std::string{name}, 0, 0, std::move(what), std::string{remedy}});
}

void Mapping::warn(std::string_view name, std::string what)
{
    outcome_.warnings.push_back({std::string{name}, 0, 0, std::move(what), ""});
}

std::optional<std::uint64_t> Mapping::number(std::string_view name, std::uint64_t most)
{
    const auto text = value(name);
    if (text.empty()) return std::nullopt;
    std::uint64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed == std::errc{} && end == text.data() + text.size() && number <= most) return number;
    error(name, fmt::format("{} is not right", config::in_quotes(text)),
          fmt::format("a number from 0 to {}", most));
    return std::nullopt;
}

/// What [smtp] says, and what every [[port]] has made of it.
template <typename Section, typename Change>
void Mapping::each(Change change)
{
    change(std::get<Section>(config_.services));
    for (auto& port : config_.ports)
        if (auto* options = std::get_if<Section>(&port.options)) change(*options);
}

/// Moves the port that is Mailpit's, or adds it. Whoever else has the number goes without.
template <typename Section>
void Mapping::listen(std::string_view name, std::uint16_t usual)
{
    if (!has(name)) return;
    auto where = parse_listen(value(name));
    if (!where)
        return error(name, fmt::format("cannot listen on {}", config::in_quotes(value(name))),
                     addresses);
    const auto found = std::ranges::find_if(config_.ports, [&](const config::Port& port) {
        return port.port == usual && std::holds_alternative<Section>(port.options);
    });
    config::Port port;
    if (found != config_.ports.end()) {
        port = std::move(*found);
        config_.ports.erase(found);
    } else {
        port.options = std::get<Section>(config_.services);
    }
    std::erase_if(config_.ports,
                  [&](const config::Port& other) { return other.port == where->port; });
    port.port = where->port;
    port.bind = std::move(where->bind);
    config_.ports.push_back(std::move(port));
}

/// Whether the service has a certificate: of a file, or ("sans:NAME,NAME") the test authority's.
template <typename Section>
bool Mapping::tls(const TlsNames& names, PortTls when)
{
    const auto certificate = value(names.certificate);
    const auto key = value(names.key);
    constexpr std::string_view sans = "sans:";
    if (certificate.empty() && key.empty()) return false;
    if (certificate.starts_with(sans)) {
        for (auto& name : split(certificate.substr(sans.size()), ","))
            config_.tls.names.push_back(std::move(name));
    } else if (certificate.empty() || key.empty()) {
        error(certificate.empty() ? names.certificate : names.key, "is missing",
              "a certificate and its key, both");
        return false;
    } else {
        config::Certificate added{std::string{certificate}, std::string{key}, 0};
        if (std::ranges::find(config_.certificates, added) == config_.certificates.end())
            config_.certificates.push_back(std::move(added));
    }
    for (auto& port : config_.ports)
        if (std::holds_alternative<Section>(port.options) && port.tls == PortTls::none)
            port.tls = when;
    return true;
}

std::vector<Login> Mapping::logins(std::string_view variable, std::string_view file)
{
    std::string text{value(variable)};
    auto name = variable;
    if (has(file)) { // goes before, as with Mailpit
        auto content = read_(value(file));
        if (!content) {
            error(file, fmt::format("{}: {}", config::in_quotes(value(file)), content.error()));
            return {};
        }
        text = std::move(*content);
        name = file;
    }
    auto parsed = parse_logins(text);
    if (!parsed) error(name, std::move(parsed.error()), "\"user:password\", as often as needed");
    return std::move(parsed).value_or(std::vector<Login>{});
}

void Mapping::storage()
{
    const auto* const database = has("MP_DATABASE") ? "MP_DATABASE" : "MP_DATA_FILE";
    if (value(database).contains("://"))
        error(database, "mail is kept in files only", "a path");
    else if (has(database))
        config_.host.data = data_folder(value(database));
    if (const auto most = number("MP_MAX_MESSAGES", 1'000'000'000'000)) {
        config_.mail.max_messages = *most;
        config_.mail.when_full = config::Mail::WhenFull::expire;
    }
    if (has("MP_MAX_AGE")) {
        const auto age = config::parse_duration(value("MP_MAX_AGE"));
        if (age && *age <= 100 * 365 * std::chrono::days{1})
            config_.mail.max_age = *age;
        else
            error("MP_MAX_AGE",
                  fmt::format("{} is not a time", config::in_quotes(value("MP_MAX_AGE"))),
                  "hours or days, such as \"6h\" or \"7d\"");
    }
    constexpr std::uint64_t most_size = 1 << 20; // MiB
    if (const auto size = number("MP_MAX_MESSAGE_SIZE", most_size))
        config_.mail.max_message_size = (*size == 0 ? most_size : *size) << 20;
}

void Mapping::log()
{
    if (on("MP_QUIET")) config_.log.level = config::Log::Level::error;
    if (on("MP_VERBOSE")) config_.log.level = config::Log::Level::debug;
    if (has("MP_LOG_FILE")) config_.log.file = value("MP_LOG_FILE");
}

void Mapping::console()
{
    listen<Console>("MP_UI_BIND_ADDR", console_port);
    tls<Console>(console_tls, PortTls::implicit);
    if (has("MP_LABEL")) each<Console>([&](Console& some) { some.label = value("MP_LABEL"); });
    if (has("MP_WEBROOT")) {
        const auto root = config::to_webroot(value("MP_WEBROOT"));
        if (root)
            each<Console>([&](Console& some) { some.webroot = *root; });
        else
            error("MP_WEBROOT",
                  fmt::format("{} is not right", config::in_quotes(value("MP_WEBROOT"))),
                  "a path of letters, digits and \"-._~\", as \"/mail\"");
    }
    const auto users = logins("MP_UI_AUTH", "MP_UI_AUTH_FILE");
    for (const auto& [name, secret] : users)
        each<Console>([&](Console& some) {
            some.open = false;
            some.logins.push_back(name + ":" + secret);
        });
    for (const auto& origin : split(value("MP_API_CORS"), ", ")) {
        if (origin == "*" || config::is_origin(origin))
            each<Console>([&](Console& some) { some.cors.push_back(config::lower(origin)); });
        else
            warn("MP_API_CORS",
                 fmt::format("{} is no origin; it is left out", config::in_quotes(origin)));
    }
    for (const auto& host : split(value("MP_ALLOWED_HOSTS"), ", "))
        each<Console>([&](Console& some) { some.hosts.push_back(config::lower(host)); });
    if (has("MP_ENABLE_PROMETHEUS") && value("MP_ENABLE_PROMETHEUS").contains(':'))
        warn("MP_ENABLE_PROMETHEUS", "there is no port for metrics alone: they are the console's "
                                     "/metrics");
}

void Mapping::smtp()
{
    listen<Smtp>("MP_SMTP_BIND_ADDR", smtp_port);
    const bool with_tls = tls<Smtp>(smtp_tls, PortTls::starttls);
    for (const auto* const name : {"MP_SMTP_REQUIRE_STARTTLS", "MP_SMTP_REQUIRE_TLS"}) {
        if (!on(name)) continue;
        if (!with_tls) error(name, "there is no certificate", "MP_SMTP_TLS_CERT and _KEY with it");
        for (auto& port : config_.ports) {
            if (!std::holds_alternative<Smtp>(port.options)) continue;
            port.require_tls = true;
            if (on("MP_SMTP_REQUIRE_TLS")) port.tls = PortTls::implicit;
        }
    }
    smtp_logins(with_tls);
    if (const auto most = number("MP_SMTP_MAX_RECIPIENTS", 1'000'000)) {
        if (*most < 100) // RFC 5321 section 4.5.3.1.8
            warn("MP_SMTP_MAX_RECIPIENTS", "RFC 5321 wants room for 100: it is that");
        const auto recipients = static_cast<std::uint32_t>(std::max<std::uint64_t>(*most, 100));
        each<Smtp>([&](Smtp& some) { some.max_recipients = recipients; });
    }
}

void Mapping::smtp_logins(bool with_tls)
{
    const bool any = on("MP_SMTP_AUTH_ACCEPT_ANY");
    const bool in_clear = on("MP_SMTP_AUTH_ALLOW_INSECURE");
    const auto* const list = has("MP_SMTP_AUTH_FILE") ? "MP_SMTP_AUTH_FILE" : "MP_SMTP_AUTH";
    if (any && has(list))
        return error("MP_SMTP_AUTH_ACCEPT_ANY", fmt::format("{} is set as well", list),
                     "one of the two");
    const auto users = logins("MP_SMTP_AUTH", "MP_SMTP_AUTH_FILE");
    if (!any && users.empty()) return;
    const auto* const name = any ? "MP_SMTP_AUTH_ACCEPT_ANY" : list;
    if (!with_tls && !in_clear)
        error(name, "passwords would come in clear, and nothing allows that",
              "MP_SMTP_AUTH_ALLOW_INSECURE=true, or MP_SMTP_TLS_CERT and _KEY");
    config_.auth.allow_plaintext = in_clear;
    using Mode = config::Auth::Mode;
    config_.auth.mode = any ? Mode::any : Mode::listed;
    each<Smtp>([&](Smtp& some) { some.auth = any ? Smtp::Auth::offered : Smtp::Auth::required; });
    for (const auto& [user, secret] : users) {
        std::erase_if(config_.accounts, [&](const config::Account& other) {
            return config::lower(other.name) == config::lower(user);
        });
        config::Account account{.name = user, .addresses = {}, .password = {}, .secret = {}};
        (config::is_password_hash(secret) ? account.password : account.secret) = secret;
        config_.accounts.push_back(std::move(account));
    }
}

void Mapping::pop3()
{
    listen<Pop3>("MP_POP3_BIND_ADDR", pop3_port);
    tls<Pop3>(pop3_tls, PortTls::implicit);
}

// Quarkus sets much of a relay without a host, and then means none.
void Mapping::others()
{
    const bool relay = has("MP_SMTP_RELAY_HOST") || has("MP_SMTP_RELAY_CONFIG");
    const bool forward = has("MP_SMTP_FORWARD_HOST") || has("MP_SMTP_FORWARD_CONFIG");
    for (const auto& [name, value] : values_) {
        const auto* known = find(name);
        if (value.empty() || !known || known->fate != Variable::Fate::missing) continue;
        if (known->kind == Variable::Kind::boolean && !is_true(value)) continue;
        if (!relay && name.starts_with("MP_SMTP_RELAY_")) continue;
        if (!forward && name.starts_with("MP_SMTP_FORWARD_")) continue;
        warn(name, "portico does not do this; it is ignored");
    }
}

Outcome Mapping::run()
{
    storage();
    log();
    console();
    smtp();
    pop3();
    others();
    // One set for all services, and without it the test authority's.
    const auto drawn = [&](const TlsNames& names) {
        return value(names.certificate).starts_with("sans:");
    };
    for (const auto& names : {smtp_tls, console_tls, pop3_tls})
        if (drawn(names) && !config_.certificates.empty())
            error(names.certificate, "others have a certificate in a file",
                  "files for all of them, or \"sans:\" for all");
    for (const auto& port : config_.ports) {
        const auto* console = std::get_if<Console>(&port.options);
        if (console && !console->open && !console->asks() &&
            !std::ranges::all_of(port.bind, config::is_loopback))
            error("MP_UI_BIND_ADDR", "is open to other machines, but who may use it is not said",
                  "MP_UI_AUTH, or open = true in [console] of the configuration");
    }
    return std::move(outcome_);
}

} // namespace

Config defaults()
{
    Config config;
    config.auth.allow_plaintext = true;
    std::get<Console>(config.services).open = true;
    const auto add = [&](std::uint16_t number, config::Options options) {
        config::Port port;
        port.port = number;
        port.bind = {"0.0.0.0", "::"};
        port.options = std::move(options);
        config.ports.push_back(std::move(port));
    };
    add(smtp_port, Smtp{});
    add(console_port, std::get<Console>(config.services));
    add(pop3_port, Pop3{});
    return config;
}

bool is_called(std::string_view program)
{
    return program.substr(program.rfind('/') + 1) == "mailpit";
}

Outcome apply(const Values& values, Config& config, const ReadFile& read)
{
    return Mapping{values, config, read}.run();
}

std::filesystem::path data_folder(const std::filesystem::path& database)
{
    auto path = database;
    if (!path.has_extension()) path /= "mailpit.db"; // a folder
    return path.replace_extension("portico");
}

} // namespace portico::mailpit
