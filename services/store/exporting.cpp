#include "services/store/exporting.hpp"

#include "services/mail/archive.hpp"
#include "services/store/mbox.hpp"
#include "services/store/spool.hpp"
#include "services/store/wire_form.hpp"

#include <fmt/core.h>

#include <fcntl.h>
#include <unistd.h>

namespace portico::store {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t batch = 256;

std::chrono::system_clock::time_point received(const mail::ArchivedMessage& message)
{
    return std::chrono::system_clock::time_point{std::chrono::milliseconds{message.received}};
}

class Export {
public:
    Export(mail::Archive archive, fs::path folder, Format format, Meter& meter,
           const Interruption& interruption)
        : archive_{std::move(archive)}, folder_{std::move(folder)}, format_{format}, meter_{meter},
          interruption_{interruption}
    {
    }

    Result<ExportSummary> run(const std::string& only);

private:
    Result<> export_mailbox(const mail::ArchivedMailbox& mailbox);
    template <class Take>
    Result<> each_message(const mail::ArchivedMailbox& mailbox, Take take);
    Result<bool> fetch(const mail::ArchivedMessage& message);
    Result<> add_to_mbox(NewFile& file, const mail::ArchivedMessage& message);
    Result<> write_eml(const fs::path& folder, const mail::ArchivedMessage& message);
    Result<> keep(NewFile file);
    Result<> sync();

    mail::Archive archive_;
    fs::path folder_;
    Format format_;
    Meter& meter_;
    const Interruption& interruption_;
    Spool spool_; // the message that is worked on
    ExportSummary summary_;
    std::uint64_t done_ = 0;
    std::uint64_t total_ = 0;
};

Result<ExportSummary> Export::run(const std::string& only)
{
    auto mailboxes = archive_.mailboxes();
    if (!mailboxes) return std::unexpected(std::move(mailboxes.error()));
    if (!only.empty()) {
        std::erase_if(*mailboxes, [&](const auto& mailbox) { return mailbox.name != only; });
        if (mailboxes->empty()) return std::unexpected(fmt::format("mailbox {} has no mail", only));
    }
    for (const auto& mailbox : *mailboxes) total_ += mailbox.bytes;
    if (auto created = mail::create_folder(folder_); !created)
        return std::unexpected(std::move(created.error().what));
    for (const auto& mailbox : *mailboxes) {
        auto done = export_mailbox(mailbox);
        if (interruption_.asked()) return std::unexpected(std::string{"interrupted"});
        if (!done) return std::unexpected(std::move(done.error()));
        ++summary_.mailboxes;
    }
    if (auto done = sync(); !done) return std::unexpected(std::move(done.error()));
    return summary_;
}

Result<> Export::export_mailbox(const mail::ArchivedMailbox& mailbox)
{
    const auto name = file_name_of(mailbox.name);
    if (format_ == Format::eml) {
        const auto folder = folder_ / name;
        if (auto created = mail::create_folder(folder); !created)
            return std::unexpected(std::move(created.error().what));
        return each_message(mailbox,
                            [&](const auto& message) { return write_eml(folder, message); });
    }
    auto file = NewFile::create(folder_ / (name + ".mbox"));
    if (!file) return std::unexpected(std::move(file.error()));
    auto done =
        each_message(mailbox, [&](const auto& message) { return add_to_mbox(*file, message); });
    if (!done || interruption_.asked()) return done;
    return keep(std::move(*file));
}

template <class Take>
Result<> Export::each_message(const mail::ArchivedMailbox& mailbox, Take take)
{
    for (std::int64_t last = INT64_MIN;;) {
        auto messages = archive_.messages(mailbox.id, last, batch);
        if (!messages) return std::unexpected(std::move(messages.error()));
        if (messages->empty()) return {};
        for (const auto& message : *messages) {
            if (interruption_.asked()) return {};
            last = message.key;
            auto there = fetch(message);
            if (!there) {
                ++summary_.damaged;
                meter_.say(there.error());
            } else if (*there) { // else it was removed meanwhile
                if (auto done = take(message); !done) return done;
                ++summary_.messages;
            }
            done_ += message.size;
            meter_.show(done_, total_, summary_.messages);
        }
    }
}

Result<bool> Export::fetch(const mail::ArchivedMessage& message)
{
    spool_.clear();
    Result<> kept;
    auto read = archive_.read(message, [&](std::string_view bytes) { kept = spool_.add(bytes); });
    if (read && *read && !kept) return std::unexpected(std::move(kept.error()));
    return read;
}

Result<> Export::add_to_mbox(NewFile& file, const mail::ArchivedMessage& message)
{
    LineCheck lines;
    auto bytes = spool_.next();
    for (; bytes && !bytes->empty(); bytes = spool_.next()) lines.add(*bytes);
    const FromLine line{message.reverse_path, received(message), !lines.holds()};
    auto text = to_line(line);
    MboxQuoting quoting{line.verbatim};
    spool_.rewind();
    for (bytes = spool_.next(); bytes && !bytes->empty(); bytes = spool_.next()) {
        quoting.add(*bytes, text);
        if (auto done = file.write(text); !done) return done;
        text.clear();
    }
    if (!bytes) return std::unexpected(std::move(bytes.error()));
    quoting.end(text);
    return file.write(text);
}

Result<> Export::write_eml(const fs::path& folder, const mail::ArchivedMessage& message)
{
    auto file = NewFile::create(folder / (message.id + ".eml"));
    if (!file) return std::unexpected(std::move(file.error()));
    auto bytes = spool_.next();
    for (; bytes && !bytes->empty(); bytes = spool_.next())
        if (auto done = file->write(*bytes); !done) return done;
    if (!bytes) return std::unexpected(std::move(bytes.error()));
    if (auto done = file->set_time(received(message)); !done) return done;
    return keep(std::move(*file));
}

Result<> Export::keep(NewFile file)
{
    auto same = file.is_there_already();
    if (!same) return std::unexpected(std::move(same.error()));
    ++(*same ? summary_.unchanged : summary_.written);
    return *same ? Result<>{} : file.keep();
}

// Once for all files: a sync for each would take longer than all the rest.
Result<> Export::sync()
{
    const net::FileDescriptor folder{::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!folder || ::syncfs(folder.get()) != 0) return system_error(folder_);
    return {};
}

} // namespace

Result<ExportSummary> export_mail(const fs::path& data, const std::string& mailbox, Format format,
                                  const fs::path& folder, Meter& meter,
                                  const Interruption& interruption)
{
    auto archive = mail::Archive::open(data);
    if (!archive) return std::unexpected(std::move(archive.error()));
    return Export{std::move(*archive), folder, format, meter, interruption}.run(mailbox);
}

} // namespace portico::store
