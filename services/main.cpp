// The table of contents: reads the configuration, builds each part, gives it what it needs.

#include "config/load.hpp"
#include "config/units.hpp"
#include "net/pool.hpp"
#include "net/reactor.hpp"
#include "net/registry.hpp"
#include "net/server.hpp"
#include "services/accounts/authenticator.hpp"
#include "services/accounts/directory.hpp"
#include "services/accounts/password.hpp"
#include "services/catalog/disk_catalog.hpp"
#include "services/console/service.hpp"
#include "services/control/client.hpp"
#include "services/control/commands.hpp"
#include "services/control/service.hpp"
#include "services/host/authority.hpp"
#include "services/host/certificate_watch.hpp"
#include "services/host/certificates.hpp"
#include "services/host/data_directory.hpp"
#include "services/host/file_limit.hpp"
#include "services/host/port_file.hpp"
#include "services/http/access_log.hpp"
#include "services/http/service.hpp"
#include "services/inspect/service.hpp"
#include "services/log/log.hpp"
#include "services/log/transcript.hpp"
#include "services/mail/sqlite_store.hpp"
#include "services/mailpit/environment.hpp"
#include "services/mailpit/listen.hpp"
#include "services/mailpit/probe.hpp"
#include "services/mailpit/readyz.hpp"
#include "services/pop3/service.hpp"
#include "services/smtp/service.hpp"
#include "services/store/commands.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <termios.h>
#include <unistd.h>

namespace {

using namespace portico;

constexpr unsigned pool_threads = 4; // they wait for disks more than they compute

/// A start that cannot be: one line for the operator.
[[noreturn]] void give_up(const std::string& why)
{
    throw std::runtime_error(why);
}

[[noreturn]] void give_up(const std::string& whose, const std::vector<config::Problem>& problems)
{
    for (const auto& problem : problems) fmt::print(stderr, "{}\n", config::to_string(problem));
    give_up(fmt::format("{}: {} {}", whose, problems.size(),
                        problems.size() == 1 ? "problem" : "problems"));
}

/// Where the configuration comes from.
struct Source {
    std::string file; // "": none was named
    bool as_mailpit;  // called by that name, and so told what to do by its environment and flags
    mailpit::Values flags;
};

mailpit::Values environment()
{
    mailpit::Values values;
    for (char** entry = environ; *entry; ++entry) {
        const std::string_view text{*entry};
        const auto equals = text.find('=');
        if (text.starts_with("MP_") && equals != text.npos)
            values.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return values;
}

std::expected<std::string, std::string> content_of(const std::filesystem::path& path)
{
    std::ifstream file{path};
    std::string text{std::istreambuf_iterator{file}, {}};
    if (!file.is_open() || file.bad()) return std::unexpected{std::string{"cannot be read"}};
    return text;
}

config::Loaded read_file(const std::string& file)
{
    auto loaded = config::load(file);
    if (!loaded) give_up(file, loaded.error());
    return std::move(*loaded);
}

config::Loaded read_configuration(const Source& source)
{
    if (!source.as_mailpit)
        return source.file.empty() ? config::Loaded{config::sandbox(), {}} : read_file(source.file);
    constexpr auto usual = "/etc/portico/portico.toml"; // the image's
    auto file = source.file;
    if (file.empty() && std::filesystem::exists(usual)) file = usual;
    auto loaded = file.empty() ? config::Loaded{mailpit::defaults(), {}} : read_file(file);
    auto values = environment();
    for (const auto& [name, value] : source.flags)
        if (!value.empty()) values.insert_or_assign(name, value);
    auto outcome = mailpit::apply(values, loaded.config, content_of);
    if (!outcome.errors.empty()) give_up("the environment", outcome.errors);
    std::ranges::move(outcome.warnings, std::back_inserter(loaded.warnings));
    return loaded;
}

net::ServerLimits limits_of(const config::Host& host)
{
    const auto possible = host::connections_for(host::raise_file_limit());
    return {.max_connections = host.max_connections ? host.max_connections : possible,
            .max_connections_per_peer = host.max_connections_per_peer,
            .grace = host.grace};
}

std::string_view with_tls(net::Encryption encryption)
{
    switch (encryption) {
    case net::Encryption::none: return "";
    case net::Encryption::starttls: return ", with STARTTLS";
    case net::Encryption::implicit: return ", over TLS";
    }
    return "";
}

/// Opens every [[port]]; says what is open and what is not. Ends the start if nothing is, or if
/// anything is not and all are required.
void open_ports(net::Server& server, const config::Config& config,
                const std::vector<std::unique_ptr<net::Service>>& services, const net::Tls* tls,
                net::Log& log)
{
    using Result = std::expected<net::Endpoint, net::ClaimError>;
    std::size_t open = 0;
    std::size_t failed = 0;
    for (std::size_t index = 0; index < config.ports.size(); ++index) {
        const auto& port = config.ports[index];
        std::vector<asio::ip::address> addresses;
        for (const auto& address : port.bind) addresses.push_back(asio::ip::make_address(address));
        const net::Owner owner{std::string{port.service()}, config.origin(port.line)};
        const auto encryption = host::encryption_of(port.tls);
        const auto results =
            server.listen(addresses, port.port, owner, *services[index], {encryption, tls});
        const bool any = std::ranges::any_of(results, &Result::has_value);
        for (const auto& bound : results) {
            // A machine without IPv6 serves the default configuration all the same.
            const bool absent =
                any && !bound && bound.error().kind == net::ClaimFailure::no_such_address;
            if (bound)
                log.write(net::Level::info,
                          fmt::format("listening on tcp {} for {}{}", net::to_string(*bound),
                                      owner.service, with_tls(encryption)));
            else
                log.write(absent ? net::Level::warn : net::Level::error,
                          fmt::format("cannot listen for {} ({}): {}", owner.service, owner.origin,
                                      bound.error().why));
            open += bound.has_value();
            failed += !bound && !absent;
        }
    }
    if (open == 0) give_up("no port could be opened");
    if (failed != 0 && config.host.require_all_ports)
        give_up(fmt::format("{} ports could not be opened, and [host] require_all_ports is on",
                            failed));
}

/// Null: none is wanted.
http::AccessLog* open_access_log(http::AccessLogs& logs, const config::HttpConnection& options)
{
    if (options.access_log.empty()) return nullptr;
    const auto log = logs.open(options.access_log, options.access_log_format,
                               static_cast<std::size_t>(options.access_log_buffer));
    if (!log) give_up(fmt::format("access_log {}: {}", options.access_log.string(), log.error()));
    return *log;
}

/// Libraries that start containers wait for this line, whatever the log's format and file.
void say_accessible(const config::Config& config, const net::Registry& registry)
{
    auto place = mailpit::console_of(config);
    if (!place || config.log.level > config::Log::Level::info) return;
    const auto ports = registry.ports();
    const auto bound = std::ranges::find_if(ports, [](const net::PortStatus& port) {
        return port.service == config::Console::service && port.state == net::PortState::bound;
    });
    if (bound == ports.end()) return;
    place->port = bound->endpoint.port;
    fmt::print("{}", mailpit::accessible_line(*place));
    std::fflush(stdout);
}

void warn_if_open(const config::Config& config, net::Log& log)
{
    const bool any_login = config.auth.mode == config::Auth::Mode::any;
    if (config.file.empty())
        log.write(net::Level::warn, "no configuration: a sandbox for this machine only, which "
                                    "takes any recipient and any login");
    else if (any_login && !config.loopback_only())
        log.write(net::Level::warn, "[auth] mode is \"any\" and ports are open to other machines: "
                                    "whoever reaches them can read and remove all mail");
}

/// Nothing: no port shows the mail.
std::unique_ptr<catalog::DiskCatalog> open_catalog(const config::Config& config, mail::Store& store,
                                                   net::Pool& pool, net::Log& log)
{
    for (const auto& port : config.ports)
        if (const auto* console = std::get_if<config::Console>(&port.options)) {
            const catalog::Settings settings{.host_name = config.host.name,
                                             .search_text =
                                                 static_cast<std::size_t>(console->search_text)};
            return std::make_unique<catalog::DiskCatalog>(config.host.data / "catalog", settings,
                                                          store, pool, log);
        }
    return nullptr;
}

accounts::Directory directory_of(const config::Config& config)
{
    return {config.host.name, config.mail.accept, config.auth.mode, config.accounts};
}

int serve(const config::Loaded& loaded, bool trace, bool as_mailpit)
{
    const auto& config = loaded.config;
    auto opened_log = log::open_log(config.log);
    if (!opened_log) give_up(opened_log.error());
    auto& log = **opened_log;
    for (const auto& warning : loaded.warnings)
        log.write(net::Level::warn, config::to_string(warning));

    auto data = host::DataDirectory::lock(config.host.data);
    if (!data) give_up(data.error());
    const auto limits = limits_of(config.host);

    auto certificates = host::open_certificates(config);
    if (!certificates) give_up(certificates.error());

    // What a coroutine refers to stands before the reactor that runs it.
    net::Pool pool{pool_threads};
    auto store = mail::open_sqlite_store(config.host.data, config.mail, pool, log);
    if (!store) give_up(store.error());
    auto catalog = open_catalog(config, **store, pool, log);
    const auto directory = directory_of(config);
    accounts::Authenticator authenticator{accounts::policy_of(config), config.accounts, directory,
                                          pool};
    http::AccessLogs access_logs{log};
    const auto transcript = trace ? log::make_transcript(stdout) : nullptr;

    net::Reactor reactor{config.host.threads};
    net::Registry registry{reactor};

    struct Make { // one line a service
        std::unique_ptr<net::Service> operator()(const config::Http& options) const
        {
            auto* access_log = open_access_log(access_logs, options);
            if (port.site.empty())
                return std::make_unique<http::Service>(options, config.host.name, authority,
                                                       registry, pool, transcript, config.sites,
                                                       access_log);
            // The one site of this port, whatever Host says.
            auto only = options;
            const auto number = http::Sites{config.sites}.named(port.site);
            static_cast<config::Site&>(only) = config.sites.at(number - 1);
            const std::vector<config::Site> no_others;
            return std::make_unique<http::Service>(only, config.host.name, authority, registry,
                                                   pool, transcript, no_others, access_log);
        }
        std::unique_ptr<net::Service> operator()(const config::Smtp& options) const
        {
            return std::make_unique<smtp::Service>(
                smtp::Settings{.options = options,
                               .require_tls = port.require_tls,
                               .failures_per_session = config.auth.failures_per_session,
                               .host_name = config.host.name,
                               .max_message_size = config.mail.max_message_size},
                store, directory, authenticator, transcript);
        }
        std::unique_ptr<net::Service> operator()(const config::Pop3& options) const
        {
            const pop3::LoginRules rules{port.require_tls, config.auth.failures_per_session};
            return std::make_unique<pop3::Service>(options, rules, config.host.name, store,
                                                   authenticator, transcript);
        }
        std::unique_ptr<net::Service> operator()(const config::Inspect& options) const
        {
            return std::make_unique<inspect::Service>(options, config.host.name, registry.loops(),
                                                      transcript,
                                                      open_access_log(access_logs, options));
        }
        std::unique_ptr<net::Service> operator()(const config::Console& options) const
        {
            const console::Mail mail{store, *catalog, directory, config.mail.max_message_size};
            return std::make_unique<console::Service>(options, config.host.name, registry, mail,
                                                      pool, transcript,
                                                      open_access_log(access_logs, options));
        }
        const config::Config& config;
        const config::Port& port;
        const std::string& authority;
        net::Registry& registry;
        net::Pool& pool;
        mail::Store& store;
        catalog::Catalog* catalog; // null without a console
        const accounts::Directory& directory;
        accounts::Authenticator& authenticator;
        net::Transcript* transcript;
        http::AccessLogs& access_logs;
    };
    std::vector<std::unique_ptr<net::Service>> services;
    for (const auto& port : config.ports) {
        const Make make{config,           port,       certificates->authority,
                        registry,         pool,       **store,
                        catalog.get(),    directory,  authenticator,
                        transcript.get(), access_logs};
        services.push_back(std::visit(make, port.options));
    }
    control::Service control{config.host.name, config.mail.max_message_size, registry, **store,
                             directory};

    net::Server server{reactor, registry, limits, log};
    warn_if_open(config, log);
    open_ports(server, config, services, certificates->tls.get(), log);
    std::optional<host::CertificateWatch> watch;
    if (certificates->tls) {
        watch.emplace(*certificates->tls, log);
        server.on_hangup([&watch] { watch->read_again(); });
    }
    const auto socket = control::socket_path(config.host.data);
    if (auto local = server.listen_local(socket.string(), control); !local)
        give_up(fmt::format("control socket {}: {}", socket.string(), local.error().message()));
    std::optional<host::PortFile> port_file;
    if (!config.host.port_file.empty()) {
        auto written = host::PortFile::write(config.host.port_file, registry.ports());
        if (!written) give_up(written.error());
        port_file.emplace(std::move(*written));
    }
    log.write(
        net::Level::info,
        fmt::format("portico {} is ready: host {}, {} loops, up to {} connections, data in {}",
                    PORTICO_VERSION, config.host.name, reactor.size(), limits.max_connections,
                    config.host.data.string()));
    if (as_mailpit) say_accessible(config, registry);
    const int code = server.run();
    // Every talk is over, but a thread that ended one may still be on its way out of the loop it
    // came back to: these threads end before the reactor does.
    if (catalog) catalog->stop();
    pool.join();
    services.clear(); // those that watch go before what they watch
    catalog.reset();
    store->reset();
    log.write(net::Level::info, "stopped");
    return code;
}

int check(const Source& source)
{
    const auto loaded = read_configuration(source);
    for (const auto& warning : loaded.warnings)
        fmt::print("warning: {}\n", config::to_string(warning));
    // The test authority is left for the start to make: a check changes nothing.
    if (!loaded.config.certificates.empty())
        if (const auto opened = host::open_certificates(loaded.config); !opened)
            give_up(opened.error());
    fmt::print("{}: no problems\n", loaded.config.file.empty() ? "the default configuration"
                                                               : loaded.config.file.string());
    return 0;
}

int ca(const config::Config& config)
{
    if (!config.certificates.empty())
        give_up(fmt::format("{}: with a [[certificate]] there is no test authority",
                            config.origin(config.certificates.front().line)));
    const auto authority = host::Authority::open(config.host.data, config.host.name);
    if (!authority) give_up(authority.error());
    fmt::print("{}", authority->certificate());
    return 0;
}

/// Reads a line from the terminal without showing it.
std::string read_password()
{
    termios shown{};
    const bool terminal = ::tcgetattr(STDIN_FILENO, &shown) == 0;
    if (terminal) {
        fmt::print(stderr, "Password: ");
        auto hidden = shown;
        hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    std::string password;
    std::getline(std::cin, password);
    if (terminal) {
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
        fmt::print(stderr, "\n");
    }
    return password;
}

int passwd()
{
    const auto password = read_password();
    if (password.empty()) give_up("an empty password protects nothing");
    fmt::print("{}\n", accounts::hash_password(password));
    return 0;
}

int import_mail(const config::Config& config, const std::string& mailbox,
                const std::vector<std::filesystem::path>& paths)
{
    const auto log = log::open_log(config.log);
    if (!log) give_up(log.error());
    return store::import_mail(config, directory_of(config), **log, mailbox, paths);
}

struct Readiness {
    std::string listen; // "": as configured
    bool https = false;
    bool wait = false;
    std::string timeout = "30s";
};

/// Where there is no console to ask, the running server says it itself.
int readyz(const config::Config& config, const Readiness& options)
{
    const auto timeout = config::parse_duration(options.timeout);
    if (!timeout) give_up(fmt::format("--timeout {} is not a time", options.timeout));
    auto place = mailpit::console_of(config);
    if (!options.listen.empty()) {
        const auto listen = mailpit::parse_listen(options.listen);
        if (!listen) give_up(fmt::format("--listen {} is no address and port", options.listen));
        if (!place) place.emplace();
        place->address = mailpit::address_of(*listen);
        place->port = listen->port;
    }
    if (!place || place->port == 0) return control::health(config.host.data);
    place->tls = place->tls || options.https;
    return mailpit::readyz(*place, options.wait, *timeout);
}

void add_flags_of_mailpit(CLI::App& app, mailpit::Values& values)
{
    for (const auto& variable : mailpit::variables()) {
        if (variable.flags.empty()) continue;
        const std::string flags{variable.flags};
        auto& value = values[std::string{variable.name}];
        const auto help = fmt::format("as {} in the environment", variable.name);
        auto* added = variable.kind == mailpit::Variable::Kind::boolean
                          ? app.add_flag(flags, value, help)
                          : app.add_option(flags, value, help)->type_name("TEXT");
        added->group("As Mailpit has them");
    }
}

int run(int argc, char** argv)
{
    CLI::App app{
        "One process that is a whole host: HTTP, SMTP, POP3. Without a command it serves."};
    app.set_version_flag("--version", std::string{"portico "} + PORTICO_VERSION);
    app.require_subcommand(0, 1);

    Source source{{}, mailpit::is_called(argv[0]), {}};
    bool trace = false;
    app.add_option("--config", source.file,
                   "configuration in TOML; without it a sandbox on loopback")
        ->type_name("FILE");
    if (source.as_mailpit) add_flags_of_mailpit(app, source.flags);
    app.add_flag("--trace", trace, "print every conversation on standard output");

    bool json = false;
    int code = 0;
    auto data = [&] { return read_configuration(source).config.host.data; };
    auto command = [&](CLI::App& parent, const char* name, const char* help) {
        auto* added = parent.add_subcommand(name, help);
        added->fallthrough(); // --config may stand behind the command too
        return added;
    };
    auto with_json = [&](CLI::App* added) {
        added->add_flag("--json", json, "as JSON, for programs");
        return added;
    };

    command(app, "check", "read the configuration and report every problem")->callback([&] {
        code = check(source);
    });
    with_json(command(app, "ports", "who owns which port, in the running server"))->callback([&] {
        code = control::ports(data(), json);
    });
    with_json(command(app, "connections", "every live connection, by 5-tuple"))->callback([&] {
        code = control::connections(data(), json);
    });
    command(app, "health", "exit code 0 if the server runs with every port bound")->callback([&] {
        code = control::health(data());
    });
    Readiness readiness;
    auto* ready = command(app, "readyz", "exit code 0 if the console answers that it is ready");
    ready->add_option("-l,--listen", readiness.listen, "ask there; else as configured")
        ->type_name("ADDRESS:PORT");
    ready->add_flag("--https", readiness.https, "over TLS, with any certificate");
    ready->add_flag("--wait", readiness.wait, "until it is, within the timeout");
    ready->add_option("--timeout", readiness.timeout, "such as \"30s\"")->type_name("TIME");
    ready->callback([&] { code = readyz(read_configuration(source).config, readiness); });
    command(app, "version", "whose API this answers, and what it is")->callback([] {
        fmt::print("mailpit {}, as portico {} answers it\n", mailpit::version, PORTICO_VERSION);
    });
    command(app, "ca", "print the test authority's certificate, for clients to trust")
        ->callback([&] { code = ca(read_configuration(source).config); });
    command(app, "passwd", "hash a password for [[account]] password")->callback([&] {
        code = passwd();
    });

    auto* mail = command(app, "mail", "look into the mail store of the running server");
    mail->require_subcommand(1);
    std::string mailbox;
    std::string id;
    std::vector<std::string> ids;
    auto* ls = with_json(command(*mail, "ls", "list messages, newest first"));
    ls->add_option("MAILBOX", mailbox, "of this mailbox only");
    ls->callback([&] { code = control::mail_ls(data(), mailbox, json); });
    with_json(command(*mail, "status", "what is stored, and what the store has done"))
        ->callback([&] { code = control::mail_status(data(), json); });
    auto* cat = command(*mail, "cat", "print a message as it is stored");
    cat->add_option("ID", id)->required();
    cat->callback([&] { code = control::mail_cat(data(), id); });
    auto* rm = command(*mail, "rm", "remove messages from all mailboxes");
    rm->add_option("ID", ids)->required();
    rm->callback([&] { code = control::mail_rm(data(), ids); });

    auto* store = command(app, "store", "check, back up, export or import the mail store");
    store->require_subcommand(1);
    std::filesystem::path path;
    std::vector<std::filesystem::path> paths;
    auto format = store::Format::mbox;
    command(*store, "check", "verify every message; exit code 1 if anything is wrong")
        ->callback([&] { code = store::check(data()); });
    auto* backup = command(*store, "backup", "copy the store, while it is in use, to a tar file");
    backup->add_option("FILE", path, "extract it into the data folder to restore it")->required();
    backup->callback([&] { code = store::backup(data(), path); });
    auto* out = command(*store, "export", "write mail to files: NAME.mbox, or NAME/ID.eml");
    out->add_option("--mailbox", mailbox, "this one only")->type_name("NAME");
    const std::map<std::string, store::Format> formats{{"mbox", store::Format::mbox},
                                                       {"eml", store::Format::eml}};
    out->add_option("--format", format, "a file for each mailbox (mbox) or for each message (eml)")
        ->transform(CLI::CheckedTransformer(formats))
        ->option_text("mbox|eml");
    out->add_option("PATH", path, "the folder to put them in")->required();
    out->callback([&] {
        const auto config = read_configuration(source).config;
        code = store::export_mail(config.host.data, directory_of(config), mailbox, format, path);
    });
    auto* in = command(*store, "import", "add the mail in files, unless it is there already");
    in->add_option("--mailbox", mailbox, "into this one; without it, as the files are named")
        ->type_name("NAME");
    in->add_option("PATH", paths, "mbox and .eml files, and folders of them")->required();
    in->callback([&] { code = import_mail(read_configuration(source).config, mailbox, paths); });

    std::string from;
    std::vector<std::string> to;
    auto* send = command(app, "send", "deliver a message from standard input");
    send->add_option("--from", from, "reverse path; without it the null one")->type_name("ADDRESS");
    send->add_option("TO", to, "recipients")->required();
    send->callback([&] { code = control::send(data(), from, to); });

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    return app.get_subcommands().empty()
               ? serve(read_configuration(source), trace, source.as_mailpit)
               : code;
}

} // namespace

int main(int argc, char** argv)
{
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        fmt::print(stderr, "portico: {}\n", error.what());
        return EXIT_FAILURE;
    }
}
