#include "services/store/commands.hpp"

#include "services/control/client.hpp"
#include "services/control/table.hpp"
#include "services/host/data_directory.hpp"
#include "services/mail/check.hpp"
#include "services/store/backup.hpp"
#include "services/store/importing.hpp"
#include "services/store/local_store.hpp"

#include <fmt/core.h>

#include <utility>

namespace portico::store {

namespace fs = std::filesystem;

namespace {

using control::to_size;

/// "1 message", "2,345 messages"
std::string count(std::uint64_t number, std::string_view one, std::string_view more)
{
    return fmt::format("{} {}", with_commas(number), number == 1 ? one : more);
}

std::string messages(std::uint64_t number)
{
    return count(number, "message", "messages");
}

int fail(const Interruption& interruption, const std::string& why)
{
    fmt::print(stderr, "portico: {}\n", why);
    return interruption.asked() ? 130 : 1;
}

/// Reads the spool for Client::ask, which sends what it gives.
control::Pieces pieces_of(Spool& spool, Result<>& outcome)
{
    return [&]() -> std::string_view {
        const auto bytes = spool.next();
        if (bytes) return *bytes;
        outcome = std::unexpected(bytes.error());
        return {};
    };
}

Deliver through_server(const fs::path& data)
{
    return [data](const mail::Envelope& envelope, Spool& spool) -> Result<> {
        auto client = control::Client::connect(data);
        if (!client) return std::unexpected(std::move(client.error()));
        const auto received = std::chrono::floor<std::chrono::milliseconds>(*envelope.received);
        Result<> read;
        auto answer = client->ask({{"command", "store import"},
                                   {"from", envelope.reverse_path},
                                   {"mailbox", envelope.recipients.front().mailbox},
                                   {"received", received.time_since_epoch().count()},
                                   {"size", spool.size()}},
                                  pieces_of(spool, read));
        if (!read) return read;
        if (!answer) return std::unexpected(std::move(answer.error()));
        return {};
    };
}

/// The mailbox that `name` leads to, as a login would.
Result<std::string> mailbox_named(const accounts::Directory& directory, const std::string& name)
{
    if (auto mailbox = directory.mailbox_named(name)) return std::move(*mailbox);
    return std::unexpected(fmt::format("there is no mailbox \"{}\"", name));
}

Result<> name_mailboxes(std::vector<MailFile>& files, const accounts::Directory& directory,
                        const std::string& mailbox)
{
    for (auto& file : files) {
        const auto name = mailbox.empty() ? file.mailbox : mailbox;
        if (name.empty())
            return std::unexpected(
                fmt::format("{}: its name does not tell which mailbox it is for; "
                            "say --mailbox NAME",
                            file.path.string()));
        auto found = mailbox_named(directory, name);
        if (!found && mailbox.empty())
            return std::unexpected(
                fmt::format("{}: {}; say --mailbox NAME", file.path.string(), found.error()));
        if (!found) return std::unexpected(std::move(found.error()));
        file.mailbox = std::move(*found);
    }
    return {};
}

} // namespace

int check(const fs::path& data)
{
    const Interruption interruption;
    const auto summary = [&] {
        Meter meter{"Checking"};
        const mail::CheckTools tools{
            .server_since = [&] { return host::DataDirectory::taken_since(data); },
            .report =
                [&](const std::string& finding) {
                    meter.clear();
                    fmt::print("{}\n", finding);
                },
            .progress =
                [&](std::uint64_t done, std::uint64_t total, std::uint64_t number) {
                    meter.show(done, total, number);
                    return !interruption.asked();
                }};
        return mail::check(data, tools);
    }();
    if (!summary) return fail(interruption, summary.error());
    fmt::print("{}: {}, {}, {} in {}, {} in bodies/\n", data.string(),
               summary->findings == 0 ? "sound" : count(summary->findings, "finding", "findings"),
               messages(summary->messages), to_size(summary->bytes),
               count(summary->mailboxes, "mailbox", "mailboxes"),
               count(summary->files, "file", "files"));
    if (summary->unhashed > 0)
        fmt::print("{} from before there were checksums: of these only the size was compared\n",
                   messages(summary->unhashed));
    if (summary->arriving > 0)
        fmt::print("{} in bodies/ of messages that were arriving, or had just been removed\n",
                   count(summary->arriving, "file", "files"));
    return summary->findings == 0 ? 0 : 1;
}

int backup(const fs::path& data, const fs::path& file)
{
    const Interruption interruption;
    const auto summary = [&] {
        Meter meter{"Copying mail.db", ""};
        return back_up(data, file, meter, interruption);
    }();
    if (!summary) return fail(interruption, summary.error());
    fmt::print("{}: {}, {}\n", file.string(), messages(summary->messages), to_size(summary->bytes));
    if (summary->missing == 0) return 0;
    return fail(interruption,
                fmt::format("{} left out; portico store check says more",
                            count(summary->missing, "damaged body is", "damaged bodies are")));
}

int export_mail(const fs::path& data, const accounts::Directory& directory,
                const std::string& mailbox, Format format, const fs::path& folder)
{
    const Interruption interruption;
    std::string name;
    if (!mailbox.empty()) {
        auto found = mailbox_named(directory, mailbox);
        if (!found) return fail(interruption, found.error());
        name = std::move(*found);
    }
    const auto summary = [&] {
        Meter meter{"Exporting"};
        return export_mail(data, name, format, folder, meter, interruption);
    }();
    if (!summary) return fail(interruption, summary.error());
    fmt::print("{}: {} of {}, {} written, {} unchanged\n", folder.string(),
               messages(summary->messages), count(summary->mailboxes, "mailbox", "mailboxes"),
               count(summary->written, "file", "files"), with_commas(summary->unchanged));
    if (summary->damaged == 0) return 0;
    return fail(interruption,
                fmt::format("{} left out; portico store check says more",
                            count(summary->damaged, "damaged message is", "damaged messages are")));
}

int import_mail(const config::Config& config, const accounts::Directory& directory, net::Log& log,
                const std::string& mailbox, const std::vector<fs::path>& paths)
{
    const Interruption interruption;
    auto files = find_mail_files(paths);
    if (!files) return fail(interruption, files.error());
    if (auto named = name_mailboxes(*files, directory, mailbox); !named)
        return fail(interruption, named.error());

    // One process writes to a store: the server if it runs, else this one.
    std::unique_ptr<LocalStore> local;
    auto deliver = through_server(config.host.data);
    if (auto server = control::Client::connect(config.host.data); !server) {
        auto opened = LocalStore::open(config, log);
        if (!opened) return fail(interruption, opened.error());
        local = std::move(*opened);
        deliver = [&local](const mail::Envelope& envelope, Spool& spool) {
            return local->deliver(envelope, spool);
        };
    }
    ImportSummary summary;
    const auto done = [&] {
        Meter meter{"Importing"};
        return import_mail(config.host.data, *files, deliver, summary, meter, interruption);
    }();
    fmt::print("{}: {} added, {} there already\n", count(summary.files, "file", "files"),
               messages(summary.added), with_commas(summary.known));
    if (done) return 0;
    return fail(interruption, fmt::format("{}; the same command goes on from there", done.error()));
}

} // namespace portico::store
