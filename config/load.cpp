#include "config/load.hpp"

#include "config/reader.hpp"
#include "config/syntax.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace portico::config {

namespace {

constexpr std::size_t max_file_size = 1 << 20;

constexpr std::uint64_t KiB = 1 << 10;
constexpr std::uint64_t MiB = KiB << 10;
constexpr std::uint64_t GiB = MiB << 10;

constexpr std::string_view addresses_to_bind =
    R"(a list of IP addresses, such as ["127.0.0.1", "::1"] or ["0.0.0.0", "::"])";
constexpr std::string_view names_of_host =
    R"(a list of names of this host, such as ["mail.example.test", "192.0.2.1"])";
constexpr std::string_view rules_of_caching =
    R"(a list of "PATTERN: VALUE", such as ["*.css: max-age=3600", "/assets/**: immutable"])";
constexpr std::string_view names_of_site =
    R"(a list of host names, such as ["example.test", "*.example.test"])";
constexpr std::string_view addresses_of_account =
    R"(a list of addresses, each "name@domain", or "*@domain" for all of a domain)";

template <typename Each>
void for_each(Services& services, Each each)
{
    std::apply([&](auto&... options) { (each(options), ...); }, services);
}

std::vector<std::string_view> service_names()
{
    std::vector<std::string_view> names;
    Services services;
    for_each(services, [&](const auto& options) { names.push_back(options.service); });
    return names;
}

// One function a table: what it may hold, in the order of the struct.

void read(Reader& table, Host& host)
{
    table.text("name", host.name, is_domain, "a host name, such as \"mx.example.test\"");
    table.path("data", host.data);
    table.number("threads", host.threads, {0, 256});
    table.duration("grace", host.grace);
    table.number("max_connections", host.max_connections, {0, 10'000'000});
    table.number("max_connections_per_peer", host.max_connections_per_peer, {0, 10'000'000});
    table.boolean("require_all_ports", host.require_all_ports);
    table.path("port_file", host.port_file);
}

void read(Reader& table, Log& log)
{
    using enum Log::Level;
    table.choice<Log::Format>("format", log.format,
                              {{"text", Log::Format::text}, {"json", Log::Format::json}});
    table.choice<Log::Level>("level", log.level,
                             {{"debug", debug}, {"info", info}, {"warn", warn}, {"error", error}});
    table.path("file", log.file);
}

void read(Reader& table, Mail& mail)
{
    using enum Mail::Accept;
    table.choice<Mail::Accept>("accept", mail.accept, {{"any", any}, {"listed", listed}});
    table.size("max_message_size", mail.max_message_size,
               {64 * KiB, 1024 * GiB, "RFC 5321 section 4.5.3.1.7"});
    table.size("inline_bytes", mail.inline_bytes, {1, 16 * MiB});
    table.size("queue_bytes", mail.queue_bytes, {1 * MiB, 1024 * GiB});
    table.size("read_ahead_bytes", mail.read_ahead_bytes, {0, 1024 * GiB});
    using enum Mail::Durability;
    table.choice<Mail::Durability>("durability", mail.durability,
                                   {{"full", full}, {"relaxed", relaxed}});
    constexpr std::uint64_t most = 1'000'000'000'000;
    table.number("max_messages", mail.max_messages, {0, most});
    table.size("max_bytes", mail.max_bytes, {0, 1024 * 1024 * GiB});
    table.number("max_mailbox_messages", mail.max_mailbox_messages, {0, most});
    table.size("max_mailbox_bytes", mail.max_mailbox_bytes, {0, 1024 * 1024 * GiB});
    table.duration("max_age", mail.max_age, {0ms, 100 * 365 * 24h});
    table.choice<Mail::WhenFull>(
        "when_full", mail.when_full,
        {{"refuse", Mail::WhenFull::refuse}, {"expire", Mail::WhenFull::expire}});
}

void read(Reader& table, Auth& auth)
{
    using enum Auth::Mode;
    table.choice<Auth::Mode>("mode", auth.mode, {{"any", any}, {"listed", listed}});
    bool allow_plaintext = false;
    table.boolean("allow_plaintext", allow_plaintext);
    if (table.has("allow_plaintext")) auth.allow_plaintext = allow_plaintext;
    table.duration("failure_delay_max", auth.failure_delay_max, {0ms, 1min});
    table.boolean("delay_loopback", auth.delay_loopback);
    table.number("failures_per_session", auth.failures_per_session, {1, 1'000'000});
    table.number("password_cache_size", auth.password_cache_size, {0, 1'000'000});
    table.duration("password_cache_time", auth.password_cache_time);
}

void read(Reader& table, Tls& tls)
{
    using enum Tls::Version;
    table.choice<Tls::Version>("min_version", tls.min_version,
                               {{"1.2", tls_1_2}, {"1.3", tls_1_3}});
    table.duration("handshake_timeout", tls.handshake_timeout);
}

void read(Reader& table, Certificate& certificate)
{
    constexpr std::string_view remedy = "the path of a file in PEM";
    certificate.line = table.place().line;
    table.path("certificate", certificate.certificate);
    table.require("certificate", remedy);
    table.path("key", certificate.key);
    table.require("key", remedy);
}

void read(Reader& table, Smtp& smtp)
{
    using enum Smtp::Auth;
    table.choice<Smtp::Auth>("auth", smtp.auth,
                             {{"offered", offered}, {"required", required}, {"off", off}});
    table.boolean("strict", smtp.strict);
    table.number("max_received", smtp.max_received, {100, 100'000, "RFC 5321 section 6.3"});
    table.size("max_text_line", smtp.max_text_line,
               {1000, 1024 * GiB, "RFC 5321 section 4.5.3.1.6"});
    table.number("max_recipients", smtp.max_recipients,
                 {100, 1'000'000, "RFC 5321 section 4.5.3.1.8"});
    table.number("max_errors", smtp.max_errors, {1, 1'000'000});
    table.duration("command_timeout", smtp.command_timeout);
    table.duration("data_timeout", smtp.data_timeout);
    table.duration("write_timeout", smtp.write_timeout);
}

void read(Reader& table, Pop3& pop3)
{
    table.duration("idle_timeout", pop3.idle_timeout, {10min, 24h, "RFC 1939 section 3"});
    table.duration("write_timeout", pop3.write_timeout);
    table.number("max_errors", pop3.max_errors, {1, 1'000'000});
}

void read(Reader& table, HttpConnection& http)
{
    using enum HttpConnection::LogFormat;
    table.size("max_request_line", http.max_request_line, {1, 1 * MiB});
    table.size("max_header_bytes", http.max_header_bytes, {1, 16 * MiB});
    table.number("max_headers", http.max_headers, {1, 100'000});
    table.size("max_body", http.max_body, {0, 1024 * GiB});
    table.number("max_requests", http.max_requests, {1, 1'000'000'000});
    table.duration("header_timeout", http.header_timeout);
    table.duration("body_timeout", http.body_timeout);
    table.duration("keep_alive_timeout", http.keep_alive_timeout);
    table.duration("write_timeout", http.write_timeout);
    table.path("access_log", http.access_log);
    table.choice<HttpConnection::LogFormat>("access_log_format", http.access_log_format,
                                            {{"combined", combined}, {"json", json}});
    table.size("access_log_buffer", http.access_log_buffer, {64 * KiB, 1 * GiB});
}

void read(Reader& table, Site& site)
{
    using enum Site::Symlinks;
    table.path("root", site.root);
    table.boolean("listing", site.listing);
    table.number("max_listing", site.max_listing, {1, 1'000'000});
    table.choice<Site::Symlinks>("symlinks", site.symlinks,
                                 {{"inside", inside}, {"refuse", refuse}, {"follow", follow}});
    table.boolean("gzip", site.gzip);
    if (const auto rules = table.strings("cache_control", rules_of_caching)) {
        site.cache_control.clear(); // a [[site]] of its own mind has none of [http]'s
        for (const auto& [text, place] : *rules) {
            if (auto rule = to_cache_rule(text))
                site.cache_control.push_back(std::move(*rule));
            else
                table.problem(place, fmt::format("{} is no rule", in_quotes(text)),
                              rules_of_caching);
        }
    }
    table.boolean("redirect_to_https", site.redirect_to_https);
    table.number("https_port", site.https_port, {1, 65535});
    table.text("strict_transport_security", site.strict_transport_security, is_hsts,
               "as RFC 6797 has it, such as \"max-age=31536000\", or \"\"");
}

void read(Reader& table, Http& http)
{
    read(table, static_cast<HttpConnection&>(http));
    read(table, static_cast<Site&>(http));
    table.size("cache_bytes", http.cache_bytes, {0, 1024 * GiB});
}

void read(Reader& table, Inspect& inspect)
{
    read(table, static_cast<HttpConnection&>(inspect));
    table.duration("max_delay", inspect.max_delay, {0ms, 1h});
    table.size("max_bytes", inspect.max_bytes, {1, 1 * GiB});
    table.number("max_lines", inspect.max_lines, {1, 1'000'000});
}

constexpr std::string_view hosts_of_console =
    "a list of host names, such as [\"mail.example.test\"], or \"*.example.test\" for a domain";
constexpr std::string_view tokens_of_console = "a list of texts of at least 16 characters each";
constexpr std::string_view logins_of_console =
    "a list of \"NAME:HASH\", as `portico passwd` makes the hash, or of \"NAME:PASSWORD\"";
constexpr std::string_view origins_of_console =
    "a list of origins, such as [\"http://localhost:5173\", \"app.example.test\"], or [\"*\"]";
constexpr std::string_view root_of_console = "a path of letters, digits and \"-._~\", as \"/mail\"";

void read(Reader& table, Console& console)
{
    read(table, static_cast<HttpConnection&>(console));
    table.boolean("open", console.open);
    table.size("work_bytes", console.work_bytes, {1 * MiB, 1024 * GiB});
    table.size("search_text", console.search_text, {1024, 16 * MiB});
    table.number("max_waiters", console.max_waiters, {1, 1'000'000});
    table.secret(
        "password_hash", console.password_hash,
        [](std::string_view text) { return text.empty() || is_password_hash(text); },
        "a crypt(3) hash, as the command `portico passwd` makes it, or \"\"");
    if (auto tokens = table.strings("tokens", tokens_of_console)) {
        console.tokens.clear();
        for (auto& [token, place] : *tokens) {
            if (token.size() < 16)
                table.problem(place, "a token that can be guessed", tokens_of_console);
            console.tokens.push_back(std::move(token));
        }
    }
    if (auto logins = table.strings("logins", logins_of_console)) {
        console.logins.clear();
        for (auto& [login, place] : *logins) {
            if (!is_login(login)) table.problem(place, "a login is not right", logins_of_console);
            console.logins.push_back(std::move(login));
        }
    }
    if (const auto hosts = table.strings("hosts", hosts_of_console)) {
        console.hosts.clear();
        for (const auto& [host, place] : *hosts) {
            if (!is_domain(std::string_view{host}.substr(host.starts_with("*.") ? 2 : 0)))
                table.problem(place, fmt::format("{} is no host name", in_quotes(host)),
                              hosts_of_console);
            console.hosts.push_back(lower(host));
        }
    }
    if (const auto origins = table.strings("cors", origins_of_console)) {
        console.cors.clear();
        for (const auto& [origin, place] : *origins) {
            if (origin != "*" && !is_origin(origin))
                table.problem(place, fmt::format("{} is no origin", in_quotes(origin)),
                              origins_of_console);
            console.cors.push_back(lower(origin));
        }
    }
    if (const auto text = table.string("webroot", root_of_console)) {
        auto root = to_webroot(text->value);
        if (!root)
            table.problem(text->place,
                          fmt::format("webroot {} is not right", in_quotes(text->value)),
                          root_of_console);
        console.webroot = std::move(root).value_or("");
    }
    table.text(
        "label", console.label,
        [](std::string_view text) {
            return std::ranges::none_of(text, [](char byte) { return byte >= 0 && byte < ' '; });
        },
        "a short text without control bytes");
}

void read(Reader& table, Account& account)
{
    constexpr std::string_view name = "a login name without spaces";
    account.line = table.place().line;
    table.text("name", account.name, is_account_name, name);
    table.require("name", name);
    table.secret("password", account.password, is_password_hash,
                 "a crypt(3) hash, as the command `portico passwd` makes it");
    table.secret(
        "secret", account.secret, [](std::string_view text) { return !text.empty(); },
        "a clear text password that is not empty");
}

/// The number of a [[port]]: 0 for "auto".
void read_port_number(Reader& table, std::uint16_t& port)
{
    constexpr std::string_view remedy = "a number from 1 to 65535, or \"auto\"";
    const auto* node = table.node("port");
    if (!node) {
        table.require("port", remedy);
    } else if (const auto number = node->value_exact<std::int64_t>()) {
        if (*number >= 1 && *number <= 65535)
            port = static_cast<std::uint16_t>(*number);
        else
            table.problem(place_of(*node), fmt::format("port {} is out of range", *number), remedy);
    } else if (const auto word = node->value_exact<std::string_view>()) {
        if (*word == "auto")
            port = 0;
        else
            table.problem(place_of(*node), fmt::format("port {} is not a number", in_quotes(*word)),
                          remedy);
    } else {
        table.wrong_type("port", *node, remedy);
    }
}

template <typename Section>
std::vector<std::string> keys_of()
{
    const toml::table nothing;
    Report report;
    Reader table{nothing, "", report};
    Section section;
    read(table, section);
    return table.keys();
}

/// Turns a file that is valid TOML into a Config, problem by problem.
class Loader {
public:
    Loader(const toml::table& file, std::string name)
        : report_{std::move(name), {}}, file_{file, "", report_}
    {
    }

    std::expected<Loaded, std::vector<Problem>> load();

private:
    template <typename Section>
    void section(std::string_view name, Section& section);
    void auth();
    void tls();
    void certificates();
    void sites();
    void site(Reader& table);
    void accounts();
    void account(Reader& table);
    void addresses(Reader& table, Account& account);
    void ports();
    void port(Reader& table);
    void site_of(Reader& table, Port& port);
    void encryption(Reader& table, Port& port);
    void console_access(const Reader& table, const Port& port);
    void bind(Reader& table, Port& port);
    void claim(Reader& table, std::uint16_t port, const Text& address);
    Options options_of(std::string_view service);
    void check_access();

    Report report_;
    Reader file_;
    const std::vector<KnownKeys> known_ = known_keys();
    Loaded loaded_;
    Config& config_ = loaded_.config;

    Place mail_place_{1, 1};
    std::optional<Place> auth_place_;
    bool auth_mode_written_ = false;
    std::optional<Place> open_port_;       // the first that others than this machine can reach
    std::map<std::string, int> names_;     // of accounts, in lower case, and the account's line
    std::map<std::string, int> addresses_; // likewise
    std::map<std::string, int> sites_;     // by their names in lower case, and the site's line

    // Who claimed an address of a port, and who claimed any of a family: the line of the [[port]].
    std::map<std::pair<std::uint16_t, std::string>, int> claims_;
    std::map<std::pair<std::uint16_t, bool>, int> families_;
};

std::expected<Loaded, std::vector<Problem>> Loader::load()
{
    config_.file = report_.file;
    section("host", config_.host);
    section("log", config_.log);
    section("mail", config_.mail);
    for_each(config_.services, [this](auto& options) { section(options.service, options); });
    auth();
    tls();
    certificates();
    accounts();
    sites();
    ports();
    file_.finish(known_);
    check_access();

    if (report_.problems.empty()) return std::move(loaded_);
    std::ranges::stable_sort(report_.problems, {}, [](const Problem& problem) {
        return std::tuple{problem.line, problem.column};
    });
    return std::unexpected{std::move(report_.problems)};
}

template <typename Section>
void Loader::section(std::string_view name, Section& section)
{
    if (auto table = file_.table(name)) {
        read(*table, section);
        table->finish(known_);
        if constexpr (std::is_same_v<Section, Mail>) mail_place_ = table->place();
    }
}

void Loader::auth()
{
    if (auto table = file_.table("auth")) {
        auth_place_ = table->place();
        auth_mode_written_ = table->has("mode");
        read(*table, config_.auth);
        table->finish(known_);
    }
}

void Loader::tls()
{
    if (auto table = file_.table("tls")) {
        read(*table, config_.tls);
        for (auto& [name, place] :
             table->strings("names", names_of_host).value_or(std::vector<Text>{})) {
            if (!is_domain(name) && !canonical_ip(name))
                table->problem(place,
                               fmt::format("{} is no host name and no IP address", in_quotes(name)),
                               names_of_host);
            config_.tls.names.push_back(std::move(name));
        }
        table->finish(known_);
    }
}

void Loader::certificates()
{
    for (Reader& table : file_.tables("certificate")) {
        read(table, config_.certificates.emplace_back());
        table.finish(known_);
    }
}

void Loader::accounts()
{
    for (Reader& table : file_.tables("account")) account(table);
}

void Loader::account(Reader& table)
{
    Account account;
    read(table, account);
    addresses(table, account);
    table.finish(known_);

    if (!account.name.empty()) {
        const auto [other, is_new] = names_.emplace(lower(account.name), account.line);
        if (!is_new)
            table.problem(table.place(),
                          fmt::format("the [[account]] in line {} is named {} already",
                                      other->second, in_quotes(account.name)),
                          "another name; upper and lower case are one");
    }
    const bool with_password = table.has("password");
    const bool with_secret = table.has("secret");
    if (with_password && with_secret)
        table.problem(table.place(), "[[account]] has a password and a secret",
                      "one of the two: password (a hash) or secret (clear text)");
    if (!with_password && !with_secret && config_.auth.mode == Auth::Mode::listed)
        table.problem(table.place(),
                      "[[account]] has neither password nor secret, so nobody could log in",
                      "password (a hash, as `portico passwd` makes it) or secret (clear text)");
    config_.accounts.push_back(std::move(account));
}

void Loader::addresses(Reader& table, Account& account)
{
    for (auto& [address, place] :
         table.strings("addresses", addresses_of_account).value_or(std::vector<Text>{})) {
        if (!is_address(address)) {
            table.problem(place, fmt::format("{} is not an address", in_quotes(address)),
                          "\"name@domain\", or \"*@domain\" for all of a domain");
            continue;
        }
        const auto [other, is_new] = addresses_.emplace(lower(address), account.line);
        if (!is_new)
            table.problem(place,
                          fmt::format("{} belongs to the [[account]] in line {} already",
                                      in_quotes(address), other->second),
                          "an address in one account, once");
        account.addresses.push_back(std::move(address));
    }
}

void Loader::sites()
{
    for (Reader& table : file_.tables("site")) site(table);
}

/// Starts from what [http] says.
void Loader::site(Reader& table)
{
    Site site = std::get<Http>(config_.services);
    site.line = table.place().line;
    site.root.clear();
    read(table, site);
    table.require("root", "the path of a directory");
    table.require("names", names_of_site);
    for (auto& [name, place] :
         table.strings("names", names_of_site).value_or(std::vector<Text>{})) {
        const auto domain = std::string_view{name}.substr(name.starts_with("*.") ? 2 : 0);
        if (!is_domain(domain) && !canonical_ip(domain)) {
            table.problem(place, fmt::format("{} is no host name", in_quotes(name)), names_of_site);
            continue;
        }
        const auto [other, is_new] = sites_.emplace(lower(name), site.line);
        if (!is_new)
            table.problem(place,
                          fmt::format("{} belongs to the [[site]] in line {} already",
                                      in_quotes(name), other->second),
                          "a name in one site, once");
        site.names.push_back(lower(name));
    }
    table.finish(known_);
    config_.sites.push_back(std::move(site));
}

/// Which [[site]] a [[port]] is for.
void Loader::site_of(Reader& table, Port& port)
{
    constexpr std::string_view remedy = "a name of a [[site]]";
    const auto name = table.string("site", remedy);
    if (!name || name->value.empty()) return;
    if (!std::holds_alternative<Http>(port.options))
        table.problem(name->place, fmt::format("{} has no sites", port.service()),
                      "site with service = \"http\" only");
    else if (!sites_.contains(lower(name->value)))
        table.problem(name->place, fmt::format("there is no [[site]] {}", in_quotes(name->value)),
                      remedy);
    port.site = lower(name->value);
}

/// What a [[port]] of this service starts from.
Options Loader::options_of(std::string_view service)
{
    Options found;
    for_each(config_.services, [&](const auto& options) {
        if (options.service == service) found = options;
    });
    return found;
}

void Loader::ports()
{
    auto tables = file_.tables("port");
    for (Reader& table : tables) port(table);
    if (!tables.empty()) return;
    config_.ports = sandbox().ports;
    for (Port& port : config_.ports) port.options = options_of(port.service());
}

void Loader::port(Reader& table)
{
    Port port;
    port.line = table.place().line;
    read_port_number(table, port.port);
    bind(table, port);
    const auto names = service_names();
    table.require("service", fmt::format("\"{}\"", fmt::join(names, "\" or \"")));
    const auto service = table.choice_of("service", names);
    // Without its service there is no telling which options are wrong.
    if (!service) return;
    port.options = options_of(names[*service]);
    table.rename(fmt::format("a [[port]] of {}", port.service()));
    std::visit([&](auto& options) { read(table, options); }, port.options);
    encryption(table, port);
    site_of(table, port);
    console_access(table, port);
    table.finish(known_);
    config_.ports.push_back(std::move(port));
}

/// A console shows all mail to whoever may use it.
void Loader::console_access(const Reader& table, const Port& port)
{
    const auto* console = std::get_if<Console>(&port.options);
    if (!console || console->open || console->asks()) return;
    if (std::ranges::all_of(port.bind, is_loopback)) return;
    file_.problem(table.place(),
                  "the console is open to other machines, but who may use it is not written down",
                  "password_hash, logins or tokens in [console] or, if you mean it, open = true");
}

void Loader::encryption(Reader& table, Port& port)
{
    using enum PortTls;
    table.choice<PortTls>("tls", port.tls,
                          {{"none", none}, {"starttls", starttls}, {"implicit", implicit}});
    table.boolean("require_tls", port.require_tls);
    const bool http = std::visit(
        []<typename Of>(const Of&) { return std::is_base_of_v<HttpConnection, Of>; }, port.options);
    if (port.tls == starttls && http)
        table.problem(place_of(*table.node("tls")), "HTTP has no STARTTLS",
                      "\"implicit\" (https) or \"none\"");
    if (port.tls == none && port.require_tls)
        table.problem(place_of(*table.node("require_tls")),
                      "require_tls on a port without TLS, where nobody could get on",
                      "tls = \"starttls\" or \"implicit\" beside it");
}

void Loader::bind(Reader& table, Port& port)
{
    std::vector<Text> texts;
    if (const auto* node = table.node("bind"); node && node->is_array()) {
        if (node->as_array()->empty())
            table.problem(place_of(*node), "bind is empty", addresses_to_bind);
        texts = *table.strings("bind", addresses_to_bind);
    } else {
        if (node) table.wrong_type("bind", *node, addresses_to_bind);
        for (const std::string& address : port.bind) texts.push_back({address, table.place()});
    }
    port.bind.clear();
    for (const auto& [text, place] : texts) {
        const auto address = canonical_ip(text);
        if (!address) {
            table.problem(place, fmt::format("bind {} is not an IP address", in_quotes(text)),
                          addresses_to_bind);
            continue;
        }
        if (!is_loopback(*address) && !open_port_) open_port_ = place;
        claim(table, port.port, {*address, place});
        port.bind.push_back(*address);
    }
}

// The registry would refuse the second at the start; here the operator learns it beforehand. The
// two families never meet, since sockets are made with IPV6_V6ONLY.
void Loader::claim(Reader& table, std::uint16_t port, const Text& address)
{
    if (port == 0) return;
    const bool v6 = address.value.find(':') != std::string::npos;
    const std::string any = v6 ? "::" : "0.0.0.0";
    const int line = table.place().line;

    std::optional<int> owner;
    if (const auto same = claims_.find({port, address.value}); same != claims_.end())
        owner = same->second;
    else if (const auto all = claims_.find({port, any}); all != claims_.end())
        owner = all->second;
    else if (const auto some = families_.find({port, v6});
             address.value == any && some != families_.end())
        owner = some->second;
    if (owner)
        table.problem(address.place,
                      fmt::format("port {} of {} is claimed by the [[port]] in line {} already",
                                  port, address.value, *owner),
                      "another port or another address");
    claims_.emplace(std::pair{port, address.value}, line);
    families_.emplace(std::pair{port, v6}, line);
}

// What holds between the tables.
void Loader::check_access()
{
    if (open_port_ && !auth_mode_written_)
        file_.problem(auth_place_.value_or(*open_port_),
                      "a port is open to other machines, but who may log in is not written down",
                      "in [auth] mode = \"listed\" (the accounts) or, if you mean it, mode = "
                      "\"any\" (everyone, with any password)");
    if (config_.mail.inline_bytes > config_.mail.queue_bytes)
        file_.problem(mail_place_, "[mail] inline_bytes is larger than queue_bytes",
                      "inline_bytes not above queue_bytes, in which such messages wait");
    if (config_.auth.mode == Auth::Mode::listed && config_.accounts.empty())
        loaded_.warnings.push_back(
            {report_.file, auth_place_.value_or(Place{}).line, auth_place_.value_or(Place{}).column,
             "mode is \"listed\" but there is no account: nobody can log in", "an [[account]]"});
}

/// The file's text, or why there is none.
std::expected<std::string, std::string> contents(const std::filesystem::path& path)
{
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen(path.c_str(), "re"),
                                                               std::fclose};
    if (!file) return std::unexpected{std::string{std::strerror(errno)}};
    std::string text(max_file_size + 1, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file.get()));
    if (std::ferror(file.get())) return std::unexpected{std::string{std::strerror(errno)}};
    return text;
}

/// What toml++ says, without what it quotes from the file: that may be a password. Only what it
/// says it expected is its own.
std::string without_quotes(std::string_view message)
{
    std::string text{message.substr(0, message.find(", saw"))};
    std::size_t from = 0;
    for (;;) {
        const auto open = text.find('\'', from);
        if (open == std::string::npos) return text;
        const std::string_view before = std::string_view{text}.substr(0, open);
        const auto close = text.find('\'', open + 2);
        const bool own = before.ends_with("expected ") || before.ends_with(" or ");
        if (own && close != std::string::npos) {
            from = close + 1;
        } else {
            text.replace(open, text.rfind('\'') + 1 - open, "...");
            return text;
        }
    }
}

Problem syntax_problem(const toml::parse_error& error, std::string file)
{
    constexpr std::string_view prefix = "Error while parsing ";
    auto text = without_quotes(error.description());
    if (text.starts_with(prefix)) text.erase(0, prefix.size());
    const Place place = place_of(error.source());
    return {std::move(file), place.line, place.column, fmt::format("not valid TOML: {}", text), ""};
}

/// Secrets are for the server's own user. The names of the bits are those of chmod.
void warn_of_readers(const std::filesystem::path& path, Loaded& loaded)
{
    using std::filesystem::perms;
    const auto holder = std::ranges::find_if(
        loaded.config.accounts, [](const Account& account) { return !account.secret.empty(); });
    if (holder == loaded.config.accounts.end()) return;
    std::error_code error;
    const auto mode = std::filesystem::status(path, error).permissions();
    if (error || (mode & (perms::group_read | perms::others_read)) == perms::none) return;
    loaded.warnings.push_back(
        {path.string(), holder->line, 1,
         fmt::format("an account's secret stands in a file that others can read (mode {:04o})",
                     static_cast<unsigned>(mode & perms::mask)),
         "mode 0600, owned by the user the server runs as"});
}

} // namespace

std::vector<KnownKeys> known_keys()
{
    std::vector<KnownKeys> known{
        {"", {"host", "log", "mail", "auth", "tls", "certificate", "port", "account", "site"}},
        {"[host]", keys_of<Host>()},
        {"[log]", keys_of<Log>()},
        {"[mail]", keys_of<Mail>()},
        {"[auth]", keys_of<Auth>()},
        {"[[certificate]]", keys_of<Certificate>()},
        {"[[port]]", {"port", "service", "bind", "tls", "require_tls", "site"}},
        {"[tls]", keys_of<Tls>()},
        {"[[account]]", keys_of<Account>()},
        {"[[site]]", keys_of<Site>()},
    };
    known.back().keys.emplace_back("names");
    known[known.size() - 2].keys.emplace_back("addresses");
    known[known.size() - 3].keys.emplace_back("names");
    Services services;
    for_each(services, [&]<typename Section>(const Section& options) {
        known.front().keys.emplace_back(options.service);
        known.push_back({fmt::format("[{}]", options.service), keys_of<Section>()});
    });
    return known;
}

std::string to_string(const Problem& problem)
{
    auto text = problem.file;
    if (problem.line != 0) text += fmt::format(":{}:{}", problem.line, problem.column);
    text += fmt::format(": {}", problem.what);
    if (!problem.remedy.empty()) text += fmt::format(" (expected: {})", problem.remedy);
    return text;
}

std::expected<Loaded, std::vector<Problem>> parse(std::string_view text, std::string name)
{
    if (text.size() > max_file_size)
        return std::unexpected{std::vector<Problem>{
            {std::move(name), 0, 0, "too large for a configuration", "at most 1 MiB"}}};
    const auto file = toml::parse(text);
    if (!file) return std::unexpected{std::vector{syntax_problem(file.error(), std::move(name))}};
    return Loader{file.table(), std::move(name)}.load();
}

std::expected<Loaded, std::vector<Problem>> load(const std::filesystem::path& path)
{
    const auto text = contents(path);
    if (!text)
        return std::unexpected{std::vector<Problem>{
            {path.string(), 0, 0, fmt::format("cannot be read: {}", text.error()),
             "a file the server may read"}}};
    auto loaded = parse(*text, path.string());
    if (loaded) warn_of_readers(path, *loaded);
    return loaded;
}

} // namespace portico::config
